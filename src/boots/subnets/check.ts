/** What is wrong with a subnet whose writing is right: in itself, and beside others. Pure. */
import { dotted } from '../../addresses.ts';
import { type Cidr, cidrText, contains, endsOf, meet, overlap, type Range } from './addresses.ts';
import { givenOptions } from './given.ts';
import type { Parsed, RelayMatch } from './parsed.ts';
import { networkFor } from './served.ts';

/** Something wrong, with the keys that lead to it. */
export interface PathProblem {
  path: readonly (string | number)[];
  message: string;
}

/** Addresses that are left out one by one: more of them are better written as gaps between ranges. */
const EXCLUDED_MAX = 1024;
/** Bytes of all options: a message of 1,500 has the boot file and the rest of the protocol too. */
const OPTIONS_MAX = 1024;

/** What is wrong with a subnet in itself. */
export function problemsWithin(parsed: Parsed): PathProblem[] {
  const problems = [
    ...rangeProblems(parsed),
    ...excludeProblems(parsed),
    ...routerProblems(parsed),
    ...routeProblems(parsed),
    ...leaseProblems(parsed),
  ];
  return problems.length > 0 ? problems : sizeProblems(parsed);
}

function rangeProblems({ subnet, cidr, ranges, excluded, routers }: Parsed): PathProblem[] {
  const problems: PathProblem[] = [];
  const text = (index: number): string => subnet.ranges?.[index] ?? '';
  const report = (index: number, message: string) => problems.push({ path: ['ranges', index], message });
  if (subnet.mode === 'pool' && ranges.length === 0)
    problems.push({
      path: ['ranges'],
      message: 'must be there for mode pool: they say which addresses are given',
    });
  for (const [index, range] of ranges.entries()) {
    if (!contains(cidr, range.first) || !contains(cidr, range.last)) {
      report(index, `${text(index)} is outside of ${cidrText(cidr)}`);
      continue;
    }
    const other = ranges.findIndex((each, at) => at < index && meet(each, range));
    if (other !== -1) report(index, `${text(index)} overlaps ${text(other)}`);
    for (const message of unusableIn(range, cidr)) report(index, `${text(index)} ${message}`);
    for (const router of routers) {
      if (within(range, router) && !excluded.some((each) => within(each, router)))
        report(index, `${text(index)} has the router ${dotted(router)} in it: name it in exclude, or end before it`);
    }
  }
  return problems;
}

function unusableIn(range: Range, cidr: Cidr): string[] {
  const ends = endsOf(cidr);
  return [
    ...(ends && range.first === ends.network
      ? [`begins with the network’s own address ${dotted(ends.network)}, which nobody can have`]
      : []),
    ...(ends && range.last === ends.broadcast
      ? [`ends with the broadcast address ${dotted(ends.broadcast)}, which nobody can have`]
      : []),
  ];
}

function excludeProblems({ subnet, cidr, excluded }: Parsed): PathProblem[] {
  const problems = excluded.flatMap(({ first, last }, index): PathProblem[] => {
    if (contains(cidr, first) && contains(cidr, last)) return [];
    return [{ path: ['exclude', index], message: `${subnet.exclude?.[index]} is outside of ${cidrText(cidr)}` }];
  });
  const count = excluded.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count <= EXCLUDED_MAX) return problems;
  const message = `are ${count} addresses, and ${EXCLUDED_MAX} can be left out: write ranges with a gap instead`;
  return [...problems, { path: ['exclude'], message }];
}

function routerProblems({ cidr, routers }: Parsed): PathProblem[] {
  return routers.flatMap((router, index): PathProblem[] => {
    const message = neighbourProblem(router, cidr);
    return message === undefined ? [] : [{ path: ['routers', index], message }];
  });
}

