import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestNetwork } from './dhcp-network.ts';

/** What a client says it was given. */
export interface Given {
  address: string | undefined;
  netmask: string | undefined;
  router: string | undefined;
  nameServers: string[];
  leaseTime: number;
  server: string | undefined;
  hostname: string | undefined;
  domain: string | undefined;
}

export type Environment = Record<string, string | undefined>;

export function readEnvironment(path: string): Environment {
  const lines = readFileSync(path, 'utf8').split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** What ISC dhclient hands to its script. */
export function givenByDhclient(env: Environment): Given {
  return {
    address: env.new_ip_address,
    netmask: env.new_subnet_mask,
    router: env.new_routers,
    nameServers: env.new_domain_name_servers?.split(' ') ?? [],
    leaseTime: Number(env.new_dhcp_lease_time),
    server: env.new_dhcp_server_identifier,
    hostname: env.new_host_name,
    domain: env.new_domain_name,
  };
}

/** What busybox udhcpc hands to its script. */
export function givenByUdhcpc(env: Environment): Given {
  return {
    address: env.ip,
    netmask: env.subnet,
    router: env.router,
    nameServers: env.dns?.split(' ') ?? [],
    leaseTime: Number(env.lease),
    server: env.serverid,
    hostname: env.hostname,
    domain: env.domain,
  };
}

/** Waits for a line on a stream of a program that goes on running; resolves with what it has said so far. */
export async function said(child: ChildProcess, fits: RegExp): Promise<string> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (fits.test(text)) resolve();
      });
    }
    child.once('close', (status) => reject(new Error(`client ended with ${status}: ${text}`)));
  });
  return text;
}

/** Runs dhclient until it is bound, then has it release the lease if `release` is set. */
export async function dhclient(
  network: TestNetwork,
  namespace: string,
  device: string,
  release = false,
): Promise<Given> {
  const file = (name: string) => join(network.directory, `dhclient-${namespace}-${device}.${name}`);
  const script = network.script(
    `dhclient-${namespace}-${device}.sh`,
    `[ "$reason" = BOUND ] && ip address replace "$new_ip_address/$new_subnet_mask" dev "$interface"
env > ${file('env')}.$reason
exit 0
`,
  );
  writeFileSync(file('conf'), 'timeout 60; initial-interval 1; backoff-cutoff 2; select-timeout 0;\n');
  writeFileSync(file('leases'), '');
  const files = ['-sf', script, '-lf', file('leases'), '-pf', file('pid'), '-cf', file('conf')];
  const child = spawn(...network.inside(namespace, 'dhclient', '-4', '-1', '-d', '-v', ...files, device));
  await said(child, /bound to/);
  const closed = once(child, 'close');
  if (release) await network.run(namespace, 'dhclient', '-4', '-r', '-v', ...files, device);
  else child.kill();
  await closed;
  network.ip(namespace, 'address', 'flush', 'dev', device);
  return givenByDhclient(readEnvironment(`${file('env')}.BOUND`));
}

/** Runs udhcpc until it is bound. */
export async function udhcpc(
  network: TestNetwork,
  namespace: string,
  device: string,
  more: readonly string[] = [],
): Promise<Given> {
  const env = join(network.directory, `udhcpc-${namespace}-${device}`);
  const script = network.script(`udhcpc-${namespace}-${device}.sh`, `env > ${env}.$1\n`);
  const options = ['-f', '-q', '-n', '-t', '30', '-T', '1', '-i', device, '-s', script];
  await network.run(namespace, 'udhcpc', ...options, '-O', 'ntpsrv', ...more);
  return givenByUdhcpc(readEnvironment(`${env}.bound`));
}

/** Runs udhcpc, has it renew its lease by unicast and then release it. */
export async function udhcpcForLong(network: TestNetwork, namespace: string, device: string): Promise<Given> {
  const env = join(network.directory, `udhcpc-${namespace}-${device}`);
  const script = network.script(
    `udhcpc-${namespace}-${device}.sh`,
    `[ "$1" = bound ] && ip address replace "$ip/$mask" dev "$interface"\nenv > ${env}.$1\necho "script: $1"\n`,
  );
  const child = spawn(
    ...network.inside(namespace, 'udhcpc', '-f', '-R', '-t', '30', '-T', '1', '-i', device, '-s', script),
  );
  const closed = once(child, 'close');
  await said(child, /script: bound/);
  child.kill('SIGUSR1');
  await said(child, /script: renew/);
  child.kill('SIGTERM');
  await closed;
  network.ip(namespace, 'address', 'flush', 'dev', device);
  return givenByUdhcpc(readEnvironment(`${env}.renew`));
}
