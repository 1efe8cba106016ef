/** Examines the computer that an appliance runs on, or is to: gathers what there is to know, and judges it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { interfaceAddresses } from '../boots/interface-addresses.ts';
import { probe } from '../boots/other-servers/index.ts';
import type { ApplianceFacts, Facts, OtherServersFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { gatherBoot, gatherClock, gatherData } from './gather-files.ts';
import { gatherContainer, gatherFirewall, gatherInterfaces, gatherNetwork, gatherPorts } from './gather-network.ts';
import { judge } from './judge/index.ts';

export type { ApplianceFacts } from './facts.ts';
export { type Finding, worstOf } from './finding.ts';

export interface Examination {
  /** Data directory, as the appliance has it or would have it. */
  data: string;
  /** Directory of the OSIE; undefined: beside the executable. */
  osie: string | undefined;
  /** What the appliance tells of itself; undefined: none answers. */
  appliance: Omit<ApplianceFacts, 'isHere'> | undefined;
  /** Why it told nothing, where one is there. */
  refused: string | undefined;
  signal: AbortSignal;
}

/** Changes nothing. Takes some seconds, in which other DHCP servers are listened for. */
export async function examine({ data, osie, appliance: told, refused, signal }: Examination): Promise<Finding[]> {
  const runs = runsIn(data);
  const appliance = told && { ...told, isHere: runs && isHere(told.url) };
  const links = await gatherInterfaces();
  const bound = appliance?.isHere ? boundInterfaces(appliance.status.roles) : [];
  const interfaces = bound.length === 0 ? links : links.map((link) => ({ ...link, served: bound.includes(link.name) }));
  const served = interfaces.filter((each) => each.served).map(({ name }) => name);
  const facts: Facts = {
    isRoot: process.getuid?.() === 0,
    appliance,
    applianceRefused: refused,
    ports: await gatherPorts(served, runs),
    interfaces,
    otherServers: await otherServers(appliance, served, signal),
    firewall: await gatherFirewall(),
    network: gatherNetwork(served),
    container: gatherContainer(interfaces),
    data: await gatherData(data),
    clock: gatherClock(),
    boot: await gatherBoot(osie ?? join(dirname(process.execPath), 'osie')),
  };
  return judge(facts);
}

/** Whether the appliance that has claimed a data directory lives. */
function runsIn(data: string): boolean {
  try {
    return process.kill(Number(readFileSync(join(data, 'pid'), 'utf8').split(' ')[0]), 0);
  } catch {
    return false;
  }
}

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname.startsWith('127.') ||
    interfaceAddresses().some(({ address }) => address === hostname)
  );
}

/** `10.0.0.1:67 (eth0)`, `10.0.0.1:67 (eth0, addresses from …)` */
function boundInterfaces(roles: ApplianceFacts['status']['roles']): string[] {
  return [...new Set(roles.flatMap(({ bound }) => bound.flatMap((each) => /\(([^),]+)/.exec(each)?.[1] ?? [])))];
}

async function otherServers(
  appliance: ApplianceFacts | undefined,
  served: readonly string[],
  signal: AbortSignal,
): Promise<OtherServersFacts> {
  const known = appliance?.isHere ? appliance.status.otherServers : undefined;
  if (known) return { asked: [], unasked: [], servers: known };
  const isOwn = (address: string): boolean => interfaceAddresses().some((own) => own.address === address);
  const { looked, servers } = await probe({ interfaces: served, isOwn, signal });
  const asked = looked.flatMap((each) => (each.outcome === 'asked' ? each.interface : []));
  // That nothing is plugged in is said of the interface.
  const unasked = looked.flatMap((each) => (each.outcome === 'failed' ? each.why.replace(/\.$/, '') : []));
  return { asked, unasked, servers };
}
