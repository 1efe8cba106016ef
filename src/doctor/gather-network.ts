/** Ports, interfaces, firewall and container: what this computer's network is like. */
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import { servedInterfaces } from '../appliance/interfaces.ts';
import { portHolders } from '../appliance/port-holder.ts';
import { bindToInterface } from '../boots/interface-socket.ts';
import { messageOf } from '../errors.ts';
import { parseJson } from '../json.ts';
import { runProgram } from '../run-program.ts';
import type { ContainerFacts, FirewallFacts, InterfaceFacts, NetworkFacts, PortFacts } from './facts.ts';
import { readIptables } from './firewall/iptables.ts';
import { readNftables } from './firewall/nftables.ts';

const PROGRAM = {
  timeout: 5000,
  maxBuffer: 32 * 1024 * 1024,
  env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
};

type Use = Pick<PortFacts, 'port' | 'transport' | 'use' | 'needed'>;
const PORTS: readonly Use[] = [
  { port: 67, transport: 'udp', use: 'DHCP', needed: true },
  { port: 4011, transport: 'udp', use: 'ProxyDHCP', needed: true },
  { port: 69, transport: 'udp', use: 'TFTP', needed: true },
  { port: 8080, transport: 'tcp', use: 'HTTP', needed: true },
  { port: 42113, transport: 'tcp', use: 'gRPC', needed: false },
  { port: 514, transport: 'udp', use: 'syslog', needed: false },
];

/**
 * The ports of an appliance, and who has them.
 * @param runs whether an appliance runs on this computer; while one does, nothing is tried
 */
export function gatherPorts(served: readonly string[], runs: boolean): Promise<PortFacts[]> {
  return Promise.all(
    PORTS.map(async (use) => ({
      ...use,
      free: runs ? undefined : await tryPort(use, served),
      holders: portHolders(use.transport, use.port),
    })),
  );
}

/** Has a port for a moment, as the appliance would have it. */
async function tryPort({ port, transport }: Use, served: readonly string[]): Promise<PortFacts['free']> {
  try {
    if (transport === 'tcp') await listenOnce(port);
    else if (port === 67 || port === 4011)
      for (const name of served) await bindOnce({ fd: bindToInterface({ interfaceName: name, port }) });
    else await bindOnce({ port });
    return 'yes';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : code === 'EADDRINUSE' ? 'taken' : undefined;
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, () => server.close(() => resolve()));
  });
}

function bindOnce(what: { port: number } | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind(what, () => socket.close(() => resolve()));
  });
}

const shownLinks = z.array(
  z.object({
    ifname: z.string(),
    flags: z.array(z.string()),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z.array(
      z.object({
        family: z.string(),
        local: z.string().optional(),
        prefixlen: z.number(),
        dynamic: z.boolean().optional(),
      }),
    ),
  }),
);

/** The interfaces of this network namespace, as `ip` shows them. */
export async function gatherInterfaces(): Promise<InterfaceFacts[]> {
  const shown = await runProgram('ip', ['-j', '-d', 'address'], PROGRAM);
  const links = shownLinks.parse(parseJson(shown)).map(({ ifname, flags, linkinfo, addr_info }) => ({
    name: ifname,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    addresses: addr_info.flatMap(({ family, local, prefixlen, dynamic = false }) =>
      family === 'inet' && local !== undefined ? [{ address: local, prefix: prefixlen, dynamic }] : [],
    ),
    kind: linkinfo?.info_kind,
  }));
  const addressed = links.flatMap(({ name, up, addresses: [first] }) =>
    up && first ? [{ name, address: first.address, netmask: '' }] : [],
  );
  const served = new Set(servedInterfaces(addressed, []).map(({ name }) => name));
  return links.map((link) => ({ ...link, served: served.has(link.name) }));
}

/** The rules of both packet filters, as far as they are told. */
export async function gatherFirewall(): Promise<FirewallFacts> {
  const untold: string[] = [];
  const told = async (program: string, ...args: string[]): Promise<string | undefined> => {
    try {
      return await runProgram(program, args, PROGRAM);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      untold.push(
        `${program} ${isMissing ? 'is not installed' : `failed: ${messageOf(error).split('\n').at(-2) ?? ''}`}`,
      );
      return undefined;
    }
  };
  const iptables = await told('iptables-save');
  const nft = await told('nft', '-j', 'list', 'ruleset');
  const rules = nft === undefined || nft.trim() === '' ? [] : readNftables(nft, iptables !== undefined);
  if (rules === undefined) untold.push('what nft says is not understood');
  return { tables: [...(iptables === undefined ? [] : readIptables(iptables)), ...(rules ?? [])], untold };
}

export function gatherNetwork(served: readonly string[]): NetworkFacts {
  const setting = (path: string): number | undefined => {
    try {
      return Number(readFileSync(`/proc/sys/net/${path}`, 'utf8').trim());
    } catch {
      return undefined;
    }
  };
  const isOn = (value: number | undefined) => (value === undefined ? undefined : value === 1);
  const all = setting('ipv4/conf/all/rp_filter') ?? 0;
  return {
    forwards: isOn(setting('ipv4/ip_forward')),
    bridgesFiltered: isOn(setting('bridge/bridge-nf-call-iptables')),
    // The higher of the two counts (kernel documentation, ip-sysctl).
    reversePath: Object.fromEntries(
      served.map((name) => [name, Math.max(all, setting(`ipv4/conf/${name}/rp_filter`) ?? 0)]),
    ),
  };
}

export function gatherContainer(interfaces: readonly InterfaceFacts[]): ContainerFacts {
  const signs: (() => string | undefined)[] = [
    ...['/.dockerenv', '/run/.containerenv'].map((path) => () => (existsSync(path) ? path : undefined)),
    () => /(docker|kubepods|containerd|libpod|lxc)/.exec(readFileSync('/proc/1/cgroup', 'utf8'))?.[0],
  ];
  let sign: string | undefined;
  for (const look of signs) {
    try {
      sign ??= look();
    } catch {
      // It is not to be read: it says nothing.
    }
  }
  const inner = interfaces.filter(({ kind, served }) => served && kind === 'veth').map(({ name }) => name);
  return { sign, innerInterfaces: inner };
}
