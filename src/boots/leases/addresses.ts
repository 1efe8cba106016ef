/** IPv4 addresses as numbers, so that ranges of them can be counted through. */
import { addressNumber } from '../../machines/hardware.ts';

export { addressNumber };

/** `192.0.2.1` of 3221225985. */
export function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** `255.255.255.0` of 24. */
export function netmaskOf(prefix: number): string {
  return dotted(prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);
}

/** 24 of `255.255.255.0`. */
export function prefixOf(netmask: string): number {
  return Math.clz32(~addressNumber(netmask));
}

/** The first and the last address of a network. */
export function endsOf(address: string, prefix: number): { first: number; last: number } {
  const hosts = 2 ** (32 - prefix);
  const first = Math.floor(addressNumber(address) / hosts) * hosts;
  return { first, last: first + hosts - 1 };
}

/** Whether an address lies in a network. */
export function isWithin(address: string, network: { address: string; prefix: number }): boolean {
  const { first, last } = endsOf(network.address, network.prefix);
  const number = addressNumber(address);
  return number >= first && number <= last;
}
