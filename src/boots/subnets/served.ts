/** A subnet as DHCP serves it. Pure. */

import { dotted } from '../../addresses.ts';
import type { Network } from '../dhcp/network.ts';
import type { Range } from './addresses.ts';
import { optionOf } from './option-table.ts';
import { bytesOf } from './option-values.ts';
import type { Parsed } from './parsed.ts';

/**
 * The network of a subnet. One that is disabled is off.
 * @param own addresses of the appliance, which nobody else is given
 */
export function networkFor(parsed: Parsed, own: readonly string[] = []): Network {
  const { subnet, cidr, ranges, excluded, leases } = parsed;
  return {
    name: subnet.name,
    address: dotted(cidr.start),
    prefix: cidr.prefix,
    mode: subnet.enabled === false ? 'off' : subnet.mode,
    ranges: ranges.map(({ first, last }) => ({ first: dotted(first), last: dotted(last) })),
    excluded: [...new Set([...excluded.flatMap(each), ...own])],
    routers: subnet.routers ?? [],
    nameServers: subnet.dns ?? [],
    timeServers: subnet.ntp ?? [],
    domainName: subnet.domain,
    searchDomains: subnet.search ?? [],
    routes: routesOf(parsed),
    mtu: subnet.mtu,
    leaseTime: leases.usual,
    shortestLease: leases.shortest,
    longestLease: leases.longest,
    options: new Map(Object.entries(subnet.options ?? {}).flatMap(([key, value]) => option(key, value))),
  };
}

function each({ first, last }: Range): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => dotted(first + index));
}

/** A client that is given routes takes no notice of the router (RFC 3442): its route is one of them then. */
function routesOf({ routes, subnet }: Parsed): Network['routes'] {
  const all = routes.map(({ to, via }) => ({ address: dotted(to.start), prefix: to.prefix, via: dotted(via) }));
  const [router] = subnet.routers ?? [];
  if (all.length === 0 || router === undefined || all.some(({ prefix }) => prefix === 0)) return all;
  return [...all, { address: '0.0.0.0', prefix: 0, via: router }];
}

function option(key: string, value: Parameters<typeof bytesOf>[1]): [number, Buffer][] {
  const found = optionOf(key);
  const bytes = typeof found === 'string' ? found : bytesOf(found.type, value);
  return typeof found === 'string' || typeof bytes === 'string' ? [] : [[found.code, bytes]];
}
