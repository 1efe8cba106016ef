/** The event stream: server-sent events, resumable by `Last-Event-ID`, with what is only told live in between. */
import type { Response } from 'express';
import { type EventFilter, wants } from '../store/event-filter.ts';
import type { EventLog, StoredEvent } from '../store/events.ts';
import { Audience } from './audience.ts';
import { StreamClient, textOf } from './stream-client.ts';

/** What is told live and not kept: output, progress, traces. */
export interface LiveEvent {
  kind: string;
  machine?: string;
  workflow?: string;
  data: unknown;
}

/** The event stream to all its clients. */
export interface Stream {
  /** Whether anybody listens. */
  isHeard(): boolean;
  /** Tells everybody who listens. */
  tell(event: LiveEvent): void;
  /**
   * Serves one client until it goes: first what came after the event number `since`, then `stream.live`, then what
   * happens. Where some of that is forgotten, `stream.gap` comes first, with `{ from, oldest }`.
   */
  serve(res: Response, wanted: { since?: number; filter: EventFilter }): Promise<void>;
  /** Ends all streams. */
  close(): void;
}

const KEEP_ALIVE_MS = 15_000;
const TICK_MS = 250;
/** The longest time for which telling many holds up everything else, ms. */
const SLICE_MS = 4;

/** @param clock ms since 1970 */
export function createStream(events: EventLog, clock: () => number): Stream {
  const audience = new Audience<StreamClient>();
  const queue: { event: LiveEvent | StoredEvent; text: string; listeners: Iterator<StreamClient> }[] = [];
  let pumping = false;

  /** Each event goes to all before the next does, and is written out once for all. */
  const pump = (): void => {
    const until = performance.now() + SLICE_MS;
    pumping = true;
    for (let telling = queue[0]; telling !== undefined; telling = queue[0]) {
      const { event, text, listeners } = telling;
      for (let { value, done } = listeners.next(); !done; { value, done } = listeners.next()) {
        if (wants(value.filter, event)) value.take(event, text);
        if (performance.now() > until) {
          setImmediate(pump);
          return;
        }
      }
      queue.shift();
    }
    pumping = false;
  };
  const publish = (event: LiveEvent | StoredEvent): void => {
    if (audience.size === 0) return;
    queue.push({ event, text: textOf(event, clock()), listeners: audience.of(event) });
    if (!pumping) pump();
  };
  events.listen(publish);

  let owed = 0;
  let turn: Iterator<StreamClient> | undefined;
  const ticks = setInterval(() => {
    owed += (audience.size * TICK_MS) / KEEP_ALIVE_MS;
    for (; owed >= 1; owed--) {
      turn ??= audience.all();
      const { value, done } = turn.next();
      if (done) turn = undefined;
      else value.comment('alive');
    }
  }, TICK_MS);
  ticks.unref();

  return {
    isHeard: () => audience.size > 0,
    tell: publish,
    async serve(res, { since = events.last, filter }) {
      const client = new StreamClient(res, filter);
      audience.add(client);
      res.on('close', () => audience.delete(client));
      await client.replay(events, since, clock);
    },
    close() {
      clearInterval(ticks);
      for (const client of audience.all()) client.end();
      audience.clear();
    },
  };
}
