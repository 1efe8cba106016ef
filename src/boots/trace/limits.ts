/** How much is remembered, and which entry of a boot goes first when there are too many. Pure. */
import { isPlayed } from '../played.ts';
import type { TraceEntry } from '../trace.ts';

/** What is kept of one group of MAC addresses. */
export interface Limits {
  macs: number;
  /** Boots of each, and entries of a boot. */
  boots: number;
  perBoot: number;
  /** Entries of all together. */
  entries: number;
}

/** Of machines of ours. */
export const OF_MACHINES: Limits = { macs: 4096, boots: 5, perBoot: 200, entries: 50_000 };
/** Of MAC addresses that nobody has: a hostile sender makes up new ones for ever. */
export const OF_STRANGERS: Limits = { macs: 1024, boots: 2, perBoot: 50, entries: 10_000 };

/** The share of a boot's entries, from its first, that is never dropped: how it began. */
const BEGINNING = 1 / 4;
/** Entries that are looked at for one that was repeated since. */
const CANDIDATES = 10;

/**
 * The entry to drop of a boot that has too many: one of the oldest behind its beginning, best one that says what a later
 * one says too, so that a chatter of packets or messages does not push out what a stage of the boot is proven by.
 */
export function victimOf(entries: readonly { entry: TraceEntry }[]): number {
  const first = Math.floor(entries.length * BEGINNING);
  for (let at = first; at < Math.min(first + CANDIDATES, entries.length); at++) {
    const candidate = entries[at]?.entry;
    if (candidate && entries.some(({ entry }, later) => later > at && saysTheSame(entry, candidate))) return at;
  }
  return first;
}

function saysTheSame(a: TraceEntry, b: TraceEntry): boolean {
  if (a.role !== b.role || a.reason !== b.reason || a.outcome !== b.outcome || isPlayed(a) !== isPlayed(b))
    return false;
  switch (a.role) {
    case 'dhcp':
    case 'tftp':
    case 'http':
    case 'script':
    case 'worker':
    case 'system':
      return a.what === b.what;
    default:
      // Messages, of which no two are alike.
      return true;
  }
}
