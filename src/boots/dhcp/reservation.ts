import type {
  BootAnswer,
  Ignored,
  IgnoredReason,
  Outcome,
  Reply,
  ReplyReason,
  Reservation,
  ResponderContext,
} from './exchange.ts';
import { type FirmwareClient, firmwareOf } from './firmware.ts';
import { MessageType, messageTypeName, Option, readAddress, text } from './options.ts';
import { BROADCAST_FLAG, type DhcpPacket, NO_ADDRESS } from './packet.ts';
import { addBoot, addLease, addNetwork, bareReply, destinationOf } from './reply.ts';

/** Messages that a client sends. */
export type ClientMessage =
  | typeof MessageType.DISCOVER
  | typeof MessageType.REQUEST
  | typeof MessageType.DECLINE
  | typeof MessageType.RELEASE
  | typeof MessageType.INFORM;

/** Messages in which option 54 says for whom they are; in others it has no place (RFC 2131 table 5). */
const NAMES_ITS_SERVER: readonly ClientMessage[] = [MessageType.REQUEST, MessageType.DECLINE, MessageType.RELEASE];

/** One request of a machine that has an address reserved. */
interface Exchange {
  request: DhcpPacket;
  context: ResponderContext;
  reservation: Reservation;
  /** The machine, for sentences. */
  who: string;
  /** Set for firmware. */
  boot: { client: FirmwareClient; answer: BootAnswer } | undefined;
}

/** Reservation mode: we are the DHCP server of the machines that we know, and of no others (RFC 2131 section 4.3). */
export function respondWithReservation(request: DhcpPacket, type: ClientMessage, context: ResponderContext): Outcome {
  const { reservation, machineName, discovers } = context;
  const mac = request.chaddr;
  if (machineName === undefined) {
    const nobody = `no machine has the MAC address ${mac}`;
    if (!discovers) return ignored('unknown-machine', nobody);
    const why = 'in reservation mode only machines that are known get an address, so it cannot be discovered';
    return ignored('no-address', `${nobody}; ${why}`);
  }
  const who = `${machineName} (${mac})`;
  if (reservation === undefined) return ignored('no-address', `${who} is known, but has no address to be given`);
  if (reservation.disabled) return ignored('dhcp-disabled', `DHCP is switched off for this interface of ${who}`);

  const named = readAddress(request.options, Option.SERVER_IDENTIFIER);
  if (named !== undefined && named !== context.server.address && NAMES_ITS_SERVER.includes(type)) {
    return ignored('other-server', `${messageTypeName(type)} of ${who} is for the DHCP server ${named}`);
  }
  if (type === MessageType.RELEASE) {
    const address = request.ciaddr;
    const sentence = `${who} gave back ${address}`;
    return { kind: 'noted', address, reason: 'address-released', sentence };
  }
  if (type === MessageType.DECLINE) {
    const address = readAddress(request.options, Option.REQUESTED_IP_ADDRESS) ?? reservation.address;
    const sentence = `${who} declined ${address}: another computer on the network uses that address`;
    return { kind: 'noted', address, reason: 'address-declined', sentence };
  }
  if (context.declined && type !== MessageType.INFORM) {
    const sentence = `${who} gets no address: it found its ${reservation.address} used by another computer`;
    return ignored('address-in-use', sentence);
  }
  const client = firmwareOf(request);
  const answer = client && context.boot(client);
  if (answer?.answer === 'ignore') return { kind: 'ignored', reason: answer.reason, sentence: answer.sentence };
  const exchange = { request, context, reservation, who, boot: client && answer && { client, answer } };
  switch (type) {
    case MessageType.DISCOVER:
      return withAddress(exchange, MessageType.OFFER, 'address-offered', `offered ${reservation.address} to ${who}`);
    case MessageType.REQUEST:
      return respondToRequest(exchange, named);
    case MessageType.INFORM:
      return respondToInform(exchange);
  }
}

/** REQUEST in the states of RFC 2131 section 4.3.2; the address it is about is in option 50 or in ciaddr. */
function respondToRequest(exchange: Exchange, named: string | undefined): Reply {
  const { request, reservation, who } = exchange;
  const inUse = request.ciaddr === NO_ADDRESS ? undefined : request.ciaddr;
  const requested = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  const wanted = requested ?? inUse;
  // A request that names no address at all can only mean the one there is; the npm client `dhcp` sends such.
  if (wanted !== undefined && wanted !== reservation.address) return refuse(exchange, wanted);
  if (inUse !== undefined && named === undefined) {
    return withAddress(exchange, MessageType.ACK, 'lease-renewed', `renewed ${reservation.address} for ${who}`);
  }
  return withAddress(exchange, MessageType.ACK, 'address-confirmed', `gave ${reservation.address} to ${who}`);
}

/** The client has an address already and asks for the rest: no yiaddr, no lease (RFC 2131 section 4.3.5). */
function respondToInform(exchange: Exchange): Reply {
  const { request, context, reservation, who } = exchange;
  const packet = bareReply(request, MessageType.ACK, context.server.address);
  packet.ciaddr = request.ciaddr;
  addNetwork(packet, request, reservation, context.server);
  return finish(exchange, packet, 'configuration-given', `told ${who} its configuration`);
}

function withAddress(
  exchange: Exchange,
  type: typeof MessageType.OFFER | typeof MessageType.ACK,
  reason: ReplyReason,
  sentence: string,
): Reply {
  const { request, context, reservation } = exchange;
  const packet = bareReply(request, type, context.server.address);
  if (type === MessageType.ACK) packet.ciaddr = request.ciaddr;
  packet.yiaddr = reservation.address;
  addLease(packet, reservation);
  addNetwork(packet, request, reservation, context.server);
  return finish(exchange, packet, reason, sentence);
}

function finish(exchange: Exchange, packet: DhcpPacket, reason: ReplyReason, sentence: string): Reply {
  const { request, context, boot } = exchange;
  const to = destinationOf(request);
  if (boot === undefined) return { kind: 'reply', packet, to, reason, sentence };
  addBoot(packet, request, boot.client, boot.answer, context);
  return { kind: 'reply', packet, to, reason, sentence: `${sentence}; ${boot.answer.sentence}` };
}

/**
 * NAK: the client must start again. Broadcast, since the address it has may be of another network; a relay agent is
 * asked to broadcast it there (RFC 2131 section 4.3.2).
 */
function refuse(exchange: Exchange, wanted: string): Reply {
  const { request, context, reservation, who } = exchange;
  const packet = bareReply(request, MessageType.NAK, context.server.address);
  const sentence = `refused ${wanted} to ${who}: its address is ${reservation.address}`;
  packet.options.set(Option.MESSAGE, text(`your address is ${reservation.address}`));
  const reply = { kind: 'reply', packet, reason: 'address-refused', sentence } as const;
  if (request.giaddr === NO_ADDRESS) return { ...reply, to: { kind: 'broadcast' } };
  packet.flags |= BROADCAST_FLAG;
  return { ...reply, to: { kind: 'relay', address: request.giaddr } };
}

function ignored(reason: IgnoredReason, sentence: string): Ignored {
  return { kind: 'ignored', reason, sentence };
}
