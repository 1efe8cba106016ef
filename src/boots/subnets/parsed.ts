/** A subnet with its texts read: what checks and look-ups count with. Only for what is well-formed. */
import { isIPv4 } from 'node:net';
import { addressNumber } from '../../addresses.ts';
import { type Cidr, type Range, readCidr, readRange } from './addresses.ts';
import { FOR_EVER } from './duration.ts';
import { idBytes, type Subnet } from './subnet.ts';

/** By what a relay is known: all of it has to be so. */
export interface RelayMatch {
  giaddr: string | undefined;
  circuitId: Buffer | undefined;
  remoteId: Buffer | undefined;
}

export interface Parsed {
  subnet: Subnet;
  cidr: Cidr;
  ranges: Range[];
  excluded: Range[];
  routers: number[];
  /** `via` is 0 for what is on the link itself (RFC 3442). */
  routes: { to: Cidr; via: number }[];
  /** Undefined: requests from everywhere. */
  relays: RelayMatch[] | undefined;
  leases: { usual: number; shortest: number; longest: number };
}

/** Seconds. dnsmasq gives an hour too; a lab's machines come and go. */
const LEASES = { usual: 3600, shortest: 120, longest: 86_400 } as const;

export function parsed(subnet: Subnet): Parsed {
  const { network, ranges = [], exclude = [], routers = [], routes = [], relays } = subnet;
  return {
    subnet,
    cidr: known(readCidr(network)),
    ranges: ranges.map((text) => known(readRange(text))),
    excluded: exclude.map((text) => known(readRange(text))),
    routers: routers.map(addressNumber),
    routes: routes.map((text) => {
      const [to = '', via = ''] = text.split(' via ');
      return { to: known(readCidr(to)), via: isIPv4(via) ? addressNumber(via) : 0 };
    }),
    relays: relays?.map(({ giaddr, circuitId, remoteId }) => ({
      giaddr,
      circuitId: circuitId === undefined ? undefined : known(idBytes(circuitId)),
      remoteId: remoteId === undefined ? undefined : known(idBytes(remoteId)),
    })),
    leases: leasesOf(subnet),
  };
}

/** What is not said follows from what is. */
function leasesOf({ leaseTime, shortestLease, longestLease }: Subnet): Parsed['leases'] {
  const usual = leaseTime ?? Math.min(Math.max(LEASES.usual, shortestLease ?? 0), longestLease ?? FOR_EVER);
  return {
    usual,
    shortest: shortestLease ?? Math.min(LEASES.shortest, usual),
    longest: longestLease ?? Math.max(LEASES.longest, usual),
  };
}

function known<T>(read: T | string): T {
  if (typeof read === 'string') throw new Error(`a stored subnet ${read}`);
  return read;
}
