/**
 * The appliance's memory, kept small. By default the engine sizes its heap by the memory of the computer, lets young
 * garbage fill 96 MB, and old garbage grow to four times what is in use, before it looks for it; and each thread that
 * writes to LevelDB gets a pool of its own from the C library. With 1,000 machines at work that was 630 MB, of which 60
 * were in use; held so, it is 350.
 *
 * The C library keeps what was given back to it, up to twice the largest piece it ever had (mallopt(3), M_MMAP_THRESHOLD):
 * after 50 downloads and 200 transfers that was 57 MB, for good. With a fixed limit, of the size it begins with, it is 17.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/** Counts only where it is given at the start of a process. */
const YOUNG = '--max-semi-space-size';
const AT_START = { options: `${YOUNG}=16`, pools: { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' } };

/** Environment for a process whose heap is to be kept small; what is set already stays. */
export function smallHeap(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const options = [environment.NODE_OPTIONS, AT_START.options].filter(Boolean).join(' ');
  return { ...AT_START.pools, ...environment, NODE_OPTIONS: options };
}

/**
 * Keeps the heap of this process small. One that was started without the options for that becomes another with them, in
 * its place: the same process, from its beginning.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
  if (process.env.NODE_OPTIONS?.includes(YOUNG) || process.execArgv.some((option) => option.startsWith(YOUNG))) return;
  // As it was started: what Node makes of it differs between the sources and the executable.
  const words = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  process.execve?.(process.execPath, words, smallHeap(process.env));
}
