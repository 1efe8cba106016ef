/** Another DHCP server of a network: what its answers to a probe say of it. Pure. */
import { printable } from '../dhcp/options.ts';
import type { Answer, Lease } from '../dhcp-client/index.ts';

/** A server that answers DHCP where we do, and is not ours. */
export interface OtherServer {
  /** Our interface, at whose other end it is. */
  interface: string;
  /** Its server identifier. */
  address: string;
  /** MAC address that its answers came from: its own, or that of the relay agent before it. */
  mac: string;
  /** What it offered for an address, if it gives any. */
  lease?: Lease | undefined;
  /** What it tells firmware to boot, by kind of firmware, if anything. */
  boots: { firmware: string; file?: string | undefined; server?: string | undefined }[];
}

/** Whether it gives addresses; else it is a ProxyDHCP server, which only says what to boot. */
export function givesAddresses(server: Pick<OtherServer, 'lease'>): boolean {
  return server.lease !== undefined;
}

/** Tells servers apart: two with one address behind two interfaces, or with two MAC addresses, are two. */
export function keyOf(server: Pick<OtherServer, 'interface' | 'address' | 'mac'>): string {
  return `${server.interface} ${server.address} ${server.mac}`;
}

/** An answer, and what was asked with. */
export interface Heard {
  interface: string;
  answer: Answer;
  /** Name of the firmware; undefined: asked as a computer that boots nothing. */
  firmware: string | undefined;
}

/** How many servers are kept of one round: who floods a network with made-up answers must not fill our memory. */
const MOST_SERVERS = 64;

/**
 * The servers behind some answers, in the order in which they were heard first.
 * @param isOwn whether a server identifier is one of ours
 */
export function serversOf(heard: readonly Heard[], isOwn: (address: string) => boolean): OtherServer[] {
  const found = new Map<string, OtherServer>();
  for (const { interface: on, answer, firmware } of heard) {
    if (answer.type !== 'OFFER' || isOwn(answer.server)) continue;
    const fresh: OtherServer = { interface: on, address: answer.server, mac: answer.mac, boots: [] };
    const server = found.get(keyOf(fresh)) ?? fresh;
    if (server === fresh && found.size >= MOST_SERVERS) continue;
    found.set(keyOf(server), server);
    server.lease ??= answer.lease;
    const isKnown = server.boots.some((each) => each.firmware === firmware);
    if (firmware !== undefined && answer.boot !== undefined && !isKnown)
      server.boots.push({ firmware, file: answer.boot.file, server: answer.boot.fileServer });
  }
  return [...found.values()];
}

/** What it is and offers, for people: `192.168.1.1 (aa:…) on eth0 gives addresses (192.168.1.57, router …)`. */
export function describe(server: OtherServer): string {
  return `${server.address} (${server.mac}) on ${server.interface} ${offers(server)}`;
}

/** What it offers, for people. */
export function offers({ lease, boots }: OtherServer): string {
  const byFile = Map.groupBy(boots, ({ file, server }) => {
    const from = server === undefined || file?.includes('://') ? '' : ` from ${shortened(server)}`;
    return `${file === undefined ? 'a boot server' : `boot file ${shortened(file)}`}${from}`;
  });
  const files = [...byFile].map(([file, to]) => `${file} to ${to.map(({ firmware }) => firmware).join(' and ')}`);
  const boot = files.length > 0 ? `names ${files.join(', ')}` : '';
  if (lease === undefined) return boot === '' ? 'answers, and gives no address' : `gives no addresses, and ${boot}`;
  const facts = [
    lease.address,
    lease.router !== undefined && `router ${lease.router}`,
    lease.seconds !== undefined && `for ${lease.seconds === 0xffffffff ? 'ever' : `${lease.seconds} s`}`,
  ];
  return `gives addresses (${facts.filter(Boolean).join(', ')})${boot === '' ? '' : ` and ${boot}`}`;
}

const LONGEST = 200;

/** As much of a text from the network as is shown. */
function shortened(text: string): string {
  return printable(text.slice(0, LONGEST));
}
