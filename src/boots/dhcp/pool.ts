import { isWithin } from '../leases/addresses.ts';
import {
  type ClientMessage,
  type Exchange,
  ignored,
  isForAnother,
  refuse,
  withAddress,
  withConfiguration,
} from './answers.ts';
import { configurationFromPool } from './configuration.ts';
import type { BootAnswer, LeasesOfClient, Outcome, ResponderContext } from './exchange.ts';
import type { FirmwareClient } from './firmware.ts';
import type { Network } from './network.ts';
import { MessageType, messageTypeName, NO_ADDRESS, Option, readAddress, readText } from './options.ts';
import type { DhcpPacket } from './packet.ts';
import { respondWithReservation } from './reservation.ts';

/** The longest host name that a lease remembers. */
const LONGEST_NAME = 64;

interface PoolExchange extends Exchange {
  network: Network;
  leases: LeasesOfClient;
}

/**
 * Pool mode: known machines have their reservations, and all others are given an address of a range (RFC 2131 section
 * 4.3). We are the only server of the network: what a client believes to have and we do not know of is refused.
 */
export function respondFromPool(
  request: DhcpPacket,
  type: ClientMessage,
  context: ResponderContext,
  { client, network, leases }: Pick<PoolExchange, 'network' | 'leases'> & { client: FirmwareClient | undefined },
): Outcome {
  const { reservation, machineName } = context;
  const mac = request.chaddr;
  const who = machineName === undefined ? `the unknown machine ${mac}` : `${machineName} (${mac})`;
  if (
    reservation !== undefined &&
    isWithin(reservation.address, network) &&
    !isOfLease(request, type, context, leases)
  ) {
    const holder = leases.holder(reservation.address);
    if (holder === undefined || holder === mac)
      return withoutLease(request, respondWithReservation(request, type, context, client));
    const sentence = `${who} gets no address yet: its ${reservation.address} is still leased to ${holder}`;
    return ignored('address-in-use', sentence);
  }
  const named = readAddress(request.options, Option.SERVER_IDENTIFIER);
  if (isForAnother(type, named, context.server)) {
    const lease = type === MessageType.REQUEST ? ({ change: 'withdraw' } as const) : undefined;
    return ignored('other-server', `${messageTypeName(type)} of ${who} is for the DHCP server ${named}`, lease);
  }
  if (type === MessageType.RELEASE) return respondToRelease(request, who);
  if (type === MessageType.DECLINE) return respondToDecline(request, who, leases);
  const answer = client && bootAnswer(context.boot(client), machineName);
  if (answer?.answer === 'ignore') return { kind: 'ignored', reason: answer.reason, sentence: answer.sentence };
  const exchange = { request, context, who, boot: client && answer && { client, answer }, network, leases };
  switch (type) {
    case MessageType.DISCOVER:
      return respondToDiscover(exchange);
    case MessageType.REQUEST:
      return respondToRequest(exchange, named);
    case MessageType.INFORM:
      return withConfiguration(exchange, configurationOf(exchange, addressOfInform(request, network)));
  }
}

/**
 * The address that its client says to have. One that says none (RFC 2131 table 5 wants one) is told what holds for the
 * whole network all the same; the broadcast address is to be that of the network, too.
 */
function addressOfInform({ ciaddr }: DhcpPacket, network: Network): string {
  return ciaddr === NO_ADDRESS ? network.address : ciaddr;
}

/** Whether a machine declines the address that it was given before it had its reservation, or beside it. */
function isOfLease(
  request: DhcpPacket,
  type: ClientMessage,
  { reservation }: ResponderContext,
  leases: LeasesOfClient,
): boolean {
  if (type !== MessageType.DECLINE) return false;
  const declined = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  return declined !== undefined && declined !== reservation?.address && leases.holder(declined) === request.chaddr;
}

/** A machine that has a reservation now, and perhaps a lease from before: what it must give up, it has no longer. */
function withoutLease(request: DhcpPacket, outcome: Outcome): Outcome {
  const isOver = outcome.reason === 'address-refused' || outcome.reason === 'address-released';
  if (!isOver) return outcome;
  const requested = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  return { ...outcome, lease: { change: 'release', address: requested ?? request.ciaddr } };
}

/** Whoever nobody knows gets an address all the same; what it may boot, if anything, is the policy's to say. */
function bootAnswer(answer: BootAnswer, machineName: string | undefined): BootAnswer {
  if (answer.answer !== 'ignore' || machineName !== undefined) return answer;
  return { answer: 'none', reason: answer.reason, sentence: `it is given nothing to boot: ${answer.sentence}` };
}

