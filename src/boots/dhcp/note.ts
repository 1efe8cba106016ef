import { optionNumber } from '../subnets/option-table.ts';
import type { Outcome, ReplyReason } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import { messageTypeName, Option, printable, readAddress, readText } from './options.ts';
import type { MalformedReason } from './packet.ts';
import { type DhcpPacket, macOf, NO_ADDRESS } from './packet.ts';
import { messageTypeOf } from './responder.ts';

/** What became of one datagram: an entry for the trace of the machine that sent it. */
export interface DhcpNote {
  /** Lower case with colons; empty where it is not known. */
  mac: string;
  /** `DISCOVER`, `REQUEST` …; `BOOTP` for a message without type, `malformed` for bytes that are no message. */
  what: string;
  /** `noted`: a RELEASE or DECLINE, to which no reply belongs. `refused`: answered with a NAK. */
  outcome: 'answered' | 'noted' | 'ignored' | 'refused';
  /** A stable code: `ReplyReason`, `IgnoredReason`, `MalformedReason`, the reason of a `BootAnswer`, … */
  reason: string;
  /** For people. */
  sentence: string;
  /** Name of the network interface it came in on. */
  interface: string;
  /** What the packet and the reply say; only what is set. */
  details: Record<string, string | number>;
}

/** Where a datagram came in, and from where. */
export interface Arrival {
  interface: string;
  port: number;
  /** Address and port of the sender. */
  from: string;
  /** Its length in bytes. */
  bytes: number;
}

/** The note of a datagram that is no DHCP message. */
export function noteOfMalformed(reason: MalformedReason, sentence: string, arrival: Arrival): DhcpNote {
  const { from, port, bytes } = arrival;
  const details = { from, port, bytes };
  return { mac: '', what: 'malformed', outcome: 'ignored', reason, sentence, interface: arrival.interface, details };
}

/** What a note says beyond the packet and its outcome. */
export interface MoreOfNote {
  /** Numbers of options for which the reply had no room. */
  leftOut?: readonly number[];
  details?: DhcpNote['details'] | undefined;
}

/**
 * The note of a packet and what became of it.
 * @param client what `firmwareOf` says of the packet
 */
export function noteOf(
  { packet, client }: { packet: DhcpPacket; client: FirmwareClient | undefined },
  outcome: Outcome,
  arrival: Arrival,
  more: MoreOfNote = {},
): DhcpNote {
  const details = detailsOf(packet, client, outcome, arrival);
  if (more.details) Object.assign(details, more.details);
  const leftOut = more.leftOut?.map(optionNumber).join(', ');
  if (leftOut) details.leftOut = leftOut;
  return {
    mac: macOf(packet) ?? '',
    what: whatIs(packet),
    outcome: outcomeOf(outcome),
    reason: outcome.reason,
    sentence: leftOut ? `${outcome.sentence}; no room was left for ${leftOut}` : outcome.sentence,
    interface: arrival.interface,
    details,
  };
}

function whatIs(packet: DhcpPacket): string {
  const type = messageTypeOf(packet);
  return type === undefined ? 'BOOTP' : messageTypeName(type);
}

const REFUSED: ReplyReason = 'address-refused';

function outcomeOf(outcome: Outcome): DhcpNote['outcome'] {
  if (outcome.kind !== 'reply') return outcome.kind;
  return outcome.reason === REFUSED ? 'refused' : 'answered';
}

function detailsOf(
  packet: DhcpPacket,
  client: FirmwareClient | undefined,
  outcome: Outcome,
  arrival: Arrival,
): DhcpNote['details'] {
  // Each by its name, not in a loop: there are some for every packet.
  const details: DhcpNote['details'] = { xid: packet.xid.toString(16).padStart(8, '0'), secs: packet.secs };
  details.from = arrival.from;
  details.port = arrival.port;
  if (packet.ciaddr !== NO_ADDRESS) details.ciaddr = packet.ciaddr;
  if (packet.giaddr !== NO_ADDRESS) details.giaddr = packet.giaddr;
  const requested = readAddress(packet.options, Option.REQUESTED_IP_ADDRESS) ?? NO_ADDRESS;
  if (requested !== NO_ADDRESS) details.requestedAddress = requested;
  const server = readAddress(packet.options, Option.SERVER_IDENTIFIER) ?? NO_ADDRESS;
  if (server !== NO_ADDRESS) details.serverIdentifier = server;
  const vendorClass = client ? client.vendorClass : readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER);
  if (vendorClass) details.vendorClass = printable(vendorClass);
  if (client) {
    details.firmware = client.kind;
    if (client.architectures.length > 0) details.architecture = client.architectures.join(',');
    if (client.uuid) details.uuid = client.uuid;
    if (client.userClass) details.userClass = printable(client.userClass);
  }
  if (outcome.kind === 'noted') details.address = outcome.address;
  if (outcome.kind === 'reply') {
    const { packet: reply, to } = outcome;
    details.reply = whatIs(reply);
    if (reply.yiaddr !== NO_ADDRESS) details.address = reply.yiaddr;
    const bootFile = reply.file || readText(reply.options, Option.BOOTFILE_NAME);
    if (bootFile) details.bootFile = bootFile;
    details.to = 'address' in to ? to.address : to.kind;
  }
  return details;
}
