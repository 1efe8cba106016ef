/**
 * The network interfaces with their IPv4 addresses, those without a cable too: Node leaves them out, but the machine at
 * the other end of the cable may be the one that is to be powered on.
 */
import { readFileSync } from 'node:fs';
import { errno, libc, udpSocket } from './libc.ts';

// <linux/sockios.h> and <linux/if.h>, the same on x86-64 and arm64.
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFADDR = 0x8915;
const SIOCGIFNETMASK = 0x891b;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const IFF_UP = 1;
// <net/if_arp.h>
const ARPHRD_ETHER = 1;
/** struct ifreq: a name of 16 bytes, then a union. The address of a sockaddr_in is 4 bytes into the union. */
const IFREQ = { bytes: 40, union: 16, address: 20 };

export interface InterfaceAddress {
  name: string;
  address: string;
  netmask: string;
}

/** Every interface that is up and has an IPv4 address, with its first one. */
export function interfaceAddresses(): InterfaceAddress[] {
  const { ioctl, close } = libc();
  const fd = udpSocket();
  if (fd < 0) throw new Error(`the interfaces cannot be asked for: socket ${errno().code}`);
  const ask = (name: string, request: number): Buffer | undefined => {
    const argument = Buffer.alloc(IFREQ.bytes);
    argument.write(name, 'latin1');
    return ioctl(fd, request, argument) === 0 ? argument : undefined;
  };
  const address = (argument: Buffer | undefined): string | undefined =>
    argument && [...argument.subarray(IFREQ.address, IFREQ.address + 4)].join('.');
  try {
    return interfaceNames().flatMap((name) => {
      const flags = ask(name, SIOCGIFFLAGS)?.readUInt16LE(IFREQ.union) ?? 0;
      const own = address(ask(name, SIOCGIFADDR));
      const netmask = address(ask(name, SIOCGIFNETMASK));
      return flags & IFF_UP && own && netmask ? [{ name, address: own, netmask }] : [];
    });
  } finally {
    close(fd);
  }
}

/** Number and hardware address of an Ethernet interface; undefined for one that is gone, or that has no such address. */
export function linkOf(name: string): { index: number; mac: Buffer } | undefined {
  const { ioctl, close } = libc();
  const fd = udpSocket();
  if (fd < 0) return undefined;
  try {
    const argument = Buffer.alloc(IFREQ.bytes);
    argument.write(name, 'latin1');
    if (ioctl(fd, SIOCGIFINDEX, argument) < 0) return undefined;
    const index = argument.readInt32LE(IFREQ.union);
    if (ioctl(fd, SIOCGIFHWADDR, argument) < 0) return undefined;
    if (argument.readUInt16LE(IFREQ.union) !== ARPHRD_ETHER) return undefined;
    return { index, mac: Buffer.from(argument.subarray(IFREQ.union + 2, IFREQ.union + 8)) };
  } finally {
    close(fd);
  }
}

/** proc(5), /proc/net/dev: two lines of headings, then a line an interface. */
function interfaceNames(): string[] {
  return readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .flatMap((line) => line.split(':')[0]?.trim() || []);
}
