/**
 * Events for programs that would rather be called: each webhook gets those that it wants, in order, at least once. A
 * target that is down is tried again and again and slows nobody: its events wait in the log, as long as they are kept.
 */
import { randomBytes } from 'node:crypto';
import { TinsmithError } from '../errors.ts';
import type { EventLog } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { Courier, PATIENCE, type Patience } from './courier.ts';
import { deliver } from './delivery.ts';
import {
  type Cursor,
  MOST_WEBHOOKS,
  type Webhook,
  type WebhookInput,
  type WebhookRecord,
  webhookInput,
} from './records.ts';

/** What came of a test: `status` where there was an answer, `error` where it was none of success. */
export interface TestResult {
  delivered: boolean;
  status?: number;
  error?: string;
}

/** All webhooks. */
export class Webhooks {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #newId: () => string;
  readonly #patience: Patience;
  readonly #couriers = new Map<string, Courier>();
  #listening: (() => void) | undefined;

  constructor(parts: {
    store: Store;
    events: EventLog;
    /** ms since 1970 */
    clock: () => number;
    newId: () => string;
    patience?: Patience;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
    this.#patience = parts.patience ?? PATIENCE;
  }

  /** Begins to deliver. */
  async start(): Promise<void> {
    for (const record of await this.#store.values<WebhookRecord>('webhook/')) {
      if (!this.#couriers.has(record.id)) this.#employ(record, this.#storedCursor(record.id));
    }
    // Every courier hears every event: what one is not interested in costs it a comparison.
    this.#listening = this.#events.listen((event) => {
      for (const courier of this.#couriers.values()) courier.notice(event);
    });
    for (const courier of this.#couriers.values()) courier.start();
  }

  /** Ends the deliveries under way; they will be made again. */
  async stop(): Promise<void> {
    this.#listening?.();
    this.#listening = undefined;
    await Promise.all([...this.#couriers.values()].map((courier) => courier.stop()));
    this.#couriers.clear();
  }

  /**
   * Makes one. It is told of what happens from now on. Its secret is in the answer, and never again.
   * @param input as `webhookInput` describes it
   * @throws TinsmithError CONFLICT when there are too many
   */
  async create(input: WebhookInput): Promise<Webhook & { secret: string }> {
    const { secret = randomBytes(32).toString('base64url'), ...wanted } = webhookInput.parse(input);
    const record: WebhookRecord = { id: this.#newId(), ...wanted, secret, createdAt: this.#clock() };
    if (this.#couriers.size >= MOST_WEBHOOKS) {
      throw new TinsmithError('CONFLICT', `There are ${MOST_WEBHOOKS} webhooks, and there can be no more.`, {
        next: 'Delete one that is not needed any more: tinsmith webhook delete ID',
      });
    }
    const cursor: Cursor = { seq: this.#events.last, delivered: 0 };
    await this.#store.change((transaction) => {
      transaction.put(`webhook/${record.id}`, record);
      transaction.put(`webhook-cursor/${record.id}`, cursor);
    });
    const courier = this.#employ(record, cursor);
    if (this.#listening) courier.start();
    return { ...this.#present(courier), secret };
  }

  /** All of them, in the order in which they were made. */
  list(): Webhook[] {
    return [...this.#couriers.values()]
      .map((courier) => this.#present(courier))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** @throws TinsmithError NOT_FOUND */
  get(id: string): Webhook {
    return this.#present(this.#courier(id));
  }

  /** @throws TinsmithError NOT_FOUND */
  async delete(id: string): Promise<Webhook> {
    const courier = this.#courier(id);
    this.#couriers.delete(id);
    await courier.stop();
    await this.#store.change((transaction) => {
      transaction.delete(`webhook/${id}`);
      transaction.delete(`webhook-cursor/${id}`);
    });
    return this.#present(courier);
  }

  /**
   * Delivers `webhook.test`, once and now, beside whatever waits.
   * @throws TinsmithError NOT_FOUND
   */
  async test(id: string): Promise<TestResult> {
    const { webhook } = this.#courier(id);
    const now = this.#clock();
    const body = JSON.stringify({ seq: 0, time: new Date(now).toISOString(), kind: 'webhook.test', data: {} });
    return deliver(
      webhook,
      { kind: 'webhook.test', id: 'test', body },
      { seconds: Math.floor(now / 1000), limit: this.#patience.answer, signal: new AbortController().signal },
    );
  }

  #courier(id: string): Courier {
    const courier = this.#couriers.get(id);
    if (!courier)
      throw new TinsmithError('NOT_FOUND', `There is no webhook ${id}.`, {
        next: 'See which there are: tinsmith webhook list',
      });
    return courier;
  }

  #employ(record: WebhookRecord, cursor: Cursor): Courier {
    const courier = new Courier(record, cursor, {
      events: this.#events,
      clock: this.#clock,
      patience: this.#patience,
      store: (now) =>
        this.#store.change((transaction) => {
          // Deleted meanwhile: nothing of it is to be left.
          if (transaction.get(`webhook/${record.id}`)) transaction.put(`webhook-cursor/${record.id}`, now);
        }),
    });
    this.#couriers.set(record.id, courier);
    return courier;
  }

  #storedCursor(id: string): Cursor {
    return this.#store.get<Cursor>(`webhook-cursor/${id}`) ?? { seq: this.#events.last, delivered: 0 };
  }

  #present({ webhook: { secret: _secret, ...shown }, cursor, failing }: Courier): Webhook {
    const behind = Math.max(0, this.#events.last - cursor.seq);
    return { ...shown, cursor, behind, ...(failing ? { failing } : {}) };
  }
}
