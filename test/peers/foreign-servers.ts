/** DHCP servers that we did not write, in a namespace of a test. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { TestNetwork } from './dhcp-network.ts';

/** Packages of their programs, for `needTools`. */
export const SERVER_PACKAGES = {
  dnsmasq: 'dnsmasq-base',
  dhcpd: 'isc-dhcp-server',
  'kea-dhcp4': 'kea-dhcp4-server',
} as const;
export type ForeignServer = keyof typeof SERVER_PACKAGES;

/** Where Debian has them: npm's package `dhcp` has a program dhcpd too, which a shell would find first. */
const programOf = (server: ForeignServer): string => `/usr/sbin/${server}`;

const PATIENCE_MS = 60_000;
/** What each says, once it answers. */
export const READY: Record<ForeignServer, RegExp> = {
  dnsmasq: /DHCP, (IP range|proxy)/,
  dhcpd: /Server starting service/,
  'kea-dhcp4': /DHCP4_STARTED/,
};

let count = 0;

/** Starts one with a configuration, until the test ends. @returns how it is stopped before, and all that it said. */
export async function foreignServer(
  t: TestContext,
  network: TestNetwork,
  namespace: string,
  device: string,
  server: ForeignServer,
  configuration: string,
): Promise<{ said: string[]; stop(): Promise<void> }> {
  const folder = join(network.directory, `${server}-${++count}`);
  mkdirSync(folder);
  const file = join(folder, 'configuration');
  writeFileSync(file, configuration);
  const leases = join(folder, 'leases');
  writeFileSync(leases, '');
  const child = spawn(...network.inside(namespace, 'env', ...commandOf(server, { file, leases, folder, device })), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill();
    await ended;
  };
  t.after(stop);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${server} ${why}:\n${said.join('\n')}`));
    setTimeout(() => fail('did not start in time'), PATIENCE_MS).unref();
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (READY[server].test(line)) resolve();
      });
    void ended.then(() => fail('ended'));
  });
  return { said, stop };
}

/** Lets a server check a configuration without starting. @throws Error with what it said, where it refuses. */
export async function check(server: ForeignServer, file: string): Promise<void> {
  const args = { dnsmasq: ['--test', '-C', file], dhcpd: ['-t', '-cf', file], 'kea-dhcp4': ['-t', file] }[server];
  await promisify(execFile)(programOf(server), args, { env: { ...process.env, KEA_LOCKFILE_DIR: 'none' } });
}

interface Files {
  file: string;
  leases: string;
  folder: string;
  device: string;
}

/** Program and parameters, for `env`. */
export function commandOf(server: ForeignServer, { file, leases, folder, device }: Files): string[] {
  switch (server) {
    case 'dnsmasq':
      return [programOf(server), '-d', '-C', file, '--user=root', `--dhcp-leasefile=${leases}`, '--pid-file'];
    case 'dhcpd':
      return [programOf(server), '-4', '-d', '-cf', file, '-lf', leases, '--no-pid', device];
    case 'kea-dhcp4':
      return [
        ...['KEA_LOCKFILE_DIR=none', `KEA_PIDFILE_DIR=${folder}`, 'KEA_LOGGER_DESTINATION=stdout'],
        ...[programOf(server), '-c', file],
      ];
  }
}
