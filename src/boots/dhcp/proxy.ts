import { type ClientMessage, ignored } from './answers.ts';
import type { Outcome, ResponderContext } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import { MessageType, messageTypeName, NO_ADDRESS, Option, readAddress } from './options.ts';
import type { DhcpPacket } from './packet.ts';
import { addBoot, bareReply, destinationOf, identifierOf } from './reply.ts';

/**
 * ProxyDHCP (PXE 2.1 section 2.2.3): another server gives the addresses, we say what to boot. On port 67 the DISCOVER
 * of firmware gets an OFFER without an address; on port 4011 its REQUEST, or INFORM, gets an ACK.
 */
export function respondAsProxy(
  request: DhcpPacket,
  type: ClientMessage,
  context: ResponderContext,
  client: FirmwareClient | undefined,
): Outcome {
  const { machineName, discovers } = context;
  const mac = request.chaddr;
  if (client === undefined) {
    return ignored('not-firmware', `${messageTypeName(type)} of ${mac} does not come from firmware that boots`);
  }
  if (machineName === undefined && !discovers)
    return ignored('unknown-machine', `no machine has the MAC address ${mac}`);
  const who = machineName === undefined ? `the unknown machine ${mac}` : `${machineName} (${mac})`;
  const named = readAddress(request.options, Option.SERVER_IDENTIFIER);
  if (!isForUs(type, named, context)) {
    const whom = named === undefined ? 'the DHCP server of the network' : `the DHCP server ${named}`;
    return ignored('other-server', `${messageTypeName(type)} of ${who} is for ${whom}`);
  }
  const answer = context.boot(client);
  if (answer.answer === 'none' || answer.answer === 'ignore') {
    return { kind: 'ignored', reason: answer.reason, sentence: answer.sentence };
  }
  const offer = type === MessageType.DISCOVER;
  const packet = bareReply(request, offer ? MessageType.OFFER : MessageType.ACK, context.server);
  if (!offer) packet.ciaddr = request.ciaddr;
  // The boot service of port 4011 is part of ProxyDHCP in reservation mode too.
  addBoot(packet, request, client, answer, { mode: 'proxy', server: context.server });
  const told = offer ? 'offered' : 'told';
  const sentence = `${told} ${who} what to boot, no address; ${answer.sentence}`;
  const relayed = request.giaddr !== NO_ADDRESS;
  const to = context.port === 4011 && !relayed ? ({ kind: 'sender' } as const) : destinationOf(request);
  return { kind: 'reply', packet, to, reason: offer ? 'boot-offered' : 'boot-confirmed', sentence };
}

/**
 * On 67 a REQUEST goes to the server that gives the address, unless it names us. On 4011 a client talks to us alone,
 * whatever server its option 54 still names.
 */
function isForUs(type: ClientMessage, named: string | undefined, context: ResponderContext): boolean {
  switch (type) {
    case MessageType.DISCOVER:
      return context.port === 67;
    case MessageType.REQUEST:
      return context.port === 4011 || named === identifierOf(context.server);
    case MessageType.INFORM:
      return context.port === 4011;
    case MessageType.DECLINE:
    case MessageType.RELEASE:
      return false;
  }
}
