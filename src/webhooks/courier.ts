/** Brings one webhook its events, in order, each until it is taken. It reads them from the log, and holds only one. */
import { setTimeout as pause } from 'node:timers/promises';
import { wants } from '../store/event-filter.ts';
import type { EventLog, StoredEvent } from '../store/events.ts';
import { type Delivery, deliver } from './delivery.ts';
import type { Cursor, WebhookRecord } from './records.ts';

/** How long a courier waits. ms */
export interface Patience {
  /** For an answer. */
  answer: number;
  /** Before the first repetition; doubled for each one after. */
  first: number;
  longest: number;
}

export const PATIENCE: Patience = { answer: 10_000, first: 1000, longest: 300_000 };

/** Events looked at and not wanted, after which the cursor is stored nevertheless: they need not be read again. */
const STORE_AFTER = 10_000;

/** Deliveries after which the log is read anew: nobody else should have to keep what is forgotten meanwhile. */
const IN_ONE_READING = 100;

/** What is to be delivered, and the number of the event up to which all is told then. */
type Due = Delivery & { seq: number };

export interface Failing {
  since: number;
  tries: number;
  lastError: string;
  nextTryAt: number;
}

/** Delivers one webhook's events. */
export class Courier {
  readonly webhook: WebhookRecord;
  /** As far as it has come; what is stored may be a little behind. */
  cursor: Cursor;
  failing: Failing | undefined;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #patience: Patience;
  readonly #store: (cursor: Cursor) => Promise<void>;
  readonly #stopping = new AbortController();
  #stored: number;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  /** @param parts.store puts the cursor on disk; may fail, and is then tried again with the next event. */
  constructor(
    webhook: WebhookRecord,
    cursor: Cursor,
    parts: {
      events: EventLog;
      clock: () => number;
      patience: Patience;
      store: (cursor: Cursor) => Promise<void>;
    },
  ) {
    this.webhook = webhook;
    this.cursor = cursor;
    this.#stored = cursor.seq;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#patience = parts.patience;
    this.#store = parts.store;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends a delivery that is under way; it will be made again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  /** An event has come. One that is not wanted, by a webhook that has had all before it, costs no more than this. */
  notice(event: StoredEvent): void {
    if (event.seq === this.cursor.seq + 1 && !wants(this.webhook, event)) {
      this.cursor = { ...this.cursor, seq: event.seq };
      if (event.seq - this.#stored < STORE_AFTER) return;
    }
    this.#wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        const refused = await this.#catchUp();
        if (refused) await this.#insist(refused);
      } catch {
        // The store could not be read or written: not now, then later.
        await this.#pause(this.#patience.first);
      }
      if (this.cursor.seq >= this.#events.last && !signal.aborted) await woken;
    }
  }

  /** Delivers what there is, or some of it. @returns what was not taken */
  async #catchUp(): Promise<Due | undefined> {
    const gap = this.#gap();
    if (gap && !(await this.#attempt(gap))) return gap;
    let left = IN_ONE_READING;
    for await (const event of this.#events.since(this.cursor.seq)) {
      if (this.#stopping.signal.aborted) return undefined;
      if (wants(this.webhook, event)) {
        const due = dueOf(event);
        if (!(await this.#attempt(due))) return due;
        if (--left === 0) return undefined;
      } else if (event.seq > this.cursor.seq) {
        this.cursor = { ...this.cursor, seq: event.seq };
        if (event.seq - this.#stored >= STORE_AFTER) await this.#keep();
      }
    }
    return undefined;
  }

  /** Events were forgotten that it may have wanted: it is told so. */
  #gap(): Due | undefined {
    const { oldest } = this.#events;
    const from = this.cursor.seq + 1;
    if (from >= oldest) return undefined;
    const time = new Date(this.#clock()).toISOString();
    const body = JSON.stringify({ seq: 0, time, kind: 'stream.gap', data: { from, oldest } });
    return { kind: 'stream.gap', id: `gap-${from}-${oldest}`, body, seq: oldest - 1 };
  }

  /** Tries again until it is taken, or forgotten itself: then there is a gap to tell of. */
  async #insist(due: Due): Promise<void> {
    while (!this.#stopping.signal.aborted && due.seq >= this.#events.oldest - 1) {
      await this.#pause((this.failing?.nextTryAt ?? 0) - this.#clock());
      if (this.#stopping.signal.aborted || (await this.#attempt(due))) return;
    }
  }

  /** @returns whether it was taken */
  async #attempt(due: Due): Promise<boolean> {
    const { signal } = this.#stopping;
    const { answer: limit, first, longest } = this.#patience;
    const outcome = await deliver(this.webhook, due, { seconds: Math.floor(this.#clock() / 1000), limit, signal });
    if (signal.aborted) return false;
    if (outcome.delivered) {
      this.failing = undefined;
      this.cursor = { seq: due.seq, delivered: this.cursor.delivered + 1, lastDeliveredAt: this.#clock() };
      await this.#keep();
      return true;
    }
    const tries = (this.failing?.tries ?? 0) + 1;
    const wait = Math.min(longest, first * 2 ** Math.min(tries - 1, 20));
    const since = this.failing?.since ?? this.#clock();
    this.failing = { since, tries, lastError: outcome.error, nextTryAt: this.#clock() + wait };
    return false;
  }

  async #keep(): Promise<void> {
    await this.#store(this.cursor);
    this.#stored = this.cursor.seq;
  }

  #pause(ms: number): Promise<void> {
    return pause(Math.max(0, ms), undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {});
  }
}

function dueOf(event: StoredEvent): Due {
  const { seq, time, kind, machine, workflow, data } = event;
  const body = JSON.stringify({ seq, time: new Date(time).toISOString(), kind, machine, workflow, data });
  return { kind, id: String(seq), body, seq };
}
