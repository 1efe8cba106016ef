/** IPv4 addresses as numbers, so that ranges of them can be counted through. */

const ZERO = 48;
const DOT = 46;

/** An IPv4 address as a number. Without the lists that splitting it would make: there are some for each packet. */
export function addressNumber(address: string): number {
  let sum = 0;
  let byte = 0;
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at);
    if (code === DOT) {
      sum = sum * 256 + byte;
      byte = 0;
    } else byte = byte * 10 + code - ZERO;
  }
  return sum * 256 + byte;
}

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

const ENDS = new WeakMap<{ address: string; prefix: number }, { first: number; last: number }>();

/** Whether an address lies in a network. */
export function isWithin(address: string, network: Readonly<{ address: string; prefix: number }>): boolean {
  let ends = ENDS.get(network);
  if (ends === undefined) {
    ends = endsOf(network.address, network.prefix);
    ENDS.set(network, ends);
  }
  const { first, last } = ends;
  const number = addressNumber(address);
  return number >= first && number <= last;
}
