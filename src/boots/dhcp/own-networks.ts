/** The networks that are served without anybody having described one: those that the served interfaces are in. */

import { dotted, prefixOf } from '../../addresses.ts';
import { type Problem, TinsmithError } from '../../errors.ts';
import { sameSubnet } from '../../machines/hardware.ts';
import { endsOf, isWithin } from '../leases/addresses.ts';
import type { CameIn, Network, NetworkOf } from './network.ts';

const DAY = 86_400;
/** What a client may ask for, s. */
const SHORTEST = 60;
const LONGEST = 30 * DAY;
/** Clients of a range come and go; those with a reservation stay. */
const POOL_LEASE = 3600;

type Interface = CameIn['interface'];

/** How they are served. */
export interface OwnNetworks {
  mode: Network['mode'];
  /** Of `--range`; each belongs to the network that it lies in. */
  ranges: Network['ranges'];
  /** Somebody has described the network of an interface otherwise: it needs no range here. */
  isDescribed?: (from: Interface) => boolean;
}

/**
 * The networks of the interfaces. In pool mode one without a range is served in reservation mode.
 * @throws TinsmithError INVALID_INPUT for ranges that lie in none of them, or overlap, and in pool mode without any
 */
export function ownNetworks(interfaces: readonly Interface[], { mode, ranges, isDescribed }: OwnNetworks): Network[] {
  const networks = interfaces.map((each) => networkOfInterface(each, mode, ranges));
  const problems = rangeProblems(ranges, networks);
  if (problems.length > 0) {
    throw new TinsmithError('INVALID_INPUT', `--range is not usable: ${problems.map(said).join('; ')}.`, {
      next: `Give ranges within the networks served: ${shown(networks)}.`,
      problems,
    });
  }
  const bare = interfaces.filter((each) => isDescribed?.(each) !== true);
  if (mode === 'pool' && bare.length > 0 && ranges.length === 0) {
    const [first] = bare.map((each) => networkOfInterface(each, mode, ranges));
    throw new TinsmithError('INVALID_INPUT', `--dhcp pool needs to know which addresses it may give: no --range.`, {
      next: `Give a range that no other computer uses${first ? `, such as --range ${example(first)}` : ''}. Networks served: ${shown(networks)}.`,
      problems: [{ field: '--range', message: 'is missing' }],
    });
  }
  return networks;
}

/**
 * Finds the network of a request among those of the interfaces: by the relay agent's address or what it selects, else by
 * the interface. ProxyDHCP needs to know nothing of a network, and is there behind every relay agent.
 */
export function amongOwn(networks: readonly Network[], mode: Network['mode']): NetworkOf {
  return ({ interface: from, giaddr, linkSelection }) => {
    const by = linkSelection ?? giaddr;
    if (by === undefined) return networks.find((each) => isWithin(from.address, each));
    const found = networks.find((each) => isWithin(by, each));
    if (found !== undefined || mode !== 'proxy') return found;
    return { ...bareNetwork(`behind relay ${by}`, 'proxy'), address: by, prefix: 32 };
  };
}

function networkOfInterface({ address, netmask }: Interface, mode: Network['mode'], ranges: Network['ranges']) {
  const prefix = prefixOf(netmask);
  const first = dotted(endsOf(address, prefix).first);
  const own = ranges.filter((range) => sameSubnet(range.first, address, netmask));
  const isPool = mode === 'pool' && own.length > 0;
  return {
    ...bareNetwork(`${first}/${prefix}`, mode === 'pool' && !isPool ? 'reservation' : mode),
    address: first,
    prefix,
    ranges: mode === 'pool' ? own : [],
    excluded: [address],
  } satisfies Network;
}

function bareNetwork(name: string, mode: Network['mode']): Omit<Network, 'address' | 'prefix'> {
  return {
    name,
    mode,
    ranges: [],
    excluded: [],
    routers: [],
    nameServers: [],
    timeServers: [],
    searchDomains: [],
    routes: [],
    leaseTime: mode === 'pool' ? POOL_LEASE : DAY,
    shortestLease: SHORTEST,
    longestLease: LONGEST,
    options: new Map(),
  };
}

function rangeProblems(ranges: Network['ranges'], networks: readonly Network[]): Problem[] {
  const inNone = ranges.flatMap((range) =>
    networks.some((each) => isWithin(range.first, each) && isWithin(range.last, each))
      ? []
      : `${written(range)} lies in no network that is served`,
  );
  const sorted = [...ranges].sort((a, b) => endsOf(a.first, 32).first - endsOf(b.first, 32).first);
  const overlapping = sorted.flatMap((range, i) => {
    const before = sorted[i - 1];
    return before !== undefined && endsOf(before.last, 32).first >= endsOf(range.first, 32).first
      ? `${written(range)} overlaps ${written(before)}`
      : [];
  });
  return [...inNone, ...overlapping].map((message) => ({ field: '--range', message }));
}

const said = ({ message }: Problem): string => message;
const written = ({ first, last }: Network['ranges'][number]): string => `${first}-${last}`;
const shown = (networks: readonly Network[]): string => networks.map(({ name }) => name).join(', ') || 'none';

/** The upper half of a network, to be thought about. */
function example({ address, prefix }: Network): string {
  const { first, last } = endsOf(address, prefix);
  return `${dotted(first + ((last - first + 1) >> 1))}-${dotted(last - 1)}`;
}
