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
