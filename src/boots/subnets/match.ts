/**
 * Which subnet a request is of. The more exact counts: what option 82 says of circuit and remote id, then the link that it
 * selects, then the relay by its address, then the network that this is in, then the interface by its name, then the
 * longer prefix. Pure.
 */

import { addressNumber } from '../../addresses.ts';
import type { CameIn } from '../dhcp/network.ts';
import { contains } from './addresses.ts';
import type { Parsed, RelayMatch } from './parsed.ts';

/** How exactly a subnet fits; of two, the first place in which they differ decides. */
type Rank = readonly number[];

/** The subnet that a request is of; undefined: of none. */
export function subnetOf<T extends Parsed>(subnets: readonly T[], cameIn: CameIn): T | undefined {
  const link = linkOf(cameIn);
  let best: { subnet: T; rank: Rank } | undefined;
  for (const subnet of subnets) {
    const rank = rankOf(subnet, cameIn, link);
    if (rank && (best === undefined || isAbove(rank, best.rank))) best = { subnet, rank };
  }
  return best?.subnet;
}

/** An address of the link that the client is on: the relay may name another than its own (RFC 3527). */
function linkOf({ giaddr, linkSelection, interface: on }: CameIn): number {
  // Without a relay nobody speaks for another link than the one that the request came in by.
  return addressNumber(giaddr === undefined ? on.address : (linkSelection ?? giaddr));
}

function rankOf({ subnet, cidr, relays }: Parsed, cameIn: CameIn, link: number): Rank | undefined {
  if (subnet.interface !== undefined && subnet.interface !== cameIn.interface.name) return undefined;
  const on = subnet.interface === undefined ? 0 : 1;
  const isOn = contains(cidr, link) ? 1 : 0;
  const isSelected = cameIn.giaddr !== undefined && cameIn.linkSelection !== undefined ? isOn : 0;
  if (relays === undefined) return isOn ? [0, isSelected, 0, isOn, on, cidr.prefix] : undefined;
  const ranks = relays.flatMap((relay): Rank[] => {
    if (!isBy(relay, cameIn)) return [];
    const ids = (relay.circuitId ? 1 : 0) + (relay.remoteId ? 1 : 0);
    // Of a relay known by its address alone, the link that it names is another subnet's.
    if (ids === 0 && cameIn.linkSelection !== undefined && !isOn) return [];
    return [[ids, isSelected, relay.giaddr === undefined ? 0 : 1, isOn, on, cidr.prefix]];
  });
  return ranks.reduce<Rank | undefined>((best, rank) => (best && !isAbove(rank, best) ? best : rank), undefined);
}

function isBy({ giaddr, circuitId, remoteId }: RelayMatch, cameIn: CameIn): boolean {
  return (
    (giaddr === undefined || giaddr === cameIn.giaddr) &&
    (circuitId === undefined || (cameIn.circuitId?.equals(circuitId) ?? false)) &&
    (remoteId === undefined || (cameIn.remoteId?.equals(remoteId) ?? false))
  );
}

function isAbove(a: Rank, b: Rank): boolean {
  const at = a.findIndex((each, index) => each !== b[index]);
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}
