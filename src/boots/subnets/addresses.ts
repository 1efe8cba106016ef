/** IPv4 networks and ranges as numbers. */
import { isIPv4 } from 'node:net';
import { addressNumber, dotted } from '../../addresses.ts';

/** A network: the number of its first address, and its prefix length. */
export interface Cidr {
  start: number;
  prefix: number;
}

/** Addresses from one to another, both among them. */
export interface Range {
  first: number;
  last: number;
}

/** How many addresses a network has. */
export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

/** The first address of the network that an address is in. */
export function startOf(address: number, prefix: number): number {
  return address - (address % sizeOf(prefix));
}

/** The last address of a network. */
export function lastOf({ start, prefix }: Cidr): number {
  return start + sizeOf(prefix) - 1;
}

/** Whether an address is in a network. */
export function contains({ start, prefix }: Cidr, address: number): boolean {
  return address >= start && address < start + sizeOf(prefix);
}

/** Two networks have an address in common only where one is in the other. */
export function overlap(a: Cidr, b: Cidr): boolean {
  return contains(a, b.start) || contains(b, a.start);
}

/** Whether two ranges have an address in common. */
export function meet(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** `192.168.1.0/24` of a network. */
export function cidrText({ start, prefix }: Cidr): string {
  return `${dotted(start)}/${prefix}`;
}

/**
 * Reads `192.168.1.0/24`.
 * @returns the network, or what is wrong with the text
 */
export function readCidr(text: string): Cidr | string {
  const [, address = '', digits = ''] = /^(\S+)\/(\d{1,2})$/.exec(text) ?? [];
  if (!isIPv4(address) || digits === '') return 'is not a network such as 192.168.1.0/24';
  const prefix = Number(digits);
  if (prefix > 32) return `has a prefix of ${prefix}, and 32 is the longest`;
  const number = addressNumber(address);
  const start = startOf(number, prefix);
  if (start === number) return { start, prefix };
  return `${text} has host bits set: the network is ${dotted(start)}/${prefix}`;
}

/**
 * Reads `192.168.1.100-192.168.1.199`, or one address.
 * @returns the range, or what is wrong with the text
 */
export function readRange(text: string): Range | string {
  const [first = '', last = first, ...more] = text.split('-').map((part) => part.trim());
  if (!isIPv4(first) || !isIPv4(last) || more.length > 0) return 'is not a range such as 192.168.1.100-192.168.1.199';
  const range = { first: addressNumber(first), last: addressNumber(last) };
  if (range.first <= range.last) return range;
  return `${text} is reversed: its first address comes after its last`;
}

/** Whether a machine can have an address: not of "this network", loopback, multicast, or reserved (RFC 6890). */
export function isHostAddress(address: number): boolean {
  const first = address >>> 24;
  return first > 0 && first !== 127 && first < 224;
}

/** The first and last address of a network, which no machine can have; a /31 and a /32 have none such (RFC 3021). */
export function endsOf(cidr: Cidr): { network: number; broadcast: number } | undefined {
  return cidr.prefix > 30 ? undefined : { network: cidr.start, broadcast: lastOf(cidr) };
}
