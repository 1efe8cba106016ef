/** The addresses of one network that may be given, and which of them is to be given next. */

import { addressNumber } from '../../addresses.ts';
import type { Network } from '../dhcp/network.ts';
import { endsOf } from './addresses.ts';
import { Due } from './due.ts';

/** What a pool has to know of an address. Times are ms since 1970. */
export interface AddressStates {
  /** Until when it is leased, offered or quarantined; 0: it is free. */
  busyUntil(address: number): number;
  /** When its last lease ended or ends; undefined: it was never leased. */
  leaseEnd(address: number): number | undefined;
  /** It is somebody's reservation, or an address of this computer. */
  isKept(address: number): boolean;
}

/** How soon an address is looked at again that is reserved, or that nothing says when it will be free. */
const LOOK_AGAIN_MS = 120_000;

/**
 * Every address is in one of three places: ahead of the cursor, among those that were found busy before they were ever
 * leased, or among those that were. They go from one to the next only when they are come across, so that nothing has to
 * be kept in step while packets are answered.
 */
export class Pool {
  readonly network: Network;
  readonly size: number;
  readonly #ranges: readonly { first: number; last: number }[];
  readonly #never: ReadonlySet<number>;
  /** Which range the cursor is in, and how far in it. */
  #range = 0;
  #offset = 0;
  readonly #found = new Due();
  readonly #used = new Due();

  constructor(network: Network) {
    this.network = network;
    this.#ranges = merged(network);
    this.size = this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const { first, last } = endsOf(network.address, network.prefix);
    const { excluded, routers, nameServers, timeServers, routes } = network;
    const inUse = [...excluded, ...routers, ...nameServers, ...timeServers, ...routes.map(({ via }) => via)];
    this.#never = new Set([...inUse.map(addressNumber), ...(network.prefix < 31 ? [first, last] : [])]);
  }

  /** Whether another description of the network has the same addresses to give. */
  isOf(network: Network): boolean {
    if (network === this.network) return true;
    return addressesIn(network) === addressesIn(this.network);
  }

  /** Whether an address may be given at all. */
  has(address: number): boolean {
    return this.#ranges.some(({ first, last }) => address >= first && address <= last) && !this.#never.has(address);
  }

  /** An address is free before the time that it was to be looked at again. */
  freed(address: number, now: number): void {
    for (const due of [this.#used, this.#found]) if (due.has(address)) due.push(now, address);
  }

  /** The address that is to be given to somebody new: one never leased, else that of the lease that ended first. */
  next(states: AddressStates, now: number): number | undefined {
    return this.#ahead(states, now) ?? this.#due(this.#found, states, now) ?? this.#due(this.#used, states, now);
  }

  #ahead(states: AddressStates, now: number): number | undefined {
    for (let range = this.#ranges[this.#range]; range !== undefined; range = this.#ranges[++this.#range]) {
      for (; range.first + this.#offset <= range.last; this.#offset++) {
        const address = range.first + this.#offset;
        if (this.#never.has(address)) continue;
        const end = states.leaseEnd(address);
        if (end !== undefined) this.#used.push(end, address);
        else if (states.isKept(address)) this.#found.push(now + LOOK_AGAIN_MS, address);
        else {
          const busy = states.busyUntil(address);
          if (busy <= now) return address;
          this.#found.push(Math.min(busy, now + LOOK_AGAIN_MS), address);
        }
      }
      this.#offset = 0;
    }
    return undefined;
  }

  #due(among: Due, states: AddressStates, now: number): number | undefined {
    for (let address = among.peek(now); address !== undefined; address = among.peek(now)) {
      const end = states.leaseEnd(address);
      const busy = states.busyUntil(address);
      if (end !== undefined && among !== this.#used) {
        among.pop();
        this.#used.push(end, address);
      } else if (states.isKept(address)) {
        among.pop();
        among.push(now + LOOK_AGAIN_MS, address);
      } else if (end !== undefined && (among.timeOf(address) ?? 0) < end) {
        // It was leased again since: others may have ended before that.
        among.push(end, address);
      } else if (busy > now) {
        among.pop();
        among.push(Math.min(busy, Math.max(end ?? 0, now + LOOK_AGAIN_MS)), address);
      } else return address;
    }
    return undefined;
  }
}

function addressesIn({ address, prefix, ranges, excluded, routers, nameServers, timeServers, routes }: Network) {
  return JSON.stringify([address, prefix, ranges, excluded, routers, nameServers, timeServers, routes]);
}

/** The ranges in order, each address in one of them only. */
function merged({ ranges }: Network): { first: number; last: number }[] {
  const sorted = ranges
    .map(({ first, last }) => ({ first: addressNumber(first), last: addressNumber(last) }))
    .filter(({ first, last }) => first <= last)
    .sort((a, b) => a.first - b.first);
  const found: { first: number; last: number }[] = [];
  for (const range of sorted) {
    const before = found.at(-1);
    if (before !== undefined && range.first <= before.last) before.last = Math.max(before.last, range.last);
    else found.push(range);
  }
  return found;
}