function routeProblems({ subnet, cidr, routes }: Parsed): PathProblem[] {
  return routes.flatMap(({ to, via }, index): PathProblem[] => {
    const path = ['routes', index];
    const first = routes.findIndex((each) => each.to.start === to.start && each.to.prefix === to.prefix);
    const message = via === 0 ? undefined : neighbourProblem(via, cidr);
    return [
      ...(first < index ? [{ path, message: `${cidrText(to)} has a route already: ${subnet.routes?.[first]}` }] : []),
      ...(message === undefined ? [] : [{ path, message }]),
    ];
  });
}

/** Why nobody on a network reaches a router; undefined where they do. A network of one address has it elsewhere. */
function neighbourProblem(router: number, cidr: Cidr): string | undefined {
  if (cidr.prefix === 32) return undefined;
  if (!contains(cidr, router)) return `${dotted(router)} is not in ${cidrText(cidr)}, and nobody there would reach it`;
  const ends = endsOf(cidr);
  if (router === ends?.network) return `${dotted(router)} is the network’s own address`;
  if (router === ends?.broadcast) return `${dotted(router)} is the broadcast address`;
  return undefined;
}

function leaseProblems({ subnet, leases }: Parsed): PathProblem[] {
  const { usual, shortest, longest } = leases;
  if (shortest > longest)
    return [{ path: ['shortestLease'], message: `${shortest} s is longer than longestLease, ${longest} s` }];
  if (usual >= shortest && usual <= longest) return [];
  const path = [subnet.leaseTime === undefined ? 'longestLease' : 'leaseTime'];
  return [{ path, message: `${usual} s is not between shortestLease, ${shortest} s, and longestLease, ${longest} s` }];
}

function sizeProblems(parsed: Parsed): PathProblem[] {
  const bytes = givenOptions(networkFor(parsed)).reduce((sum, { value }) => {
    return sum + value.length + 2 * Math.max(1, Math.ceil(value.length / 255));
  }, 0);
  if (bytes <= OPTIONS_MAX) return [];
  const message = `and what else clients are given take ${bytes} bytes, and a message has room for ${OPTIONS_MAX}: give less in options, routes, search or dns`;
  return [{ path: ['options'], message }];
}

/**
 * What is wrong with a subnet beside another: a request could be of both, or two machines could be given one address.
 * Subnets whose networks have nothing in common are never in each other's way.
 */
export function problemsBetween(parsed: Parsed, other: Parsed): PathProblem[] {
  if (!overlap(parsed.cidr, other.cidr)) return [];
  const name = `subnet ${other.subnet.name} (${other.subnet.network}${placeOf(other)})`;
  if (!areDistinct(parsed, other)) {
    const message = `${parsed.subnet.network} overlaps ${name}, and nothing tells their requests apart: give them different interfaces or relays`;
    return [{ path: ['network'], message }];
  }
  // Leases are kept by address alone: wherever its link is, an address is somebody's only once.
  return parsed.ranges.flatMap((range, index): PathProblem[] => {
    const at = other.ranges.findIndex((each) => meet(range, each));
    if (at === -1) return [];
    const message = `${parsed.subnet.ranges?.[index]} overlaps ${other.subnet.ranges?.[at]} of ${name}`;
    return [{ path: ['ranges', index], message }];
  });
}

/** Whether no request is of both alike: see `match.ts`, where the more exact one counts. */
function areDistinct(a: Parsed, b: Parsed): boolean {
  if (a.subnet.interface !== b.subnet.interface) return true;
  if (a.relays === undefined || b.relays === undefined) return a.relays !== b.relays;
  const others = b.relays;
  return !a.relays.some((relay) => others.some((each) => sameRelay(relay, each)));
}

export function sameRelay(a: RelayMatch, b: RelayMatch): boolean {
  return a.giaddr === b.giaddr && sameBytes(a.circuitId, b.circuitId) && sameBytes(a.remoteId, b.remoteId);
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function placeOf({ subnet: { interface: on, relays, enabled } }: Parsed): string {
  return [
    on === undefined ? '' : `, on ${on}`,
    relays === undefined ? '' : ', by relays',
    enabled === false ? ', disabled' : '',
  ].join('');
}

function within({ first, last }: Range, address: number): boolean {
  return address >= first && address <= last;
}
