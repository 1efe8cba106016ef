/**
 * Asks whether an address is in use before it is offered: by ARP on a network of ours, by ICMP echo behind a relay agent.
 * Many are asked at once; none waits for another.
 */
import type { Logger } from 'pino';
import { sameSubnet } from '../../machines/hardware.ts';
import type { CameIn } from './network.ts';
import { arpWay, icmpWay, type Way } from './probe-ways.ts';

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

/** Who uses an address. */
export interface User {
  /** Undefined where it is behind a router. */
  mac: string | undefined;
}

/** The answer to a probe that is on its way, or undefined where none can be made now. */
export type Probe = (address: string, from: CameIn['interface']) => Promise<User | undefined> | undefined;

interface Asked {
  answer(user: User | undefined): void;
  promise: Promise<User | undefined>;
  /** When it was asked first, ms of the monotonic clock. */
  at: number;
}

/**
 * What is asked by one way, by address. All wait equally long: of each list the first is the one that is due first, and
 * nothing behind it need be looked at.
 */
interface Asking {
  way: Way;
  once: Map<string, Asked>;
  twice: Map<string, Asked>;
}

/** @param log told once of each way that is closed to us, for want of rights */
export class ConflictProbe {
  readonly #log: Logger;
  /**
   * By name of the interface, as networks at others may have the same addresses, and '' for ICMP; undefined where it cannot
   * be opened.
   */
  readonly #asking = new Map<string, Asking | undefined>();
  #looking: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly probe: Probe = (address, from) => {
    const asking = this.#by(sameSubnet(address, from.address, from.netmask) ? from.name : '');
    if (asking === undefined) return undefined;
    const known = asking.once.get(address) ?? asking.twice.get(address);
    if (known) return known.promise;
    const out = this.#out();
    if (out >= MOST) return undefined;
    // What came unasked says nothing of now.
    if (out === 0) this.#hear();
    const { promise, resolve } = Promise.withResolvers<User | undefined>();
    asking.once.set(address, { answer: resolve, promise, at: performance.now() });
    asking.way.send(address);
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS);
    return promise;
  };

  /** Ends all probes without an answer. */
  close(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    for (const asking of this.#asking.values()) {
      for (const { answer } of asking?.once.values() ?? []) answer(undefined);
      for (const { answer } of asking?.twice.values() ?? []) answer(undefined);
      asking?.way.close();
    }
    this.#asking.clear();
  }

  #out(): number {
    let out = 0;
    for (const asking of this.#asking.values()) out += asking ? asking.once.size + asking.twice.size : 0;
    return out;
  }

  /** Takes the answers that have come. */
  #hear(): void {
    for (const asking of this.#asking.values())
      asking?.way.read((address, user) => {
        const list = asking.once.has(address) ? asking.once : asking.twice;
        list.get(address)?.answer(user);
        list.delete(address);
      });
  }

  #look(): void {
    this.#hear();
    const now = performance.now();
    let left = ENDED_AT_ONCE;
    for (const asking of this.#asking.values()) if (asking) left -= takeTurn(asking, now, left);
    if (this.#out() > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #by(name: string): Asking | undefined {
    if (!this.#asking.has(name)) {
      const way = name === '' ? icmpWay(this.#log) : arpWay(name, this.#log);
      this.#asking.set(name, way && { way, once: new Map(), twice: new Map() });
    }
    return this.#asking.get(name);
  }
}

/** Asks again for whom half of the time is over, and gives up, of those for whom all of it is, `most`. @returns how many */
function takeTurn({ way, once, twice }: Asking, now: number, most: number): number {
  const wait = WAIT_MS[way.kind];
  let ended = 0;
  for (const [address, asked] of twice) {
    if (ended >= most || asked.at + wait > now) break;
    twice.delete(address);
    asked.answer(undefined);
    ended++;
  }
  for (const [address, asked] of once) {
    if (asked.at + wait / 2 > now) break;
    once.delete(address);
    twice.set(address, asked);
    way.send(address);
  }
  return ended;
}
