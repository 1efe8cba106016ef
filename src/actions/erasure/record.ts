/** What was erased, and how: for whoever has to show it. */
import { writeFile } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import { ActionFailure } from '../action.ts';
import type { Means, Tried } from './means.ts';
import type { Found } from './samples.ts';

/** Of one disk. `seconds` is how long it took, whatever was tried before included. */
export interface DiskRecord {
  path: string;
  /** Bytes. */
  size: number;
  model?: string;
  serial?: string;
  /** World-wide name. */
  wwn?: string;
  erased: boolean;
  /** What has erased it: a means, or the mode where that is all that was asked for. */
  means?: Means | 'discard' | 'edges' | 'discard and edges';
  seconds: number;
  /** Samples were read back, and are as they should be. */
  verified: boolean;
  /** How many samples, and what they were. */
  samples?: number;
  found?: Found;
  /** What was not done, or did not do, and why. */
  tried: Tried[];
  /** Why it is not erased. */
  failure?: string;
}

/** Of all disks, by the kernel's names. `at` is when it ended, ISO 8601 in UTC. */
export interface WipeRecord {
  mode: string;
  at: string;
  disks: Record<string, DiskRecord>;
}

/** Writes it to a file. @throws ActionFailure */
export async function writeRecord(path: string, record: WipeRecord): Promise<void> {
  await writeFile(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 }).catch((cause: unknown) => {
    throw new ActionFailure(`the record cannot be written to ${path}: ${messageOf(cause)}`, 1, cause);
  });
}
