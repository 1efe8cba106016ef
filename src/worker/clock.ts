/** The worker's time, passed in so that tests have theirs. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** ms since 1970 */
  now(): number;
  /** ms that pass evenly, whatever is done to the clock on the wall. */
  uptime(): number;
  /** Waits. @throws the signal's reason when it is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  uptime: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
