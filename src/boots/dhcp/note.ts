import { PLAYED_BY, PLAYED_BY_BYTES, PLAYED_BY_OPTION } from '../played.ts';
import { optionNumber } from '../subnets/option-table.ts';
import type { Destination, Outcome, ReplyReason } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import { messageTypeName, NO_ADDRESS, Option, printable, readAddress, readText } from './options.ts';
import type { MalformedReason } from './packet.ts';
import { type DhcpPacket, macOf } from './packet.ts';
import { messageTypeOf } from './responder.ts';

/** What became of one datagram: an entry for the trace of the machine that sent it. */
export interface DhcpNote {
  /** Lower case with colons; empty where it is not known. */
  mac: string;
  /** `DISCOVER`, `REQUEST` …; `BOOTP` for a message without type, `malformed` for bytes that are no message. */
  what: string;
  /**
   * `noted`: a RELEASE or DECLINE, to which no reply belongs. `refused`: answered with a NAK. `failed`: the reply could not be
   * sent.
   */
  outcome: 'answered' | 'noted' | 'ignored' | 'refused' | 'failed';
  /** A stable code: `ReplyReason`, `IgnoredReason`, `MalformedReason`, `not-sent`, the reason of a `BootAnswer`, … */
  reason: string;
  /** For people. */
  sentence: string;
  /** What the packet and the reply say. */
  details: Record<string, string | number | undefined>;
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
  return { mac: '', what: 'malformed', outcome: 'ignored', reason, sentence, details: { ...arrival } };
}

/** Why the system did not take a reply. */
export interface NotSent {
  /** Code of the error. */
  code: string;
  /** Address that it was for. */
  to: string;
}

const WHY_NOT_SENT: Readonly<Record<string, string>> = {
  EAGAIN: 'the link takes nothing more now',
  ENOBUFS: 'the link takes nothing more now',
  ENETUNREACH: 'this computer has no route to it',
  EHOSTUNREACH: 'it cannot be reached',
  ENETDOWN: 'the link is down',
  EPERM: 'a firewall of this computer forbids it',
};

/** What a note says beyond the packet and its outcome. */
export interface MoreOfNote {
  /** Numbers of options for which the reply had no room; or why it was not sent. */
  sent?: readonly number[] | NotSent | undefined;
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
  more?: MoreOfNote,
): DhcpNote {
  const details = detailsOf(packet, client, outcome, arrival);
  if (more?.details) Object.assign(details, more.details);
  const sent = more?.sent;
  if (sent !== undefined && 'code' in sent) return noteOfNotSent(packet, outcome, sent, details);
  const leftOut = sent?.length ? sent.map(optionNumber).join(', ') : undefined;
  if (leftOut) details.leftOut = leftOut;
  return {
    mac: macOf(packet) ?? '',
    what: whatIs(packet),
    outcome: outcomeOf(outcome),
    reason: outcome.reason,
    sentence: leftOut ? `${outcome.sentence}; no room was left for ${leftOut}` : outcome.sentence,
    details,
  };
}

/** Whoever looks for what went wrong is not to read that the client was answered. */
function noteOfNotSent(
  packet: DhcpPacket,
  outcome: Outcome,
  { code, to }: NotSent,
  details: DhcpNote['details'],
): DhcpNote {
  const why = WHY_NOT_SENT[code];
  const because = why === undefined ? code : `${why} (${code})`;
  return {
    mac: macOf(packet) ?? '',
    what: whatIs(packet),
    outcome: 'failed',
    reason: 'not-sent',
    sentence: `the answer could not be sent to ${to}: ${because}; it was to say: ${outcome.sentence}`,
    details: { ...details, error: code },
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
  const { ciaddr, giaddr, options } = packet;
  const reply = outcome.kind === 'reply' ? outcome.packet : undefined;
  const address = outcome.kind === 'noted' ? outcome.address : reply?.yiaddr;
  const vendorClass = client ? client.vendorClass : readText(options, Option.VENDOR_CLASS_IDENTIFIER);
  // All at once, though few are set: there is one for every packet, and each property added later costs more than this.
  return {
    xid: packet.xid.toString(16).padStart(8, '0'),
    secs: packet.secs,
    from: arrival.from,
    port: arrival.port,
    ciaddr: unlessNone(ciaddr),
    giaddr: unlessNone(giaddr),
    requestedAddress: unlessNone(readAddress(options, Option.REQUESTED_IP_ADDRESS)),
    serverIdentifier: unlessNone(readAddress(options, Option.SERVER_IDENTIFIER)),
    vendorClass: vendorClass ? printable(vendorClass) : undefined,
    firmware: client?.kind,
    architecture: client?.architectures.join(',') || undefined,
    uuid: client?.uuid,
    userClass: client?.userClass ? printable(client.userClass) : undefined,
    reply: reply && whatIs(reply),
    address: unlessNone(address),
    bootFile: reply && (reply.file || readText(reply.options, Option.BOOTFILE_NAME) || undefined),
    nothingToBoot: outcome.kind === 'reply' ? outcome.nothingToBoot : undefined,
    to: outcome.kind === 'reply' ? whither(outcome.to) : undefined,
    interface: arrival.interface,
    playedBy: options.get(PLAYED_BY_OPTION)?.equals(PLAYED_BY_BYTES) ? PLAYED_BY : undefined,
  };
}

function unlessNone(address: string | undefined): string | undefined {
  return address === NO_ADDRESS ? undefined : address;
}

function whither(to: Destination): string {
  return 'address' in to ? to.address : to.kind;
}
