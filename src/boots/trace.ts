/**
 * What was seen of each machine's boots: every packet and request, what was decided, and why. Bounded in memory; what is
 * in memory is what is kept on the disk, a moment later (`trace/keeper.ts`).
 */
import { ownEntries } from './played.ts';
import { beginsBoot, sketchAfter } from './trace/beginnings.ts';
import { DROPPED, type Kept, type KeptBoot, type KeptMac, keyOf, numberIn } from './trace/kept.ts';
import { type Limits, OF_MACHINES, OF_STRANGERS, victimOf } from './trace/limits.ts';
import { Newcomers } from './trace/newcomers.ts';
import { Pending } from './trace/pending.ts';

export type Role = 'dhcp' | 'tftp' | 'http' | 'script' | 'worker' | 'system' | 'syslog';
export type Outcome = 'answered' | 'ignored' | 'refused' | 'completed' | 'failed';

export interface TraceEntry {
  /** ms since 1970 */
  time: number;
  /** Lower case with colons; '' when a packet does not say. */
  mac: string;
  /** Number of the boot of this MAC address that it belongs to, from 1. */
  boot: number;
  role: Role;
  /** What was asked, short: `DISCOVER`, `GET /boot/…`, `ipxe.efi`. */
  what: string;
  outcome: Outcome;
  /** Stable code. */
  reason: string;
  /** The same for people. */
  sentence: string;
  /** What is undefined was not said. */
  details: Record<string, string | number | boolean | undefined>;
}

/** The entries of one boot, oldest first. */
export interface TracedBoot {
  number: number;
  entries: TraceEntry[];
}

/** What the disk is to be told. */
export interface TraceChanges {
  deletes: string[];
  puts: [key: string, json: string][];
}

/** Characters kept of what a packet or request said. */
const TEXT_LIMIT = 500;
/** Characters on the disk, of all entries together. */
const ON_DISK = 16 << 20;

export class Trace {
  readonly #clock: () => number;
  readonly #isKnown: (mac: string) => boolean;
  /** Machines of ours, and strangers. Map order is by when each was heard: the one heard longest ago goes first. */
  readonly #machines: Group = { limits: OF_MACHINES, macs: new Map(), entries: 0 };
  readonly #strangers: Group = { limits: OF_STRANGERS, macs: new Map(), entries: 0 };
  readonly #newcomers = new Newcomers();
  #missedAt: number | undefined;
  readonly #listeners = new Set<(entry: TraceEntry) => void>();
  #wake: (() => void) | undefined;
  /** Not on the disk yet, and not to be there any more. */
  readonly #unwritten = new Pending<Kept>();
  readonly #gone = new Pending<string>();
  #onDisk = 0;

  /** @param isKnown whether a MAC address is of a machine of ours; of others less is kept */
  constructor(clock: () => number, isKnown: (mac: string) => boolean = () => true) {
    this.#clock = clock;
    this.#isKnown = isKnown;
  }

  note(entry: Omit<TraceEntry, 'time' | 'boot'>): void {
    this.noteOf(entry.mac, () => entry);
  }

  /** The same for what comes in floods: the entry is made only where it is kept. */
  noteOf(mac: string, made: () => Omit<TraceEntry, 'time' | 'boot'>): void {
    const now = this.#clock();
    const of = this.#heard(mac, now);
    if (of === undefined) return;
    const { role, what, outcome, reason, sentence, details } = made();
    const full: TraceEntry = {
      time: now,
      mac,
      boot: of.boots.at(-1)?.number ?? 0,
      role,
      what: what.slice(0, TEXT_LIMIT),
      outcome,
      reason,
      sentence: inOnePiece(sentence.slice(0, TEXT_LIMIT)),
      details,
    };
    const begins = beginsBoot(full, of.sketch);
    if (begins) full.boot++;
    of.sketch = sketchAfter(full, begins ? undefined : of.sketch);
    this.#add(of, { entry: full, number: of.next, written: undefined });
    for (const listener of this.#listeners) listener(full);
  }

  /** What is kept of a MAC address; undefined for a stranger who comes where too many have come. */
  #heard(mac: string, now: number): KeptMac | undefined {
    const group = this.#groupFor(mac);
    const found = this.#found(mac, group);
    if (found) return found;
    if (group === this.#machines || this.#newcomers.admit(now)) return newIn(group, mac);
    this.#missedAt = now;
    return undefined;
  }

  #groupFor(mac: string): Group {
    return mac !== '' && this.#isKnown(mac) ? this.#machines : this.#strangers;
  }

