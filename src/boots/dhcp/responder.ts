import { type ClientMessage, ignored } from './answers.ts';
import type { Outcome, ResponderContext } from './exchange.ts';
import { type FirmwareClient, firmwareOf } from './firmware.ts';
import { MessageType, messageTypeName, NO_ADDRESS, Option, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket, macOf } from './packet.ts';
import { respondFromPool } from './pool.ts';
import { respondAsProxy } from './proxy.ts';
import { respondWithReservation } from './reservation.ts';

/** Message type of a packet, or undefined where it carries none. */
export function messageTypeOf(packet: DhcpPacket): number | undefined {
  return readU8(packet.options, Option.DHCP_MESSAGE_TYPE);
}

/**
 * Decides what a packet from a client gets. Pure: the same packet and context give the same outcome.
 *
 * Clients are told apart by hardware address alone, whatever option 61 says: firmware, boot loader and operating
 * system of one machine send different ones (RFC 2131 would take them for three clients).
 *
 * @param client what `firmwareOf` says of the request, for those who have asked it
 */
export function respond(
  request: DhcpPacket,
  context: ResponderContext,
  client: FirmwareClient | undefined = firmwareOf(request),
): Outcome {
  if (request.op !== BOOTREQUEST) return ignored('not-a-request', 'the message comes from a server, not a client');
  if (macOf(request) === undefined) {
    return ignored(
      'not-ethernet',
      `hardware type ${request.htype}, address "${request.chaddr}": not an Ethernet address`,
    );
  }
  const type = messageTypeOf(request);
  switch (type) {
    case undefined:
      return ignored('no-message-type', `${request.chaddr} sent a BOOTP request, without a DHCP message type`);
    case MessageType.OFFER:
    case MessageType.ACK:
    case MessageType.NAK:
      return ignored('message-of-a-server', `${request.chaddr} sent ${messageTypeName(type)}, which only servers send`);
    case MessageType.DISCOVER:
    case MessageType.REQUEST:
    case MessageType.DECLINE:
    case MessageType.RELEASE:
    case MessageType.INFORM:
      return respondToClient(request, type, context, client);
    default:
      return ignored('unsupported-message', `${request.chaddr} sent a message of ${messageTypeName(type)}`);
  }
}

function respondToClient(
  request: DhcpPacket,
  type: ClientMessage,
  context: ResponderContext,
  client: FirmwareClient | undefined,
): Outcome {
  const { network, leases, port, reservation } = context;
  const name = messageTypeName(type);
  if (network?.mode === 'off')
    return ignored('dhcp-off', `${name} of ${request.chaddr}: DHCP is off for network ${network.name}`);
  if (context.disabled) {
    const who = `${context.machineName ?? 'an unknown machine'} (${request.chaddr})`;
    return ignored('dhcp-disabled', `${name}: DHCP is switched off for this interface of ${who}`);
  }
  // The boot service gives no addresses: it need not know the network.
  if (port === 4011) return respondAsProxy(request, type, context, client);
  if (network === undefined) {
    // A reservation that says all by itself needs no network.
    if (reservation?.netmask) return respondWithReservation(request, type, context, client);
    return ofNoNetwork(request, name);
  }
  switch (network.mode) {
    case 'proxy':
      return respondAsProxy(request, type, context, client);
    case 'reservation':
      return respondWithReservation(request, type, context, client);
    case 'pool':
      if (leases === undefined) throw new Error(`network ${network.name} is in pool mode, but there are no leases`);
      return respondFromPool(request, type, context, { client, network, leases });
  }
}

function ofNoNetwork({ giaddr, chaddr }: DhcpPacket, name: string): Outcome {
  if (giaddr === NO_ADDRESS) return ignored('network-unknown', `${name} of ${chaddr} is of no network that is served`);
  const next = `add a subnet for it (tinsmith subnet add), or give the machine a reservation with address and netmask`;
  return ignored(
    'relay-unknown',
    `${name} of ${chaddr} came by the relay agent ${giaddr}, which is of no network that is served: ${next}`,
  );
}
