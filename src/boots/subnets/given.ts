/** What a client of a network is given, option by option: for people to see, and to count its bytes. Pure. */

import { addressNumber, dotted, netmaskOf } from '../../addresses.ts';
import type { Network } from '../dhcp/network.ts';
import { address, addresses, Option, readAddresses, text, u16, u32 } from '../dhcp/options.ts';
import { classlessRoutes, domainSearch } from '../dhcp/routes-and-names.ts';
import { endsOf, startOf } from './addresses.ts';
import { FOR_EVER } from './duration.ts';
import { optionName, optionOf } from './option-table.ts';

/** One option. */
export interface GivenOption {
  code: number;
  name: string;
  /** For people. */
  shown: string;
  value: Buffer;
}

/** The options of a network, by their numbers, as a client without wishes of its own gets them. */
export function givenOptions(network: Network): GivenOption[] {
  const { routers, nameServers, timeServers, domainName, searchDomains, routes, mtu, leaseTime } = network;
  const mask = netmaskOf(network.prefix);
  const start = startOf(addressNumber(network.address), network.prefix);
  const ends = endsOf({ start, prefix: network.prefix });
  const given: [code: number, shown: string, value: Buffer][] = [
    [Option.SUBNET_MASK, mask, address(mask)],
    [Option.IP_ADDRESS_LEASE_TIME, secondsText(leaseTime), u32(leaseTime)],
    ...[...network.options].map(([code, value]): [number, string, Buffer] => [code, shownValue(code, value), value]),
  ];
  if (ends) given.push([Option.BROADCAST_ADDRESS, dotted(ends.broadcast), address(dotted(ends.broadcast))]);
  const list = (code: number, values: readonly string[]) => {
    if (values.length > 0) given.push([code, values.join(', '), addresses(values)]);
  };
  list(Option.ROUTER, routers);
  list(Option.DOMAIN_NAME_SERVER, nameServers);
  list(Option.NTP_SERVERS, timeServers);
  if (domainName !== undefined) given.push([Option.DOMAIN_NAME, domainName, text(domainName)]);
  if (mtu !== undefined) given.push([Option.INTERFACE_MTU, String(mtu), u16(mtu)]);
  if (searchDomains.length > 0)
    given.push([Option.DOMAIN_SEARCH, searchDomains.join(', '), domainSearch(searchDomains)]);
  if (routes.length > 0) {
    const shown = routes.map((each) => `${each.address}/${each.prefix} via ${each.via}`).join(', ');
    given.push([Option.CLASSLESS_STATIC_ROUTE, shown, classlessRoutes(routes, routers)]);
  }
  return given
    .toSorted(([a], [b]) => a - b)
    .map(([code, shown, value]) => ({ code, name: optionName(code), shown, value }));
}

/** How many addresses a network has for machines without a reservation. */
export function poolSize({ mode, ranges, excluded }: Network): number {
  if (mode !== 'pool') return 0;
  const all = ranges.map(({ first, last }) => [addressNumber(first), addressNumber(last)] as const);
  const left = excluded.map(addressNumber).filter((each) => all.some(([first, last]) => each >= first && each <= last));
  return all.reduce((sum, [first, last]) => sum + last - first + 1, 0) - left.length;
}

/** `12h`, or `90s`. */
export function secondsText(seconds: number): string {
  if (seconds === FOR_EVER) return 'for ever';
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function shownValue(code: number, value: Buffer): string {
  const option = optionOf(String(code));
  const type = typeof option === 'string' ? undefined : option.type;
  if (type === 'address' || type === 'addresses') {
    const found = readAddresses(new Map([[code, value]]), code);
    if (found.length > 0) return found.join(', ');
  }
  const readable = value.toString('utf8');
  return /^[\x20-\x7e]+$/.test(readable) ? readable : `0x${value.toString('hex')}`;
}
