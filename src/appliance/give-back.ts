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
/** The share of that time that the event loop may have been busy: some 20 exchanges of DHCP a second. */
const QUIET = 0.02;
/** Growth that is worth a pause, bytes. */
const WORTH = 16 << 20;

/** Decides when to give back. Pure. */
export class Quietness {
  /** Bytes that were left the last time; none before the first time, when what starting took is given back. */
  #left = 0;

  /**
   * @param busy share of the time since the last look
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
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (!quietness.isTime(utilization, process.memoryUsage.rss())) return;
    // Any other flavour keeps the pages.
    collect({ type: 'major', flavor: 'last-resort' });
    trimPools();
    quietness.gaveBack(process.memoryUsage.rss());
  }, every).unref();
  return { stop: () => clearInterval(timer) };
}
