/** Where the question leaves by which it is found out whether an address is in use, and where the answers are heard. */
import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { DatagramRoom } from '../../system/datagram-room.ts';
import {
  errno,
  icmpSocket,
  interfaceOf,
  LINK_ADDRESS_BYTES,
  libc,
  linkAddress,
  packetSocket,
  socketAddress,
} from '../../system/libc.ts';
import { type Link, linkOf } from '../link.ts';
import type { User } from './conflict-probe.ts';
import { arpProbe, arpSender, ETHERTYPE_ARP, echoRequest, echoSender } from './probe-packets.ts';

/** Packets read at one look, so that a flood of them does not hold up what else there is to do. */
const READ_AT_ONCE = 512;

/** An open way. */
export interface Way {
  kind: 'arp' | 'icmp';
  send(address: string): void;
  /** Takes what has come. */
  read(answered: (address: string, user: User) => void): void;
  close(): void;
}

/** By ARP at an interface, which every computer answers whatever its firewall says; undefined where that is not to be had. */
export function arpWay(name: string, log: Logger): Way | undefined {
  const link = linkNamed(name);
  if (link?.mac === undefined) return undefined;
  const mac = Buffer.from(link.mac.replaceAll(':', ''), 'hex');
  const { bind, sendto } = libc();
  const fd = packetSocket(ETHERTYPE_ARP);
  const own = linkAddress(ETHERTYPE_ARP, link.index);
  if (fd < 0 || bind(fd, own, own.length) < 0) return closed(fd, `ARP on ${name}`, log);
  const everybody = linkAddress(ETHERTYPE_ARP, link.index, Buffer.alloc(6, 0xff));
  return {
    kind: 'arp',
    send: (address) => {
      const packet = arpProbe(mac, address);
      sendto(fd, packet, packet.length, 0, everybody, everybody.length);
    },
    read: (answered) =>
      readAll(fd, (bytes, from) => {
        // Of a card that carries VLANs their packets are heard too.
        const sender = interfaceOf(from) === link.index ? arpSender(bytes) : undefined;
        if (sender) answered(sender.address, { mac: sender.mac });
      }),
    close: () => void libc().close(fd),
  };
}

/** By ICMP echo, through routers; undefined where that is not to be had. */
export function icmpWay(log: Logger): Way | undefined {
  const fd = icmpSocket();
  if (fd < 0) return closed(fd, 'ICMP', log);
  const identifier = randomInt(0x10000);
  let sequence = 0;
  return {
    kind: 'icmp',
    send: (address) => {
      const packet = echoRequest(identifier, ++sequence);
      const to = socketAddress(address, 0);
      libc().sendto(fd, packet, packet.length, 0, to, to.length);
    },
    read: (answered) =>
      readAll(fd, (bytes) => {
        const sender = echoSender(bytes, identifier);
        if (sender) answered(sender, { mac: undefined });
      }),
    close: () => void libc().close(fd),
  };
}

function linkNamed(name: string): Link | undefined {
  try {
    return linkOf(name);
  } catch {
    // There is no descriptor left to ask with, and so none for ARP either.
    return undefined;
  }
}

function closed(fd: number, what: string, log: Logger): undefined {
  const { code } = errno();
  if (fd >= 0) libc().close(fd);
  log.warn(
    { code },
    `addresses are given without asking first by ${what} whether another computer uses them: this needs root, or CAP_NET_RAW`,
  );
  return undefined;
}

const room = new DatagramRoom(256, LINK_ADDRESS_BYTES);

/** @param take is given bytes, and the address that they came from, which are its own until it returns */
function readAll(fd: number, take: (bytes: Buffer, from: Buffer) => void): void {
  for (let count = 0; count < READ_AT_ONCE; count++) {
    const length = room.receive(fd);
    if (length < 0) return;
    take(room.bytes.subarray(0, length), room.from);
  }
}
