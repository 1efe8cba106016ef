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
const workflowPrefix = (workflow: string): string => `workflow-event/${workflow}/`;
const workflowKey = (workflow: string, seq: number): string =>
  `${workflowPrefix(workflow)}${String(seq).padStart(15, '0')}`;
/** Number of the newest event that was forgotten. */
const FORGOTTEN = 'events-forgotten';

export class EventLog {
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #listeners = new EventEmitter<{ event: [StoredEvent] }>();
  /** The last number given, and the last that is on disk. */
  #given: number;
  #last: number;
  /** The number before the first that is kept. */
  #forgotten: number;

  private constructor(store: Store, clock: () => number, { first, last }: { first: number; last: number }) {
    this.#store = store;
    this.#clock = clock;
    this.#given = last;
    this.#last = last;
    this.#forgotten = first - 1;
    this.#listeners.setMaxListeners(0);
  }

  static async open(store: Store, clock: () => number): Promise<EventLog> {
    const [newest] = await store.entries<StoredEvent>('event/', { reverse: true, limit: 1 });
    const [oldest] = await store.entries<StoredEvent>('event/', { limit: 1 });
    // After all were forgotten, numbers go on: they are never given twice.
    const forgotten = store.get<number>(FORGOTTEN) ?? 0;
    const first = oldest?.[1].seq ?? forgotten + 1;
    return new EventLog(store, clock, { first, last: newest?.[1].seq ?? forgotten });
  }

  /** Sequence number of the newest event on disk. */
  get last(): number {
    return this.#last;
  }

  /** Sequence number of the oldest event that is kept; when none is, of the next. */
  get oldest(): number {
    return this.#forgotten + 1;
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

  /** Events after a sequence number, oldest first; of one workflow, if named. */
  async *since(seq: number, workflow?: string): AsyncGenerator<StoredEvent> {
    if (workflow === undefined) {
      for await (const [, event] of this.#store.range<StoredEvent>('event/', { after: key(seq) })) yield event;
      return;
    }
    const after = workflowKey(workflow, seq);
    for await (const page of pagesOf(this.#store.range<number>(workflowPrefix(workflow), { after }))) {
      yield* await this.#read(page);
    }
  }

  /** The events of one workflow, oldest first: all, or so many of the newest. */
  async ofWorkflow(workflow: string, { last }: { last?: number } = {}): Promise<StoredEvent[]> {
    const newest = last === undefined ? {} : { reverse: true, limit: last };
    const seqs = (await this.#store.entries<number>(workflowPrefix(workflow), newest)).map(([, seq]) => seq);
    return this.#read(last === undefined ? seqs : seqs.reverse());
  }

  /**
   * Forgets the oldest events that `isOver` says are too many or too old, `most` at the utmost.
   * @returns how many they were
   */
  async forget(isOver: (event: StoredEvent) => boolean, most: number): Promise<number> {
    const over: StoredEvent[] = [];
    for (const [, event] of await this.#store.entries<StoredEvent>('event/', { limit: most })) {
      if (!isOver(event)) break;
      over.push(event);
    }
    const newest = over.at(-1);
    if (newest === undefined) return 0;
    await this.#store.change((transaction) => {
      for (const { seq, workflow } of over) {
        transaction.delete(key(seq));
        if (workflow) transaction.delete(workflowKey(workflow, seq));
      }
      transaction.put(FORGOTTEN, newest.seq);
      transaction.afterwards(() => {
        this.#forgotten = newest.seq;
      });
    });
    return over.length;
  }

  /** Those of some numbers that are still there. */
  async #read(seqs: number[]): Promise<StoredEvent[]> {
    const events = await this.#store.getMany<StoredEvent>(seqs.map(key));
    return events.filter((event) => event !== undefined);
  }
}

/** Entries of a range, some at a time. */
async function* pagesOf(range: AsyncIterable<[string, number]>): AsyncGenerator<number[]> {
  let page: number[] = [];
  for await (const [, seq] of range) {
    page.push(seq);
    if (page.length < 256) continue;
    yield page;
    page = [];
  }
  yield page;
}
