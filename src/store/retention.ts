/** Old events are forgotten: those beyond a number, and those beyond an age. */
import type { Logger } from 'pino';
import type { EventLog } from './events.ts';

/** What is kept of events. */
export interface KeepEvents {
  /** How many. */
  count: number;
  /** For how long. */
  days: number;
}

const DAY_MS = 86_400_000;
/** Forgotten in one change: few enough that nobody who waits for the disk notices. */
const BATCH = 250;
const EVERY_MS = 60_000;

/**
 * Forgets what is over the limits, the oldest first, in small changes between those of others.
 * @param now ms since 1970
 * @param signal stops it between two changes
 * @returns how many events were forgotten
 */
export async function trimEvents(
  events: EventLog,
  limits: KeepEvents,
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  const oldestTime = now - limits.days * DAY_MS;
  let forgotten = 0;
  while (!signal?.aborted) {
    const newestOver = events.last - limits.count;
    const more = await events.forget(({ seq, time }) => seq <= newestOver || time < oldestTime, BATCH);
    forgotten += more;
    if (more < BATCH) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return forgotten;
}

/** Trims now and every minute, until stopped. */
export function startTrimming(parts: { events: EventLog; limits: KeepEvents; clock: () => number; log: Logger }): {
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
} {
  const { events, limits, clock, log } = parts;
  const stopping = new AbortController();
  let running = Promise.resolve();
  const trim = async (): Promise<void> => {
    try {
      const forgotten = await trimEvents(events, limits, clock(), stopping.signal);
      if (forgotten > 0) log.info({ forgotten, oldest: events.oldest }, 'old events were forgotten');
    } catch (error) {
      log.warn({ err: error }, 'old events could not be forgotten now');
    }
  };
  const timer = setInterval(() => {
    running = running.then(trim);
  }, EVERY_MS);
  timer.unref();
  running = trim();
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}
