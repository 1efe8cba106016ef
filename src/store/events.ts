/** The event log: every fact in order, with a sequence number, kept in the store and told to whoever listens. */
import { EventEmitter } from 'node:events';
import { highestWord, type NumberOf, type Packed, pack, unpack } from './event-codec.ts';
import type { Store, Transaction } from './store.ts';
import { epochOf, ReadWords, Words } from './words.ts';

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

/** An event on disk: packed, or as earlier versions wrote it. */
type OnDisk = Packed | StoredEvent;

/** Digits of the number at the end of a key. */
const DIGITS = 15;
const padded = (seq: number): string => String(seq).padStart(DIGITS, '0');
const key = (seq: number): string => `event/${padded(seq)}`;
const seqOf = (at: string): number => Number(at.slice(-DIGITS));
const workflowPrefix = (workflow: string): string => `workflow-event/${workflow}/`;
const workflowKey = (workflow: string, seq: number): string => `${workflowPrefix(workflow)}${padded(seq)}`;
/** Number of the newest event that was forgotten. */
const FORGOTTEN = 'events-forgotten';

export class EventLog {
  readonly #store: Store;
  readonly #words: Words;
  readonly #clock: () => number;
  readonly #listeners = new EventEmitter<{ event: [StoredEvent] }>();
  /** The last number given, and the last that is on disk. */
  #given: number;
  #last: number;
  /** The number before the first that is kept. */
  #forgotten: number;

  private constructor(
    store: Store,
    words: Words,
    clock: () => number,
    { first, last }: { first: number; last: number },
  ) {
    this.#store = store;
    this.#words = words;
    this.#clock = clock;
    this.#given = last;
    this.#last = last;
    this.#forgotten = first - 1;
    this.#listeners.setMaxListeners(0);
  }

  static async open(store: Store, clock: () => number): Promise<EventLog> {
    const [newest] = await store.entries('event/', { reverse: true, limit: 1 });
    const [oldest] = await store.entries('event/', { limit: 1 });
    // After all were forgotten, numbers go on: they are never given twice.
    const forgotten = store.get<number>(FORGOTTEN) ?? 0;
    const first = oldest ? seqOf(oldest[0]) : forgotten + 1;
    const last = newest ? seqOf(newest[0]) : forgotten;
    return new EventLog(store, await Words.open(store, last), clock, { first, last });
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
    const { seq } = stored;
    const numberOf = ((word: string, isNeeded: boolean) =>
      this.#words.numberOf(transaction, seq, word, isNeeded)) as NumberOf;
    transaction.add(key(seq), pack(stored, numberOf));
    if (stored.workflow) transaction.add(workflowKey(stored.workflow, seq), 0);
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
      const pages = this.#store.pages<OnDisk>('event/', { after: key(seq) });
      for await (const page of pages) yield* await this.#unpack(page);
      return;
    }
    const after = workflowKey(workflow, seq);
    for await (const page of this.#store.pages(workflowPrefix(workflow), { after }))
      yield* await this.#read(page.map(([at]) => seqOf(at)));
  }

  /** The events of one workflow, oldest first: all, or so many of the newest. */
  async ofWorkflow(workflow: string, { last }: { last?: number } = {}): Promise<StoredEvent[]> {
    const newest = last === undefined ? {} : { reverse: true, limit: last };
    const seqs = (await this.#store.entries(workflowPrefix(workflow), newest)).map(([at]) => seqOf(at));
    return this.#read(last === undefined ? seqs : seqs.reverse());
  }

  /** Forgets a workflow's history: what it was is not found by it any more, though in the whole log as long as that is kept. */
  async forgetWorkflow(workflow: string): Promise<void> {
    await this.#store.clear(workflowPrefix(workflow));
  }

  /**
   * Forgets the oldest events that `isOver` says are too many or too old, `most` at the utmost.
   * @returns how many they were
   */
  async forget(isOver: (event: { seq: number; time: number }) => boolean, most: number): Promise<number> {
    const oldest = await this.#unpack(await this.#store.entries<OnDisk>('event/', { limit: most }));
    const end = oldest.findIndex((event) => !isOver(event));
    const over = end === -1 ? oldest : oldest.slice(0, end);
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
    await this.#words.forget(this.oldest);
    return over.length;
  }

  /** Those of some numbers that are still there. */
  async #read(seqs: number[]): Promise<StoredEvent[]> {
    const keys = seqs.map(key);
    const found = await this.#store.getMany<OnDisk>(keys);
    return this.#unpack(
      found.flatMap((event, at): [string, OnDisk][] => (event === undefined ? [] : [[keys[at] ?? '', event]])),
    );
  }

  async #unpack(entries: readonly [string, OnDisk][]): Promise<StoredEvent[]> {
    const highest = new Map<number, number>();
    for (const [at, event] of entries) {
      if (!Array.isArray(event)) continue;
      const epoch = epochOf(seqOf(at));
      highest.set(epoch, Math.max(highest.get(epoch) ?? 0, highestWord(event)));
    }
    const words = new Map<number, ReadWords>();
    for (const [epoch, number] of highest) words.set(epoch, await this.#words.read(epoch, number));
    return entries.map(([at, event]) => {
      if (!Array.isArray(event)) return event;
      const seq = seqOf(at);
      return unpack(seq, event, words.get(epochOf(seq)) ?? NONE);
    });
  }
}

const NONE = new ReadWords();
