import type { Ignored, IgnoredReason, Outcome, ResponderContext } from './exchange.ts';
import { MessageType, messageTypeName, Option, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket, macOf } from './packet.ts';
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
 */
export function respond(request: DhcpPacket, context: ResponderContext): Outcome {
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
      return context.mode === 'proxy' || context.port === 4011
        ? respondAsProxy(request, type, context)
        : respondWithReservation(request, type, context);
    default:
      return ignored('unsupported-message', `${request.chaddr} sent a message of ${messageTypeName(type)}`);
  }
}

function ignored(reason: IgnoredReason, sentence: string): Ignored {
  return { kind: 'ignored', reason, sentence };
}
