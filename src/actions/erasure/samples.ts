/** Whether a disk is erased, told from samples of it: read before and after. */
import { type FileHandle, open } from 'node:fs/promises';
import { ActionFailure, type Host, must } from '../action.ts';
import type { Disk } from '../disk.ts';
import type { Promised } from './means.ts';

/** Bytes of a sample; a multiple of every sector's size. */
export const SAMPLE = 4096;
/** Samples at places that chance picks, beside the first and the last. */
const RANDOM = 126;

/** Positions of samples, in order: the first, the last, and others. @param random as Math.random */
export function samplePositions(size: number, random: () => number): number[] {
  const last = Math.max(0, Math.floor(size / SAMPLE) - 1);
  const numbers = new Set([0, last]);
  for (let i = 0; i < RANDOM; i++) numbers.add(Math.min(last, Math.floor(random() * (last + 1))));
  return [...numbers].sort((a, b) => a - b).map((number) => number * SAMPLE);
}

/** A sample, or undefined for one that cannot be read. */
export type Sample = Buffer | undefined;

/** Reads samples from the disk itself, past what the kernel has kept of it. @throws ActionFailure where it cannot forget */
export async function readSamples(disk: Disk, positions: readonly number[], host: Host): Promise<Sample[]> {
  await must(host, `have ${disk.path} read anew`, 'blockdev', ['--flushbufs', disk.path]);
  const handle = await open(disk.path, 'r').catch((cause: unknown) => {
    throw new ActionFailure(`${disk.path} cannot be read`, 1, cause);
  });
  try {
    const samples: Sample[] = [];
    for (const position of positions) samples.push(await readOne(handle, position, disk.size));
    return samples;
  } finally {
    await handle.close();
  }
}

async function readOne(handle: FileHandle, position: number, size: number): Promise<Sample> {
  const length = Math.min(SAMPLE, size - position);
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(length), 0, length, position)
    .catch(() => ({ buffer: undefined, bytesRead: 0 }));
  return bytesRead === length ? buffer : undefined;
}

/** What was found: `zeros`, `ones` and `uniform` (some of each) in all samples; `other`: nothing that was there before. */
export type Found = 'zeros' | 'ones' | 'uniform' | 'other';

/** How samples read after an erasure that promises so much. `why`: it has not been done. */
export function judgeSamples(
  promised: Promised,
  before: readonly Sample[],
  after: readonly Sample[],
): { found: Found } | { why: string } {
  const unread = after.filter((sample) => sample === undefined).length;
  if (unread > 0) return { why: `${unread} of ${after.length} samples cannot be read after it` };
  const kinds = after.map((sample) => kindOf(sample ?? Buffer.alloc(0)));
  const found = foundIn(kinds);
  const say = (count: number, what: string): { why: string } => ({
    why: `${count} of ${after.length} samples ${what} after it`,
  });
  switch (promised) {
    case 'zeros': {
      const wrong = kinds.filter((kind) => kind !== 'zeros').length;
      return wrong === 0 ? { found } : say(wrong, 'are not zeros');
    }
    case 'uniform': {
      const wrong = kinds.filter((kind) => kind === 'other').length;
      return wrong === 0 ? { found } : say(wrong, 'are neither zeros nor ones');
    }
    case 'changed': {
      // One that could not be read before may be what it was.
      const same = after.filter(
        (sample, i) => kinds[i] === 'other' && (before[i] === undefined || sample?.equals(before[i]) === true),
      ).length;
      return same === 0 ? { found } : say(same, 'are what they were');
    }
  }
}

function kindOf(sample: Buffer): 'zeros' | 'ones' | 'other' {
  const [first] = sample;
  if (first !== 0 && first !== 0xff) return 'other';
  return sample.every((byte) => byte === first) ? (first === 0 ? 'zeros' : 'ones') : 'other';
}

function foundIn(kinds: readonly ('zeros' | 'ones' | 'other')[]): Found {
  const [first = 'zeros'] = kinds;
  if (kinds.every((kind) => kind === first)) return first;
  return kinds.includes('other') ? 'other' : 'uniform';
}
