/**
 * Asks whether an address is in use before it is offered: by ARP on a network of ours, which every computer answers
 * whatever its firewall says, by ICMP echo behind a relay agent. Many are asked at once; none waits for another.
 */
import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { sameSubnet } from '../../machines/hardware.ts';
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
import type { CameIn } from './network.ts';
import { arpProbe, arpSender, ETHERTYPE_ARP, echoRequest, echoSender } from './probe-packets.ts';

/** How long an answer is waited for, ms: the round trip on a cable, and through a network. Asked twice in that time. */
const WAIT_MS = { arp: 300, icmp: 500 } as const;
/** How often it is looked for answers while some are waited for, ms. */
const LOOK_MS = 10;
/**
 * Probes that come to their end at one look, and so OFFERs that leave at once: after a power cut hundreds of clients may be
 * behind one relay agent, whose socket has room for some two hundred packets.
 */
const ENDED_AT_ONCE = 50;
/** Probes at once. When so many are out, the next client is not made to wait for one. */
const MOST = 4096;
/** Packets read at one look, so that a flood of them does not hold up what else there is to do. */
const READ_AT_ONCE = 512;

/** Who uses an address. */
export interface User {
  /** Undefined where it is behind a router. */
  mac: string | undefined;
}

/** The answer to a probe that is on its way, or undefined where none can be made now. */
export type Probe = (address: string, from: CameIn['interface']) => Promise<User | undefined> | undefined;

interface Asked {
  send(): void;
  answer(user: User | undefined): void;
  promise: Promise<User | undefined>;
  /** ms of the monotonic clock */
  again: number;
  end: number;
}

/** Where probes leave. */
interface Way {
  kind: keyof typeof WAIT_MS;
  send(address: string): void;
  /** Takes what has come. */
  read(answered: (address: string, user: User) => void): void;
  close(): void;
}

/** @param log told once of each way that is closed to us, for want of rights */
export class ConflictProbe {
  readonly #log: Logger;
  /** By where it is asked and the address: networks at other interfaces may have the same addresses. */
  readonly #asked = new Map<string, Asked>();
  /** By name of the interface, and '' for ICMP; undefined where it cannot be opened. */
  readonly #ways = new Map<string, Way | undefined>();
  #looking: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly probe: Probe = (address, from) => {
    const name = sameSubnet(address, from.address, from.netmask) ? from.name : '';
    const key = keyOf(name, address);
    const known = this.#asked.get(key);
    if (known) return known.promise;
    if (this.#asked.size >= MOST) return undefined;
    const way = this.#way(name);
    if (way === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<User | undefined>();
    const now = performance.now();
    const wait = WAIT_MS[way.kind];
    const asked: Asked = {
      send: () => way.send(address),
      answer: resolve,
      promise,
      again: now + wait / 2,
      end: now + wait,
    };
    if (this.#asked.size === 0) this.#look(false);
    this.#asked.set(key, asked);
    asked.send();
    this.#looking ??= setInterval(() => this.#look(true), LOOK_MS);
    return promise;
  };

  /** Ends all probes without an answer. */
  close(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    for (const { answer } of this.#asked.values()) answer(undefined);
    this.#asked.clear();
    for (const way of this.#ways.values()) way?.close();
    this.#ways.clear();
  }

  /** Takes the answers that have come. @param isDue whether those waited for too long are given up */
  #look(isDue: boolean): void {
    for (const [name, way] of this.#ways) {
      way?.read((address, user) => {
        const key = keyOf(name, address);
        this.#asked.get(key)?.answer(user);
        this.#asked.delete(key);
      });
    }
    if (!isDue) return;
    const now = performance.now();
    let left = ENDED_AT_ONCE;
    for (const [key, asked] of this.#asked) {
      if (asked.end <= now) {
        if (left-- <= 0) continue;
        asked.answer(undefined);
        this.#asked.delete(key);
      } else if (asked.again <= now) {
        asked.again = Number.POSITIVE_INFINITY;
        asked.send();
      }
    }
    if (this.#asked.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #way(name: string): Way | undefined {
    if (!this.#ways.has(name)) this.#ways.set(name, name === '' ? this.#icmp() : this.#arp(name));
    return this.#ways.get(name);
  }

  #arp(name: string): Way | undefined {
    const link = this.#linkOf(name);
    if (link?.mac === undefined) return undefined;
    const mac = Buffer.from(link.mac.replaceAll(':', ''), 'hex');
    const { bind, sendto } = libc();
    const fd = packetSocket(ETHERTYPE_ARP);
    const own = linkAddress(ETHERTYPE_ARP, link.index);
    if (fd < 0 || bind(fd, own, own.length) < 0) return this.#closed(fd, `ARP on ${name}`);
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

  #linkOf(name: string): Link | undefined {
    try {
      return linkOf(name);
    } catch {
      // There is no descriptor left to ask with, and so none for ARP either.
      return undefined;
    }
  }

  #icmp(): Way | undefined {
    const fd = icmpSocket();
    if (fd < 0) return this.#closed(fd, 'ICMP');
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

  #closed(fd: number, what: string): undefined {
    const { code } = errno();
    if (fd >= 0) libc().close(fd);
    this.#log.warn(
      { code },
      `addresses are given without asking first by ${what} whether another computer uses them: this needs root, or CAP_NET_RAW`,
    );
    return undefined;
  }
}

const keyOf = (way: string, address: string): string => `${way} ${address}`;

const room = new DatagramRoom(256, LINK_ADDRESS_BYTES);

/** @param take is given bytes, and the address that they came from, which are its own until it returns */
function readAll(fd: number, take: (bytes: Buffer, from: Buffer) => void): void {
  for (let count = 0; count < READ_AT_ONCE; count++) {
    const length = room.receive(fd);
    if (length < 0) return;
    take(room.bytes.subarray(0, length), room.from);
  }
}
