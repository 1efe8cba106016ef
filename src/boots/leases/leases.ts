/**
 * Who has which address, and who is to have which: the state of all leases in memory, and the decisions made on it. Pure
 * but for its own state: the time is passed in, and whoever calls `take` sees to it that the disk has the lease first.
 */

import { addressNumber, dotted } from '../../addresses.ts';
import type { Network } from '../dhcp/network.ts';
import { isWithin } from './addresses.ts';
import { isActive, type Lease } from './lease.ts';
import { type AddressStates, Pool } from './pool.ts';
import { Quarantine, type Quarantined } from './quarantine.ts';

/** How long an address that was offered waits for its client. Firmware asks within seconds. */
export const OFFER_MS = 60_000;

/** Whose an address is for other reasons than a lease. */
export interface Surroundings {
  /** MAC address of the machine that the address is reserved for. */
  reservedFor(address: string): string | undefined;
  /** It is an address of this computer. */
  isOurs(address: string): boolean;
}

/** An address to be given. */
export interface Choice {
  address: string;
  /** Whether somebody else may be using it: nothing is known of it yet. */
  isStrange: boolean;
}

/** What may be said to a client that wants one certain address. */
export type Claim =
  /** It has it already, or was offered it. */
  | { claim: 'own' }
  /** Nobody has it, and it may be given. */
  | { claim: 'free' }
  /** Somebody else has it, or it is kept. */
  | { claim: 'taken'; why: string }
  /** It is in no range of the network. */
  | { claim: 'outside' };

interface Offer {
  mac: string;
  until: number;
  /** It was asked whether somebody else uses it. */
  isProven: boolean;
  /** Leases of it that are on their way to the disk: until they are there it is nobody else's, however long it takes. */
  underWay: number;
}

const NONE: readonly number[] = [];

