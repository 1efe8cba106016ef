/** The kernel's ARP table (proc(5), /proc/net/arp): which MAC address is behind an IP address on a network of ours. */
import { readFileSync } from 'node:fs';

const ATF_COM = 0x2;

/** MAC address by IPv4 address; entries that are not complete are left out. */
export function parseArp(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac] = line.trim().split(/\s+/);
    if (address && mac && Number(flags) & ATF_COM) found.set(address, mac.toLowerCase());
  }
  return found;
}

/** MAC address behind an IP address, as the kernel knows it now. */
export function neighbour(address: string): string | undefined {
  return parseArp(readFileSync('/proc/net/arp', 'utf8')).get(address);
}
