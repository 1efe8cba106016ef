import {
  type ClientMessage,
  type Exchange,
  ignored,
  isForAnother,
  refuse,
  withAddress,
  withConfiguration,
} from './answers.ts';
import { type Configuration, configurationOfReservation } from './configuration.ts';
import type { Outcome, Reply, ResponderContext } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import { MessageType, messageTypeName, NO_ADDRESS, Option, readAddress } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** Reservation mode: we are the DHCP server of the machines that we know, and of no others (RFC 2131 section 4.3). */
export function respondWithReservation(
  request: DhcpPacket,
  type: ClientMessage,
  context: ResponderContext,
  client: FirmwareClient | undefined,
): Outcome {
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

  const named = readAddress(request.options, Option.SERVER_IDENTIFIER);
  if (isForAnother(type, named, context.server))
    return ignored('other-server', `${messageTypeName(type)} of ${who} is for the DHCP server ${named}`);
  if (type === MessageType.RELEASE) {
    const address = request.ciaddr;
    const sentence = `${who} gave back ${address}`;
    return { kind: 'noted', address, reason: 'address-released', sentence };
  }
  if (type === MessageType.DECLINE) {
    // RFC 2131 section 4.3.3: option 50 says which address is in use. It is no word about others.
    const address = readAddress(request.options, Option.REQUESTED_IP_ADDRESS) ?? reservation.address;
    if (address !== reservation.address)
      return ignored('not-our-address', `${who} declined ${address}: its address is ${reservation.address}`);
    const sentence = `${who} declined ${address}: another computer on the network uses that address`;
    return { kind: 'noted', address, reason: 'address-declined', sentence };
  }
  if (context.declined && type !== MessageType.INFORM) {
    const sentence = `${who} gets no address: it found its ${reservation.address} used by another computer`;
    return ignored('address-in-use', sentence);
  }
  // RFC 2131 section 4.3.1: an address is to be of the client's subnet. It may be heard on two interfaces: no NAK.
  const elsewhere = type === MessageType.INFORM ? undefined : context.elsewhere?.(reservation.address);
  if (elsewhere !== undefined) {
    const sentence = `${who} gets no address: its ${reservation.address} is of the network at ${elsewhere}, from which it does not ask`;
    return ignored('other-network', sentence);
  }
  // RFC 2131 section 1.6: an address is not to be used by more than one.
  if (type !== MessageType.INFORM && context.isOurs?.(reservation.address)) {
    const sentence = `${who} gets no address: its ${reservation.address} is an address of this server itself; reserve another for it (dhcp.ip in its hardware data)`;
    return ignored('address-in-use', sentence);
  }
  const answer = client && context.boot(client);
  if (answer?.answer === 'ignore') return { kind: 'ignored', reason: answer.reason, sentence: answer.sentence };
  const exchange = { request, context, who, boot: client && answer && { client, answer } };
  const given = configurationOfReservation(request, reservation, context);
  switch (type) {
    case MessageType.DISCOVER:
      return withAddress(exchange, MessageType.OFFER, given, {
        reason: 'address-offered',
        sentence: `offered ${reservation.address} to ${who}`,
      });
    case MessageType.REQUEST:
      return respondToRequest(exchange, given, named);
    case MessageType.INFORM:
      return withConfiguration(exchange, given);
  }
}

/** REQUEST in the states of RFC 2131 section 4.3.2; the address it is about is in option 50 or in ciaddr. */
function respondToRequest(exchange: Exchange, given: Configuration, named: string | undefined): Reply {
  const { request, context, who } = exchange;
  const { address } = given;
  const inUse = request.ciaddr === NO_ADDRESS ? undefined : request.ciaddr;
  const requested = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  const wanted = requested ?? inUse;
  // A request that names no address at all can only mean the one there is; the npm client `dhcp` sends such.
  if (wanted !== undefined && wanted !== address) {
    const sentence = `refused ${wanted} to ${who}: its address is ${address}`;
    return refuse(request, context.server, { told: `your address is ${address}`, sentence });
  }
  return inUse !== undefined && named === undefined
    ? withAddress(exchange, MessageType.ACK, given, {
        reason: 'lease-renewed',
        sentence: `renewed ${address} for ${who}`,
      })
    : withAddress(exchange, MessageType.ACK, given, {
        reason: 'address-confirmed',
        sentence: `gave ${address} to ${who}`,
      });
}
