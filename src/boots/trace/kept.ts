/** What is kept of one MAC address: its last boots, each with its entries, and how they are named on the disk. */
import type { TraceEntry } from '../trace.ts';
import type { Sketch } from './beginnings.ts';
import type { Limits } from './limits.ts';

/** One entry, and where it is. */
export interface Kept {
  /** {@link DROPPED} once it is not kept any more. */
  entry: TraceEntry;
  /** Its number among all of its MAC address. */
  number: number;
  /** Characters on the disk; undefined: it is not there. */
  written: number | undefined;
}

/**
 * Stands for an entry that was dropped while it waited to be written. In a storm that are thousands a second: what the
 * collector of garbage finds in the queue still, it copies twice and marks.
 */
export const DROPPED: TraceEntry = {
  ...{ time: 0, mac: '', boot: 0, role: 'system', what: '', outcome: 'ignored', reason: 'dropped', sentence: '' },
  details: {},
};

export interface KeptBoot {
  number: number;
  entries: Kept[];
}

export interface KeptMac {
  mac: string;
  limits: Limits;
  /** Oldest first; never empty once something was noted. */
  boots: KeptBoot[];
  sketch: Sketch | undefined;
  /** Number of the next entry. */
  next: number;
}

/** Keys sort by MAC address, boot and time. */
export function keyOf({ entry: { mac, boot }, number }: Kept): string {
  return `${mac}|${String(boot).padStart(8, '0')}|${String(number).padStart(10, '0')}`;
}

/** The number of the entry in a key. */
export function numberIn(key: string): number {
  return Number(key.slice(key.lastIndexOf('|') + 1));
}
