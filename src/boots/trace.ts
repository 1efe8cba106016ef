/** What was seen of each machine's boots: every packet and request, what was decided, and why. Bounded in memory. */

export type Role = 'dhcp' | 'tftp' | 'http' | 'script' | 'worker' | 'system';
export type Outcome = 'answered' | 'ignored' | 'refused' | 'completed' | 'failed';

export interface TraceEntry {
  /** ms since 1970 */
  time: number;
  /** Lower case with colons; '' when a packet does not say. */
  mac: string;
  role: Role;
  /** What was asked, short: `DISCOVER`, `GET /boot/…`, `ipxe.efi`. */
  what: string;
  outcome: Outcome;
  /** Stable code. */
  reason: string;
  /** The same for people. */
  sentence: string;
  details: Record<string, string | number | boolean>;
}

/** Entries kept of one MAC address, MAC addresses kept, and entries in all. A hostile sender makes up new ones for ever. */
const PER_MAC = 300;
const MACS = 4096;
const IN_ALL = 50_000;
/** Characters kept of what a packet or request said. */
const TEXT_LIMIT = 500;

export class Trace {
  readonly #clock: () => number;
  readonly #entries = new Map<string, TraceEntry[]>();
  readonly #listeners = new Set<(entry: TraceEntry) => void>();
  #count = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  note(entry: Omit<TraceEntry, 'time'>): void {
    const { what, sentence } = entry;
    const full = {
      time: this.#clock(),
      ...entry,
      what: what.slice(0, TEXT_LIMIT),
      sentence: sentence.slice(0, TEXT_LIMIT),
    };
    const entries = this.#entries.get(entry.mac) ?? [];
    entries.push(full);
    this.#count++;
    if (entries.length > PER_MAC) {
      entries.shift();
      this.#count--;
    }
    // Map order is insertion order: the one heard longest ago is dropped first.
    this.#entries.delete(entry.mac);
    this.#entries.set(entry.mac, entries);
    while (this.#entries.size > MACS || this.#count > IN_ALL) this.#dropOldest();
    for (const listener of this.#listeners) listener(full);
  }

  #dropOldest(): void {
    for (const [mac, entries] of this.#entries) {
      this.#entries.delete(mac);
      this.#count -= entries.length;
      return;
    }
  }

  /** The entries of one MAC address, oldest first. */
  of(mac: string): TraceEntry[] {
    return [...(this.#entries.get(mac) ?? [])];
  }

  /** The newest entry of each MAC address, heard last first. */
  newest(): TraceEntry[] {
    return [...this.#entries.values()].flatMap((entries) => entries.at(-1) ?? []).reverse();
  }

  /** The last answer that a MAC address had from DHCP, if that was within so many ms. */
  lastAnswer(mac: string, ms: number): TraceEntry | undefined {
    const since = this.#clock() - ms;
    return (this.#entries.get(mac) ?? []).findLast(
      ({ role, outcome, time }) => role === 'dhcp' && outcome === 'answered' && time >= since,
    );
  }

  listen(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
