/** Addresses that were found in use by somebody who has no lease for them: not given for a while. */

/** The first time, doubled each time that it is found in use again, up to the longest. RFC 2131 names no time. */
const FIRST_MS = 10 * 60_000;
const LONGEST_MS = 4 * 3_600_000;
/** An address that has been free for so long after its quarantine is like any other. */
const REMEMBERED_MS = 24 * 3_600_000;
/** Addresses remembered at the utmost. */
const MOST = 1024;
/** Addresses that one client may have declined at once: whoever declines everything is not to take the pool from all. */
const MOST_OF_ONE = 3;

/** Why an address is in quarantine. */
export interface Quarantined {
  /** ms since 1970 */
  until: number;
  /** How often it was found in use. */
  times: number;
  /** MAC address of the client that declined it; undefined: we found somebody there ourselves. */
  by: string | undefined;
  /** MAC address of who has it, where that is known. */
  usedBy: string | undefined;
}

export class Quarantine {
  /** The oldest first. */
  readonly #all = new Map<number, Quarantined>();
  readonly #onFreed: (address: number, now: number) => void;
  readonly #onChanged: (address: number) => void;

  /**
   * @param onFreed told of an address that is freed before its time
   * @param onChanged told of each whose entry is another now, or gone
   */
  constructor(onFreed: (address: number, now: number) => void, onChanged: (address: number) => void) {
    this.#onFreed = onFreed;
    this.#onChanged = onChanged;
  }

  /** Takes in an entry that was kept, as long as it means anything. @returns whether it does */
  restore(address: number, why: Quarantined, now: number): boolean {
    if (now - why.until >= REMEMBERED_MS || this.#all.size >= MOST) return false;
    // The clock may have been ahead.
    this.#all.set(address, { ...why, until: Math.min(why.until, now + LONGEST_MS) });
    return true;
  }

  until(address: number): number {
    return this.#all.get(address)?.until ?? 0;
  }

  get(address: number): Quarantined | undefined {
    return this.#all.get(address);
  }

  entries(): IterableIterator<[number, Quarantined]> {
    return this.#all.entries();
  }

  /** An answer came from an address that nobody has a lease for. @param usedBy its MAC address */
  foundInUse(address: number, usedBy: string | undefined, now: number): Quarantined {
    return this.#put(address, { by: undefined, usedBy }, now);
  }

  /**
   * A client declined an address (DHCPDECLINE).
   * @param most how many addresses of `isBeside`, those of the same network, may be kept back by declines at once
   */
  declined(
    address: number,
    by: string,
    now: number,
    most: number,
    isBeside: (address: number) => boolean,
  ): Quarantined {
    const keptBack = (fits: (each: number, why: Quarantined) => boolean): number[] =>
      [...this.#all].flatMap(([each, why]) => (why.by !== undefined && why.until > now && fits(each, why) ? each : []));
    const own = keptBack((_each, why) => why.by === by);
    if (own.length >= MOST_OF_ONE) this.#free(own[0], now);
    const beside = keptBack(isBeside);
    if (beside.length >= most) this.#free(beside[0], now);
    return this.#put(address, { by, usedBy: undefined }, now);
  }

  /** Frees an address at once. @returns whether it was in quarantine */
  delete(address: number, now: number): boolean {
    const found = this.#all.get(address);
    if (found) this.#free(address, now);
    return found !== undefined && found.until > now;
  }

  #put(address: number, why: Pick<Quarantined, 'by' | 'usedBy'>, now: number): Quarantined {
    const before = this.#all.get(address);
    const times = before !== undefined && now - before.until < REMEMBERED_MS ? before.times + 1 : 1;
    const entry = { ...why, times, until: now + Math.min(FIRST_MS * 2 ** (times - 1), LONGEST_MS) };
    this.#all.delete(address);
    this.#all.set(address, entry);
    for (const oldest of this.#all.keys()) {
      if (this.#all.size <= MOST) break;
      this.#free(oldest, now);
    }
    this.#onChanged(address);
    return entry;
  }

  #free(address: number | undefined, now: number): void {
    if (address === undefined) return;
    this.#all.delete(address);
    this.#onChanged(address);
    this.#onFreed(address, now);
  }
}