  /** What is kept of a MAC address already, in the group that it belongs to now, as the one heard last. */
  #found(mac: string, group: Group): KeptMac | undefined {
    const found = group.macs.get(mac);
    if (found) {
      group.macs.delete(mac);
      group.macs.set(mac, found);
      return found;
    }
    const other = group === this.#machines ? this.#strangers : this.#machines;
    const moved = other.macs.get(mac);
    if (moved === undefined) return undefined;
    const count = countOf(moved);
    other.macs.delete(mac);
    other.entries -= count;
    group.entries += count;
    moved.limits = group.limits;
    group.macs.set(mac, moved);
    return moved;
  }

  #groupOf(of: KeptMac): Group {
    return of.limits === OF_MACHINES ? this.#machines : this.#strangers;
  }

  #add(of: KeptMac, kept: Kept): void {
    const group = this.#groupOf(of);
    const { boot: number } = kept.entry;
    let boot = of.boots.at(-1);
    if (boot === undefined || boot.number !== number) {
      boot = { number, entries: [] };
      // Most strangers never have another: a list that has grown has room for many.
      if (of.boots.length === 0) of.boots = [boot];
      else of.boots.push(boot);
    }
    boot.entries.push(kept);
    of.next = kept.number + 1;
    group.entries++;
    if (this.#wake && kept.written === undefined) {
      this.#unwritten.add(kept);
      this.#wake();
    }
    if (boot.entries.length > of.limits.perBoot) this.#drop(group, boot.entries.splice(victimOf(boot.entries), 1));
    while (of.boots.length > of.limits.boots) this.#dropBoot(group, of);
    while (group.macs.size > group.limits.macs || group.entries > group.limits.entries) this.#dropOldest(group);
    // A disk that is slow must not keep what was dropped since in memory.
    if (this.#unwritten.length > 2 * (OF_MACHINES.entries + OF_STRANGERS.entries))
      this.#unwritten.keep(({ entry }) => entry !== DROPPED);
  }

  /** Of the MAC address heard longest ago its oldest boot, and all of it with the last. */
  #dropOldest(group: Group): void {
    for (const of of group.macs.values()) {
      this.#dropBoot(group, of);
      while (group.macs.size > group.limits.macs && of.boots.length > 0) this.#dropBoot(group, of);
      if (of.boots.length === 0) group.macs.delete(of.mac);
      if (group === this.#strangers) this.#missedAt = this.#clock();
      return;
    }
  }

  #dropBoot(group: Group, of: KeptMac): void {
    const boot: KeptBoot | undefined = of.boots.shift();
    if (boot) this.#drop(group, boot.entries);
  }

  #drop(group: Group, entries: readonly Kept[]): void {
    group.entries -= entries.length;
    for (const kept of entries) {
      if (kept.written !== undefined) {
        this.#onDisk -= kept.written;
        this.#gone.add(keyOf(kept));
      }
      kept.entry = DROPPED;
    }
  }

  /** The entries of one MAC address that are kept, oldest first. */
  of(mac: string): TraceEntry[] {
    return this.boots(mac).flatMap(({ entries }) => entries);
  }

  /** Its boots that are kept, oldest first. */
  boots(mac: string): TracedBoot[] {
    return (this.#find(mac)?.boots ?? []).map(({ number, entries }) => ({
      number,
      entries: entries.map(({ entry }) => entry),
    }));
  }

  /** The last boot of a MAC address. */
  lastBoot(mac: string): TracedBoot | undefined {
    const boot = this.#find(mac)?.boots.at(-1);
    return boot && { number: boot.number, entries: boot.entries.map(({ entry }) => entry) };
  }

  #find(mac: string): KeptMac | undefined {
    return this.#machines.macs.get(mac) ?? this.#strangers.macs.get(mac);
  }

  /** The newest entry of each MAC address, heard last first. */
  newest(): TraceEntry[] {
    return [...this.#machines.macs.values(), ...this.#strangers.macs.values()]
      .flatMap(({ boots }) => boots.at(-1)?.entries.at(-1)?.entry ?? [])
      .map((entry, order) => ({ entry, order }))
      .sort((a, b) => b.entry.time - a.entry.time || b.order - a.order)
      .map(({ entry }) => entry);
  }

  /** The last answer that a MAC address had from DHCP, if that was within so many ms. */
  lastAnswer(mac: string, ms: number): TraceEntry | undefined {
    const since = this.#clock() - ms;
    const answered = this.of(mac).filter(
      ({ role, outcome, time }) => role === 'dhcp' && outcome === 'answered' && time >= since,
    );
    // One that was played says nothing of the machine's address, unless there is no other.
    return ownEntries(answered).at(-1) ?? answered.at(-1);
  }

  /** When something that a stranger did was dropped last, or not kept at all, because too many came; ms since 1970. */
  get missedAt(): number | undefined {
    return this.#missedAt;
  }

  listen(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes up what the disk has, sorted by key, before anything is noted.
   * @param wake called when there is something to write from then on
   */
  restore(entries: readonly (readonly [key: string, entry: TraceEntry, size: number])[], wake: () => void): void {
    this.#wake = wake;
    const byMac = Map.groupBy(entries, ([, { mac }]) => mac);
    const heard = [...byMac].sort(([, a], [, b]) => (a.at(-1)?.[1].time ?? 0) - (b.at(-1)?.[1].time ?? 0));
    for (const [mac, own] of heard) {
      const group = this.#groupFor(mac);
      const of = this.#found(mac, group) ?? newIn(group, mac);
      for (const [key, entry, size] of own) {
        of.sketch = sketchAfter(entry, entry.boot === of.boots.at(-1)?.number ? of.sketch : undefined);
        this.#onDisk += size;
        this.#add(of, { entry, number: numberIn(key), written: size });
      }
    }
  }

  /**
   * What the disk is to be told next, up to so many entries; what is to go comes before what is new.
   * @param strangers how many entries about strangers may still be written, which is counted down
   */
  changes(most: number, strangers: { left: number }): TraceChanges {
    const deletes = this.#gone.take(most);
    if (deletes.length === most) return { deletes, puts: [] };
    const puts: [string, string][] = [];
    const taken = this.#unwritten.take(most - deletes.length);
    for (const kept of taken) {
      if (kept.entry === DROPPED || (this.#strangers.macs.has(kept.entry.mac) && strangers.left-- <= 0)) continue;
      const json = JSON.stringify(kept.entry);
      kept.written = json.length;
      this.#onDisk += json.length;
      puts.push([keyOf(kept), json]);
    }
    const isOver = (): boolean => this.#onDisk > ON_DISK;
    while (isOver() && this.#strangers.macs.size > 0) this.#dropOldest(this.#strangers);
    while (isOver() && this.#machines.macs.size > 0) this.#dropOldest(this.#machines);
    return { deletes, puts };
  }

  /** Whether the disk is to be told something. */
  get hasChanges(): boolean {
    return this.#unwritten.length > 0 || this.#gone.length > 0;
  }
}

interface Group {
  limits: Limits;
  macs: Map<string, KeptMac>;
  entries: number;
}

function newIn({ limits, macs }: Group, mac: string): KeptMac {
  const of: KeptMac = { mac, limits, boots: [], sketch: undefined, next: 1 };
  macs.set(mac, of);
  return of;
}

/**
 * The same text. The engine keeps one that was put together as its many parts, each of which the collector of garbage has to
 * copy and mark; it joins them once somebody looks at its end.
 */
function inOnePiece(text: string): string {
  text.trimEnd();
  return text;
}

function countOf({ boots }: KeptMac): number {
  return boots.reduce((sum, { entries }) => sum + entries.length, 0);
}
