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

/** Entries kept of one MAC address, and MAC addresses kept. A hostile sender makes up new ones for ever. */
const PER_MAC = 300;
const MACS = 4096;

export class Trace {
  readonly #clock: () => number;
  readonly #entries = new Map<string, TraceEntry[]>();
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  note(entry: Omit<TraceEntry, 'time'>): void {
    const full = { time: this.#clock(), ...entry };
    const entries = this.#entries.get(entry.mac) ?? [];
    entries.push(full);
    if (entries.length > PER_MAC) entries.shift();
    // Map order is insertion order: the one heard longest ago is dropped first.
    this.#entries.delete(entry.mac);
    this.#entries.set(entry.mac, entries);
    if (this.#entries.size > MACS) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    for (const listener of this.#listeners) listener(full);
  }

  /** The entries of one MAC address, oldest first. */
  of(mac: string): TraceEntry[] {
    return [...(this.#entries.get(mac) ?? [])];
  }

  /** The newest entry of each MAC address, heard last first. */
  newest(): TraceEntry[] {
    return [...this.#entries.values()].flatMap((entries) => entries.at(-1) ?? []).reverse();
  }

  /** Whether a MAC address had an answer from DHCP within so many ms. */
  answeredWithin(mac: string, ms: number): boolean {
    const since = this.#clock() - ms;
    return (this.#entries.get(mac) ?? []).some(
      ({ role, outcome, time }) => role === 'dhcp' && outcome === 'answered' && time >= since,
    );
  }

  listen(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
