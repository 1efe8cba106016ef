/**
 * The network interfaces with their IPv4 addresses, those without a cable too: Node leaves them out, but the machine at
 * the other end of the cable may be the one that is to be powered on.
 */
import { readFileSync } from 'node:fs';
import { linkOf } from './link.ts';

export interface InterfaceAddress {
  name: string;
  address: string;
  netmask: string;
}

/** Every interface that is up and has an IPv4 address, with its first one. */
export function interfaceAddresses(): InterfaceAddress[] {
  return interfaceNames().flatMap((name) => {
    const { up = false, address, netmask } = linkOf(name) ?? {};
    return up && address && netmask ? [{ name, address, netmask }] : [];
  });
}

/** proc(5), /proc/net/dev: two lines of headings, then a line an interface. */
function interfaceNames(): string[] {
  return readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .flatMap((line) => line.split(':')[0]?.trim() || []);
}
