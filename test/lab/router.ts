/** Whoever gives the addresses beside the appliance: an address of its own on the lab's network, and DHCP on it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NETWORK } from '../../src/lab/network.ts';
import { said } from '../peers/dhcp-clients.ts';
import { commandOf, type ForeignServer, READY } from '../peers/foreign-servers.ts';

const DNSMASQ = `dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= --dhcp-leasefile=/dev/null \\
  --dhcp-authoritative --interface=router0 --bind-interfaces --dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,1h --dhcp-option=3,192.168.77.254`;

/** Plugs in a home router. It ends with the scenario, or when it is killed. */
export async function plugInRouter(): Promise<ChildProcess> {
  return plugIn(0, DNSMASQ, 'inherit');
}

/** A DHCP server that knows one machine only. */
export interface ServerOfOne {
  server: Exclude<ForeignServer, 'dnsmasq'>;
  /** From 1; the last number of its address is 254 less this. */
  number: number;
  mac: string;
  directory: string;
}

/** Plugs in a DHCP server for one machine; resolves when it answers. @returns what it has leased so far, as it keeps it */
export async function plugInServer({ server, number, mac, directory }: ServerOfOne): Promise<{ leases(): string }> {
  const folder = join(directory, server);
  mkdirSync(folder);
  const [file, leases, device] = [join(folder, 'configuration'), join(folder, 'leases'), `router${number}`];
  const range = [`192.168.77.${100 + 10 * number}`, `192.168.77.${109 + 10 * number}`] as const;
  const configuration =
    server === 'dhcpd'
      ? `subnet 192.168.77.0 netmask 255.255.255.0 { pool { range ${range.join(' ')}; deny unknown-clients; } }
         host one { hardware ethernet ${mac}; }`
      : JSON.stringify({
          Dhcp4: {
            'interfaces-config': { interfaces: [device] },
            'lease-database': { type: 'memfile', persist: true, name: leases },
            'client-classes': [{ name: 'one', test: `pkt4.mac == 0x${mac.replaceAll(':', '')}` }],
            subnet4: [{ id: 1, subnet: '192.168.77.0/24', pools: [{ pool: range.join('-'), 'client-class': 'one' }] }],
            loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout' }] }],
          },
        });
  writeFileSync(file, configuration);
  if (server === 'dhcpd') writeFileSync(leases, '');
  const child = await plugIn(number, `env ${commandOf(server, { file, leases, folder, device }).join(' ')}`, 'pipe');
  await said(child, READY[server]);
  return { leases: () => readFileSync(leases, 'utf8') };
}

/** Runs a server in a network namespace of its own, on `router0` and so on, with a cable to the lab's bridge. */
async function plugIn(number: number, server: string, output: 'inherit' | 'pipe'): Promise<ChildProcess> {
  const [cable, device] = [`cable${number}`, `router${number}`];
  const script = `read go; ip link set lo up; ip link set ${device} up
    ip address add 192.168.77.${254 - number}/24 dev ${device}; exec ${server}`;
  const router = spawn('unshare', ['--net', '--kill-child=KILL', '--fork', 'sh', '-c', script], {
    stdio: ['pipe', output, output],
  });
  execFileSync('sh', [
    '-c',
    `ip link add ${cable} type veth peer name ${device} && ip link set ${cable} master ${NETWORK.bridge} up && ip link set ${device} netns ${await namespaceOf(router)}`,
  ]);
  router.stdin?.end('go\n');
  return router;
}

/** Pid of the process that `unshare --fork` has started in the new network namespace. */
async function namespaceOf(child: ChildProcess): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    if (pid) return pid;
    await sleep(20);
  }
  throw new Error('the router did not start');
}
