import type { Response } from 'express';
import { type EventFilter, wants } from '../store/event-filter.ts';
import type { EventLog, StoredEvent } from '../store/events.ts';
import type { LiveEvent } from './stream.ts';

/** A client that does not read is cut off here, bytes or events that wait for it; it can resume. */
const BACKLOG_LIMIT = 4 << 20;
const WAITING_LIMIT = 50_000;

/** An event as it goes over the wire. One that is told live only has the time that is given, ms since 1970. */
export function textOf(event: LiveEvent | StoredEvent, now: number): string {
  const { kind, machine, workflow, data } = event;
  const { seq, time } = 'seq' in event ? event : { seq: 0, time: now };
  const body = JSON.stringify({ seq, time: new Date(time).toISOString(), kind, machine, workflow, data });
  return `${seq ? `id: ${seq}\n` : ''}event: ${kind}\ndata: ${body}\n\n`;
}

/** One open stream. While old events are read from the store, new ones wait, so that the order holds. */
export class StreamClient {
  readonly filter: EventFilter;
  readonly #res: Response;
  #waiting: { seq: number; text: string }[] | undefined = [];
  #told = 0;

  constructor(res: Response, filter: EventFilter) {
    this.#res = res;
    this.filter = filter;
    res.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.flushHeaders();
    this.comment('tinsmith');
  }

  /** An event that it wants, as it happens, and its text. */
  take(event: LiveEvent | StoredEvent, text: string): void {
    if (!('seq' in event)) this.#write(text);
    else this.#tell(event.seq, text);
  }

  #tell(seq: number, text: string): void {
    if (this.#waiting) {
      this.#waiting.push({ seq, text });
      if (this.#waiting.length > WAITING_LIMIT) this.#res.destroy();
    } else if (seq > this.#told) {
      this.#told = seq;
      this.#write(text);
    }
  }

  /** Writes what is stored after `since`, and from then on what happens. */
  async replay(events: EventLog, since: number, clock: () => number): Promise<void> {
    const say = (kind: string, data: unknown): void => this.#write(textOf({ kind, data }, clock()));
    this.#told = since;
    if (since + 1 < events.oldest) say('stream.gap', { from: since + 1, oldest: events.oldest });
    const { machines = [], workflows = [] } = this.filter;
    const only = machines.length === 0 && workflows.length === 1 ? workflows[0] : undefined;
    for await (const event of events.since(since, only)) {
      if (this.#res.closed || this.#res.writableEnded) return;
      this.#told = event.seq;
      if (!wants(this.filter, event)) continue;
      this.#write(textOf(event, 0));
      // What is old can wait until the client has read what is older.
      if (this.#res.writableNeedDrain) await this.#drained();
    }
    const late = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { seq, text } of late) this.#tell(seq, text);
    say('stream.live', {});
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#res.off('drain', done).off('close', done);
        resolve();
      };
      this.#res.on('drain', done).on('close', done);
    });
  }

  comment(text: string): void {
    this.#write(`: ${text}\n\n`);
  }

  end(): void {
    this.#res.end();
  }

  #write(text: string): void {
    if (this.#res.writableEnded || this.#res.destroyed) return;
    if (this.#res.writableLength > BACKLOG_LIMIT) this.#res.destroy();
    else this.#res.write(text);
  }
}
