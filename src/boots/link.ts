/** A network interface as a cable is seen from it, addresses or not. Linux's values, the same on x86-64 and arm64. */

import { errno, libc, udpSocket } from '../system/libc.ts';
import { readMac } from './dhcp-client/frames.ts';

// <linux/sockios.h>
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFADDR = 0x8915;
const SIOCGIFNETMASK = 0x891b;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
// <linux/if.h>
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
/** struct ifreq: a name of 16 bytes, then a union; an address lies 2 (MAC) or 4 (IPv4) bytes into a sockaddr. */
const IFREQ = { bytes: 40, union: 16, mac: 18, ip: 20 };
const LONGEST_NAME = 15;
const ARPHRD_ETHER = 1;

export interface Link {
  name: string;
  index: number;
  /** Undefined where it is no Ethernet. */
  mac: string | undefined;
  up: boolean;
  /** Up, and a cable with somebody at its other end. */
  carrier: boolean;
  /** Its first IPv4 address. */
  address: string | undefined;
  netmask: string | undefined;
}

/**
 * The interface of this name in this network namespace, or undefined.
 * @throws Error where there is no descriptor left to ask with
 */
export function linkOf(name: string): Link | undefined {
  if (name.length === 0 || Buffer.byteLength(name) > LONGEST_NAME) return undefined;
  const { ioctl, close } = libc();
  const fd = udpSocket();
  if (fd < 0) throw new Error(`the interface ${name} cannot be asked for: socket ${errno().code}`);
  const ask = (request: number): Buffer | undefined => {
    const argument = Buffer.alloc(IFREQ.bytes);
    argument.write(name);
    return ioctl(fd, request, argument) === 0 ? argument : undefined;
  };
  const ip = (request: number): string | undefined => {
    const found = ask(request);
    return found && [...found.subarray(IFREQ.ip, IFREQ.ip + 4)].join('.');
  };
  try {
    const index = ask(SIOCGIFINDEX)?.readInt32LE(IFREQ.union);
    if (index === undefined) return undefined;
    const flags = ask(SIOCGIFFLAGS)?.readUInt16LE(IFREQ.union) ?? 0;
    const hardware = ask(SIOCGIFHWADDR);
    const isEthernet = hardware?.readUInt16LE(IFREQ.union) === ARPHRD_ETHER;
    return {
      name,
      index,
      mac: hardware && isEthernet ? readMac(hardware, IFREQ.mac) : undefined,
      up: (flags & IFF_UP) !== 0,
      carrier: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0,
      address: ip(SIOCGIFADDR),
      netmask: ip(SIOCGIFNETMASK),
    };
  } finally {
    close(fd);
  }
}