export class Leases {
  readonly #surroundings: Surroundings;
  readonly #leases = new Map<number, Lease>();
  readonly #offers = new Map<number, Offer>();
  /** Addresses that a client has, had, or was offered: mostly one. */
  readonly #ofClient = new Map<string, readonly number[]>();
  readonly #quarantine: Quarantine;
  /** By name of the network. */
  readonly #pools = new Map<string, Pool>();
  readonly #states: AddressStates = {
    busyUntil: (address) => this.#busyUntil(address),
    leaseEnd: (address) => this.#leases.get(address)?.end,
    isKept: (address) => this.#isKept(address),
  };

  /** @param quarantineChanged told of each address whose quarantine is another now, or none */
  constructor(surroundings: Surroundings, quarantineChanged: (address: string) => void = () => {}) {
    this.#surroundings = surroundings;
    this.#quarantine = new Quarantine(
      (address, now) => this.#freed(address, now),
      (address) => quarantineChanged(dotted(address)),
    );
  }

  /** Takes in a quarantine that is on the disk. @returns whether it means anything still */
  restoreQuarantine(address: string, why: Quarantined, now: number): boolean {
    return this.#quarantine.restore(addressNumber(address), why, now);
  }

  /** The lease of an address, whatever has become of it since. */
  get(address: string): Lease | undefined {
    return this.#leases.get(addressNumber(address));
  }

  all(): IterableIterator<Lease> {
    return this.#leases.values();
  }

  /** Addresses in quarantine now. */
  quarantined(now: number): { address: string; why: Quarantined }[] {
    return [...this.#quarantine.entries()].flatMap(([address, why]) =>
      why.until > now ? [{ address: dotted(address), why }] : [],
    );
  }

  quarantineOf(address: string): Quarantined | undefined {
    return this.#quarantine.get(addressNumber(address));
  }

  /** Who has, or was offered, an address; undefined: nobody. */
  holder(address: string, now: number): string | undefined {
    return this.#holder(addressNumber(address), now);
  }

  /**
   * The address for a client: the one it has or had, the one it was offered, the one it wants, one that nobody ever had,
   * or that of the lease that ended first; undefined where all are taken.
   */
  choose(mac: string, network: Network, wanted: string | undefined, now: number): Choice | undefined {
    const pool = this.#poolOf(network);
    const own = this.#ownIn(pool, mac, now);
    if (own !== undefined) {
      const offer = this.#offers.get(own);
      return { address: dotted(own), isStrange: this.#leases.get(own)?.mac !== mac && offer?.isProven !== true };
    }
    const asked = wanted === undefined ? undefined : addressNumber(wanted);
    const found = asked !== undefined && this.#mayGive(pool, asked, now) ? asked : pool.next(this.#states, now);
    return found === undefined ? undefined : { address: dotted(found), isStrange: true };
  }

  /** What stands against a client having an address of a network. */
  claim(mac: string, network: Network, address: string, now: number): Claim {
    const pool = this.#poolOf(network);
    const number = addressNumber(address);
    if (!pool.has(number)) return { claim: 'outside' };
    const holder = this.#holder(number, now);
    if (holder !== undefined && holder !== mac) return { claim: 'taken', why: `it is that of ${holder} now` };
    if (this.#surroundings.isOurs(address)) return { claim: 'taken', why: 'it is an address of this server' };
    const reserved = this.#surroundings.reservedFor(address);
    if (reserved !== undefined) return { claim: 'taken', why: `it is reserved for ${reserved}` };
    if (this.#quarantine.until(number) > now) return { claim: 'taken', why: 'another computer was found using it' };
    return { claim: holder === mac || this.#leases.get(number)?.mac === mac ? 'own' : 'free' };
  }

  /** Keeps an address for a client that it is offered to. What the client was offered before in the network is free. */
  offer(mac: string, network: Network, address: string, now: number): void {
    const number = addressNumber(address);
    const pool = this.#poolOf(network);
    for (const other of this.#ofClient.get(mac) ?? NONE) {
      if (other !== number && pool.has(other)) this.#withdraw(mac, other, now);
    }
    const before = this.#offers.get(number);
    const isSame = before?.mac === mac;
    // Offers stand in the order in which they were made.
    this.#offers.delete(number);
    this.#offers.set(number, {
      mac,
      until: now + OFFER_MS,
      isProven: isSame && before.until > now && before.isProven,
      underWay: isSame ? before.underWay : 0,
    });
    if (before !== undefined && !isSame) this.#forgetOf(before.mac, number);
    this.#rememberOf(mac, number);
    this.#sweep(now);
  }

  /** Nobody else was found using an address that is offered. */
  proven(mac: string, address: string): void {
    const offer = this.#offers.get(addressNumber(address));
    if (offer?.mac === mac) offer.isProven = true;
  }

  /** The client has taken another server's offer. */
  withdraw(mac: string, network: Network, now: number): void {
    const pool = this.#poolOf(network);
    for (const address of this.#ofClient.get(mac) ?? NONE) if (pool.has(address)) this.#withdraw(mac, address, now);
  }

  /** A lease is on its way to the disk: nobody else gets its address until `settled`. */
  underWay(mac: string, network: Network, address: string, now: number): void {
    this.offer(mac, network, address, now);
    const offer = this.#offers.get(addressNumber(address));
    if (offer) offer.underWay += 1;
  }

  /** It is there, or could not be written. */
  settled(mac: string, address: string): void {
    const offer = this.#offers.get(addressNumber(address));
    if (offer?.mac !== mac || offer.underWay === 0) return;
    offer.underWay -= 1;
    if (offer.underWay === 0 && this.#leases.get(addressNumber(address))?.mac === mac)
      this.#offers.delete(addressNumber(address));
  }

  /** Takes in a lease that is on the disk. */
  take(lease: Lease): void {
    const number = addressNumber(lease.address);
    const before = this.#leases.get(number);
    if (before !== undefined && before.mac !== lease.mac) this.#forgetOf(before.mac, number);
    this.#leases.set(number, lease);
    this.#rememberOf(lease.mac, number);
    if (lease.isReleased) this.#freed(number, lease.end);
  }

  /** Forgets a lease whose record is gone from the disk. */
  forget(address: string, now: number): void {
    const number = addressNumber(address);
    const lease = this.#leases.get(number);
    if (lease === undefined) return;
    this.#leases.delete(number);
    this.#freed(number, now);
    this.#forgetOf(lease.mac, number);
  }

  /** The leases that a client still has in a network beside one: it has one address in each. */
  othersOf(mac: string, network: Network, address: string, now: number): Lease[] {
    return (this.#ofClient.get(mac) ?? NONE).flatMap((number) => {
      const lease = this.#leases.get(number);
      if (lease?.mac !== mac || lease.address === address || !isActive(lease, now)) return [];
      return isWithin(lease.address, network) ? [lease] : [];
    });
  }

  /** Somebody answered from an address that was to be offered. */
  foundInUse(address: string, usedBy: string | undefined, now: number): Quarantined {
    return this.#quarantine.foundInUse(addressNumber(address), usedBy, now);
  }

  /**
   * A client declined an address that it had or was offered. The lease itself is the caller's to end.
   * @returns undefined where it was not its own to decline: then nothing is changed
   */
  declined(mac: string, network: Network, address: string, now: number): Quarantined | undefined {
    const number = addressNumber(address);
    const pool = this.#poolOf(network);
    if (!pool.has(number) || this.#holder(number, now) !== mac) return undefined;
    this.#withdraw(mac, number, now);
    const most = Math.max(1, pool.size >> 1);
    return this.#quarantine.declined(number, mac, now, most, (each) => pool.has(each));
  }

  /** Ends the quarantine of an address. @returns whether there was one */
  acquit(address: string, now: number): boolean {
    return this.#quarantine.delete(addressNumber(address), now);
  }

  #poolOf(network: Network): Pool {
    const known = this.#pools.get(network.name);
    if (known?.isOf(network)) return known;
    const pool = new Pool(network);
    this.#pools.set(network.name, pool);
    return pool;
  }

  #ownIn(pool: Pool, mac: string, now: number): number | undefined {
    let found: number | undefined;
    for (const address of this.#ofClient.get(mac) ?? NONE) {
      if (!pool.has(address) || this.#isKept(address) || this.#quarantine.until(address) > now) continue;
      const holder = this.#holder(address, now);
      if (holder === mac) return address;
      if (holder === undefined && this.#leases.get(address)?.mac === mac) found = address;
    }
    return found;
  }

  #mayGive(pool: Pool, address: number, now: number): boolean {
    return pool.has(address) && this.#busyUntil(address) <= now && !this.#isKept(address);
  }

  #holder(address: number, now: number): string | undefined {
    const offer = this.#offers.get(address);
    if (offer !== undefined && (offer.underWay > 0 || offer.until > now)) return offer.mac;
    const lease = this.#leases.get(address);
    return lease !== undefined && isActive(lease, now) ? lease.mac : undefined;
  }

  #busyUntil(address: number): number {
    const offer = this.#offers.get(address);
    const lease = this.#leases.get(address);
    return Math.max(
      offer === undefined ? 0 : offer.underWay > 0 ? Number.POSITIVE_INFINITY : offer.until,
      lease === undefined || lease.isReleased ? 0 : lease.end,
      this.#quarantine.until(address),
    );
  }

  #isKept(address: number): boolean {
    const text = dotted(address);
    return this.#surroundings.isOurs(text) || this.#surroundings.reservedFor(text) !== undefined;
  }

  #withdraw(mac: string, address: number, now: number): void {
    const offer = this.#offers.get(address);
    if (offer?.mac !== mac || offer.underWay > 0) return;
    this.#offers.delete(address);
    this.#freed(address, now);
    this.#forgetOf(mac, address);
  }

  /** Forgets the offers that nobody took. */
  #sweep(now: number): void {
    for (const [address, { mac, until, underWay }] of this.#offers) {
      if (until > now || underWay > 0) return;
      this.#offers.delete(address);
      this.#forgetOf(mac, address);
    }
  }

  #freed(address: number, now: number): void {
    for (const pool of this.#pools.values()) pool.freed(address, now);
  }

  #rememberOf(mac: string, address: number): void {
    const known = this.#ofClient.get(mac) ?? NONE;
    if (!known.includes(address)) this.#ofClient.set(mac, [...known, address]);
  }

  /** Unless the client has it in another way still. */
  #forgetOf(mac: string, address: number): void {
    if (this.#leases.get(address)?.mac === mac || this.#offers.get(address)?.mac === mac) return;
    const left = (this.#ofClient.get(mac) ?? NONE).filter((each) => each !== address);
    if (left.length === 0) this.#ofClient.delete(mac);
    else this.#ofClient.set(mac, left);
  }
}
