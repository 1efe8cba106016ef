/** The event log: every fact in order, with a sequence number, kept in the store and told to whoever listens. */
import { EventEmitter } from 'node:events';
import type { Store, Transaction } from './store.ts';

/** A recorded fact. `time` is ms since 1970. */
export interface StoredEvent {
  seq: number;
  time: number;
  kind: string;
  /** Ids of what it is about. */
  machine?: string;
  workflow?: string;
  data: Record<string, unknown>;
}

const key = (seq: number): string => `event/${String(seq).padStart(15, '0')}`;
const workflowKey = (workflow: string, seq: number): string =>
  `workflow-event/${workflow}/${String(seq).padStart(15, '0')}`;

export class EventLog {
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #listeners = new EventEmitter<{ event: [StoredEvent] }>();
  /** The last number given, and the last that is on disk. */
  #given: number;
  #last: number;

  private constructor(store: Store, clock: () => number, last: number) {
    this.#store = store;
    this.#clock = clock;
    this.#given = last;
    this.#last = last;
    this.#listeners.setMaxListeners(0);
  }

  static async open(store: Store, clock: () => number): Promise<EventLog> {
    for await (const [, event] of store.range<StoredEvent>('event/', { reverse: true, limit: 1 }))
      return new EventLog(store, clock, event.seq);
    return new EventLog(store, clock, 0);
  }

  /** Sequence number of the newest event on disk. */
  get last(): number {
    return this.#last;
  }

  /** Adds a fact to a change; listeners hear of it once it is on disk. */
  append(transaction: Transaction, event: Omit<StoredEvent, 'seq' | 'time'>): void {
    // A number lost with a failed batch leaves a gap, which is harmless; a number is never given twice.
    const stored: StoredEvent = { seq: ++this.#given, time: this.#clock(), ...event };
    transaction.put(key(stored.seq), stored);
    if (stored.workflow) transaction.put(workflowKey(stored.workflow, stored.seq), stored.seq);
    transaction.afterwards(() => {
      this.#last = stored.seq;
      this.#listeners.emit('event', stored);
    });
  }

  /** Hears every event from now on. Returns the function that stops it. */
  listen(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.on('event', listener);
    return () => void this.#listeners.off('event', listener);
  }

  /** Events after a sequence number, oldest first. */
  async *since(seq: number): AsyncGenerator<StoredEvent> {
    for await (const [, event] of this.#store.range<StoredEvent>('event/', { after: key(seq) })) yield event;
  }

  /** The events of one workflow, oldest first. */
  async ofWorkflow(workflow: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const [, seq] of this.#store.range<number>(`workflow-event/${workflow}/`)) {
      const event = this.#store.get<StoredEvent>(key(seq));
      if (event) events.push(event);
    }
    return events;
  }
}
