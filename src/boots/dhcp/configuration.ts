import { netmaskOf } from '../../addresses.ts';
import { isWithin } from '../leases/addresses.ts';
import { FOR_EVER_SECONDS } from '../leases/lease.ts';
import type { InterfaceSettings, Reservation, ResponderContext } from './exchange.ts';
import type { Network } from './network.ts';
import { Option, readU32 } from './options.ts';
import type { DhcpPacket } from './packet.ts';

const DAY = 86_400;

/** What a client is told of its address and its network: the machine's own data first, then the network's. */
export interface Configuration
  extends Pick<
    Network,
    'routers' | 'nameServers' | 'timeServers' | 'domainName' | 'searchDomains' | 'routes' | 'mtu' | 'options'
  > {
  address: string;
  netmask: string;
  hostname: string | undefined;
  /** Seconds; 4294967295: for ever. */
  leaseTime: number;
}

/** The configuration of a machine with a reservation, which may be of another network than the request. */
export function configurationOfReservation(
  request: DhcpPacket,
  reservation: Reservation,
  { network, server }: Pick<ResponderContext, 'network' | 'server'>,
): Configuration {
  const { address } = reservation;
  const around = network !== undefined && isWithin(address, network) ? network : undefined;
  const netmask = reservation.netmask || (around ? netmaskOf(around.prefix) : server.netmask);
  return { ...merged(request, reservation, around), address, netmask };
}

/** The configuration of a client that is given an address of a range. */
export function configurationFromPool(
  request: DhcpPacket,
  address: string,
  settings: InterfaceSettings | undefined,
  network: Network,
): Configuration {
  return { ...merged(request, settings ?? {}, network), address, netmask: netmaskOf(network.prefix) };
}

function merged(
  request: DhcpPacket,
  own: InterfaceSettings,
  network: Network | undefined,
): Omit<Configuration, 'address' | 'netmask'> {
  return {
    routers: own.gateway ? [own.gateway] : (network?.routers ?? []),
    nameServers: own.nameServers?.length ? own.nameServers : (network?.nameServers ?? []),
    timeServers: own.timeServers?.length ? own.timeServers : (network?.timeServers ?? []),
    domainName: own.domainName || network?.domainName,
    hostname: own.hostname,
    searchDomains: network?.searchDomains ?? [],
    routes: network?.routes ?? [],
    mtu: network?.mtu,
    options: network?.options ?? NO_OPTIONS,
    leaseTime: own.leaseTime || leaseTimeOf(request, network),
  };
}

const NO_OPTIONS: Network['options'] = new Map();

/** What the client asks for (option 51), between the limits of its network; else what is usual there. */
function leaseTimeOf(request: DhcpPacket, network: Network | undefined): number {
  if (network === undefined) return DAY;
  const wanted = readU32(request.options, Option.IP_ADDRESS_LEASE_TIME);
  if (!wanted) return network.leaseTime;
  const { shortestLease, longestLease } = network;
  return Math.min(Math.max(wanted, shortestLease), longestLease, FOR_EVER_SECONDS);
}
