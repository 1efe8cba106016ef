/**
 * What a load took and nobody needs any more, given back to the system once the appliance is quiet. The engine looks for
 * garbage when more is asked of it, not when nothing is, and keeps the room of what it found; the C library keeps what lies
 * below a piece that is in use. After 3,000 machines had asked for their addresses that was 40 MB, for as long as nothing else
 * came.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimPools } from '../system/libc.ts';

/** How often it is looked, ms. */
const EVERY_MS = 5_000;
/** The processor time that all threads may have taken, as a share of that: some 20 exchanges of DHCP a second. */
const QUIET = 0.02;
/** Growth that is worth a pause, bytes. */
const WORTH = 16 << 20;

/** Decides when to give back. Pure. */
export class Quietness {
  /** Bytes that were left the last time; none before the first time, when what starting took is given back. */
  #left = 0;

  /**
   * @param busy processor time since the last look, as a share of the time
   * @param resident bytes
   */
  isTime(busy: number, resident: number): boolean {
    return busy < QUIET && resident > this.#left + WORTH;
  }

  gaveBack(left: number): void {
    this.#left = left;
  }
}

/**
 * Looks every few seconds. Giving back holds up this thread for about 2 ms a MB of the heap that is in use: an answer that is
 * asked for just then leaves a tenth of a second later.
 * @param every ms between two looks
 */
export function giveBackWhenQuiet(every = EVERY_MS): { stop(): void } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  const quietness = new Quietness();
  let before = { at: performance.now(), used: usedMs() };
  const timer = setInterval(() => {
    const now = { at: performance.now(), used: usedMs() };
    // Downloads are sent by threads of their own.
    const busy = (now.used - before.used) / (now.at - before.at);
    before = now;
    const resident = residentBytes();
    if (resident === undefined || !quietness.isTime(busy, resident)) return;
    // Any other flavour keeps the pages.
    collect({ type: 'major', flavor: 'last-resort' });
    trimPools();
    quietness.gaveBack(residentBytes() ?? resident);
  }, every).unref();
  return { stop: () => clearInterval(timer) };
}

/** Undefined: the process has no file descriptor left to ask with. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** Processor time of all threads, ms. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
