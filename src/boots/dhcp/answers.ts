/** The replies of a server that gives addresses, wherever these come from. */
import type { Configuration } from './configuration.ts';
import type {
  BootAnswer,
  Ignored,
  IgnoredReason,
  LeaseChange,
  Reply,
  ReplyReason,
  ResponderContext,
} from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import { MessageType, NO_ADDRESS, Option, text } from './options.ts';
import { BROADCAST_FLAG, type DhcpPacket } from './packet.ts';
import { addBoot, addLease, addNetwork, bareReply, destinationOf, identifierOf } from './reply.ts';

/** Messages that a client sends. */
export type ClientMessage =
  | typeof MessageType.DISCOVER
  | typeof MessageType.REQUEST
  | typeof MessageType.DECLINE
  | typeof MessageType.RELEASE
  | typeof MessageType.INFORM;

/** Messages in which option 54 says for whom they are; in others it has no place (RFC 2131 table 5). */
const NAMES_ITS_SERVER: readonly ClientMessage[] = [MessageType.REQUEST, MessageType.DECLINE, MessageType.RELEASE];

/** Whether a message that names a server is for another one. */
export function isForAnother(
  type: ClientMessage,
  named: string | undefined,
  server: ResponderContext['server'],
): named is string {
  return named !== undefined && named !== identifierOf(server) && NAMES_ITS_SERVER.includes(type);
}

/** One request of a client that is to have an address. */
export interface Exchange {
  request: DhcpPacket;
  context: ResponderContext;
  /** The client, for sentences. */
  who: string;
  /** Set for firmware. */
  boot: { client: FirmwareClient; answer: BootAnswer } | undefined;
}

/** OFFER or ACK. */
export function withAddress(
  exchange: Exchange,
  type: typeof MessageType.OFFER | typeof MessageType.ACK,
  given: Configuration,
  said: { reason: ReplyReason; sentence: string; lease?: LeaseChange },
): Reply {
  const { request, context } = exchange;
  const packet = bareReply(request, type, context.server);
  if (type === MessageType.ACK) packet.ciaddr = request.ciaddr;
  packet.yiaddr = given.address;
  addLease(packet, given.leaseTime);
  addNetwork(packet, request, given);
  return finish(exchange, packet, said);
}

/** The client has an address already and asks for the rest: no yiaddr, no lease (RFC 2131 section 4.3.5). */
export function withConfiguration(exchange: Exchange, given: Configuration): Reply {
  const { request, context, who } = exchange;
  const packet = bareReply(request, MessageType.ACK, context.server);
  packet.ciaddr = request.ciaddr;
  addNetwork(packet, request, given);
  return finish(exchange, packet, { reason: 'configuration-given', sentence: `told ${who} its configuration` });
}

function finish(
  { request, context, boot }: Exchange,
  packet: DhcpPacket,
  { reason, sentence, lease }: { reason: ReplyReason; sentence: string; lease?: LeaseChange },
): Reply {
  const to = destinationOf(request);
  if (boot === undefined) return { kind: 'reply', packet, to, reason, sentence, lease };
  addBoot(packet, request, boot.client, boot.answer, { mode: 'reservation', server: context.server });
  const reply: Reply = { kind: 'reply', packet, to, reason, sentence: `${sentence}; ${boot.answer.sentence}`, lease };
  return boot.answer.answer === 'none' ? { ...reply, nothingToBoot: boot.answer.reason } : reply;
}

/**
 * NAK: the client must start again. Broadcast, since the address it has may be of another network; a relay agent is
 * asked to broadcast it there (RFC 2131 section 4.3.2).
 * @param told what the client itself is told (option 56)
 */
export function refuse(
  request: DhcpPacket,
  server: ResponderContext['server'],
  { told, sentence, lease }: { told: string; sentence: string; lease?: LeaseChange },
): Reply {
  const packet = bareReply(request, MessageType.NAK, server);
  packet.options.set(Option.MESSAGE, text(told));
  const reply = { kind: 'reply', packet, reason: 'address-refused', sentence, lease } as const;
  if (request.giaddr === NO_ADDRESS) return { ...reply, to: { kind: 'broadcast' } };
  packet.flags |= BROADCAST_FLAG;
  return { ...reply, to: { kind: 'relay', address: request.giaddr } };
}

export function ignored(reason: IgnoredReason, sentence: string, lease?: LeaseChange): Ignored {
  return { kind: 'ignored', reason, sentence, lease };
}
