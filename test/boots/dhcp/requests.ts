import type { BootAnswer, Reply, Reservation, ResponderContext } from '../../../src/boots/dhcp/exchange.ts';
import type { Network } from '../../../src/boots/dhcp/network.ts';
import { address, MessageType, NO_ADDRESS, Option, u8 } from '../../../src/boots/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/boots/dhcp/packet.ts';
import { respond } from '../../../src/boots/dhcp/responder.ts';
import { captured } from './captured.ts';

export const MAC = '52:54:00:77:00:01';
export const SERVER = '10.77.0.1';

export const reservation: Reservation = {
  mac: MAC,
  address: '10.77.0.60',
  netmask: '255.255.255.0',
  gateway: '10.77.0.254',
  hostname: 'node1',
  domainName: 'lab.example',
  nameServers: ['10.77.0.2', '10.77.0.3'],
  timeServers: ['10.77.0.4'],
  leaseTime: 3600,
};

export const aFile: BootAnswer = { answer: 'file', name: 'snponly.efi', reason: 'install', sentence: 'it installs' };
export const aUrl: BootAnswer = {
  answer: 'url',
  url: 'http://10.77.0.1:8080/boot.ipxe',
  reason: 'install',
  sentence: 'it installs',
};

/** The network of the tests, with changes. */
export function network(mode: Network['mode'] = 'reservation', changes: Partial<Network> = {}): Network {
  return {
    name: 'lab',
    address: '10.77.0.0',
    prefix: 16,
    mode,
    ranges: [],
    excluded: [],
    routers: [],
    nameServers: [],
    timeServers: [],
    searchDomains: [],
    routes: [],
    leaseTime: 86_400,
    shortestLease: 60,
    longestLease: 2_592_000,
    options: new Map(),
    ...changes,
  };
}

/** The context of a known machine in reservation mode, with changes. */
export function context(changes: Partial<ResponderContext> = {}): ResponderContext {
  return {
    network: network(),
    port: 67,
    server: { address: SERVER, netmask: '255.255.0.0' },
    reservation,
    machineName: 'node1',
    boot: (client) => (client.kind === 'pxe' ? aFile : aUrl),
    declined: false,
    ...changes,
  };
}

/** A request of an operating system (udhcpc's, which asks for 1, 3, 6, 12, 15, 28, 42), with changes. */
export function request(
  type: keyof typeof MessageType,
  fields: Partial<Omit<DhcpPacket, 'options'>> = {},
  options: Record<number, Buffer | undefined> = {},
): DhcpPacket {
  return alter(captured('udhcpc-discover'), fields, { [Option.DHCP_MESSAGE_TYPE]: u8(MessageType[type]), ...options });
}

/** A packet with fields and options set, or with options removed where undefined. */
export function alter(
  packet: DhcpPacket,
  fields: Partial<Omit<DhcpPacket, 'options'>>,
  options: Record<number, Buffer | undefined> = {},
): DhcpPacket {
  const changed = { ...packet, ...fields, options: new Map(packet.options) };
  for (const [code, value] of Object.entries(options)) {
    if (value === undefined) changed.options.delete(Number(code));
    else changed.options.set(Number(code), value);
  }
  return changed;
}

export const serverIdentifier = (dotted: string) => ({ [Option.SERVER_IDENTIFIER]: address(dotted) });
export const requestedAddress = (dotted: string) => ({ [Option.REQUESTED_IP_ADDRESS]: address(dotted) });

/** The reply to a packet; fails where there is none. */
export function replyTo(packet: DhcpPacket, changes: Partial<ResponderContext> = {}): Reply {
  const outcome = respond(packet, context(changes));
  if (outcome.kind !== 'reply') throw new Error(`${outcome.kind}: ${outcome.reason}: ${outcome.sentence}`);
  return outcome;
}

/** What became of a packet, in short: `ACK lease-renewed`, `ignored other-server` … */
export function fate(packet: DhcpPacket, changes: Partial<ResponderContext> = {}): string {
  const outcome = respond(packet, context(changes));
  if (outcome.kind !== 'reply') return `${outcome.kind} ${outcome.reason}`;
  const type = outcome.packet.options.get(Option.DHCP_MESSAGE_TYPE)?.[0];
  const name = Object.entries(MessageType).find(([, number]) => number === type)?.[0];
  return `${name} ${outcome.reason}`;
}

export { NO_ADDRESS };