function respondToRelease(request: DhcpPacket, who: string): Outcome {
  const address = request.ciaddr;
  const lease = { change: 'release', address } as const;
  return { kind: 'noted', address, reason: 'address-released', sentence: `${who} gave back ${address}`, lease };
}

function respondToDecline(request: DhcpPacket, who: string, leases: LeasesOfClient): Outcome {
  const address = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  if (address === undefined || leases.holder(address) !== request.chaddr) {
    const which = address === undefined ? 'an address without naming it' : `${address}, which it does not have`;
    return ignored('not-our-address', `${who} declined ${which}`);
  }
  const sentence = `${who} declined ${address}: another computer on the network uses that address`;
  return { kind: 'noted', address, reason: 'address-declined', sentence, lease: { change: 'decline', address } };
}

function respondToDiscover(exchange: PoolExchange): Outcome {
  const { request, network, leases, who } = exchange;
  const choice = leases.choose(readAddress(request.options, Option.REQUESTED_IP_ADDRESS));
  if (choice === undefined) {
    const ranges = network.ranges.map(({ first, last }) => `${first} to ${last}`).join(', ') || 'it has no range';
    return ignored('pool-exhausted', `no address of network ${network.name} is left for ${who} (${ranges})`);
  }
  const { address, isStrange } = choice;
  return withAddress(exchange, MessageType.OFFER, configurationOf(exchange, address), {
    reason: 'address-offered',
    sentence: `offered ${address} of network ${network.name} to ${who}${elsewhere(exchange)}`,
    lease: { change: 'offer', address, isStrange },
  });
}

/** REQUEST in the states of RFC 2131 section 4.3.2. */
function respondToRequest(exchange: PoolExchange, named: string | undefined): Outcome {
  const { request, context, network, leases, who } = exchange;
  const inUse = request.ciaddr === NO_ADDRESS ? undefined : request.ciaddr;
  const requested = readAddress(request.options, Option.REQUESTED_IP_ADDRESS);
  // A request that names no address can only mean the one that was offered; the npm client `dhcp` sends such.
  const address = requested ?? inUse ?? leases.choose(undefined)?.address;
  if (address === undefined)
    return ignored('pool-exhausted', `no address of network ${network.name} is left for ${who}`);
  const no = (why: string): Outcome =>
    refuse(request, context.server, {
      told: why,
      sentence: `refused ${address} to ${who}: ${why}`,
      // It stops using what it had.
      lease: { change: 'release', address },
    });
  if (!isWithin(address, network)) return no(`it is not of network ${network.name}, where it asked`);
  const given = configurationOf(exchange, address);
  const isRenewal = inUse !== undefined && named === undefined;
  const yes = (): Outcome =>
    withAddress(exchange, MessageType.ACK, given, {
      reason: isRenewal ? 'lease-renewed' : 'address-confirmed',
      sentence: `${isRenewal ? 'renewed' : 'gave'} ${address} of network ${network.name} ${isRenewal ? 'for' : 'to'} ${who}${elsewhere(exchange)}`,
      lease: { change: 'keep', address, seconds: given.leaseTime, hostname: hostnameOf(request) },
    });
  const found = leases.claim(address);
  switch (found.claim) {
    case 'own':
      return yes();
    case 'free':
      // What it remembers from elsewhere (INIT-REBOOT) may be in use by then; what it uses now, or was just offered, not.
      return named !== undefined || isRenewal || requested === undefined ? yes() : no('it has no lease of it here');
    case 'taken':
      return no(found.why);
    case 'outside':
      if (named !== undefined || leases.holder(address) === request.chaddr)
        return no(`it is in no range of network ${network.name}`);
      return ignored('not-our-address', `${who} asks for ${address}, which is in no range of network ${network.name}`);
  }
}

function configurationOf({ request, context, network }: PoolExchange, address: string) {
  return configurationFromPool(request, address, context.reservation ?? context.settings, network);
}

/** A machine that is reserved an address of another network than it asks from. */
function elsewhere({ context: { reservation } }: PoolExchange): string {
  return reservation === undefined ? '' : `; the address ${reservation.address} reserved for it is of another network`;
}

/** The name the client gives itself, as far as it can be shown. */
function hostnameOf(request: DhcpPacket): string | undefined {
  const name = readText(request.options, Option.HOST_NAME)
    ?.replace(/[^\x21-\x7e]/g, '?')
    .slice(0, LONGEST_NAME);
  return name === '' ? undefined : name;
}
