/**
 * The store: LevelDB under one group-commit queue. A change is a synchronous function over the newest state (what is on
 * disk plus what is about to be); all changes made while the disk was busy go down in one atomic, synced batch, and only
 * then are their callers told. A batch that fails is forgotten together with everything decided on top of it, so memory
 * never runs ahead of the disk. (One fdatasync for many callers: 10 to 45 times the rate of one each.)
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Level } from 'level';
import { messageOf, TinsmithError } from '../errors.ts';
import { frozen, Value, ValueCache } from './values.ts';

/** What can be read from: the store as it is on disk, or a change under way. */
export interface Reader {
  get<T>(key: string): T | undefined;
}

/**
 * What a change may do. Reads see earlier changes that are still on their way to the disk. What is read is shared with
 * others, and frozen.
 */
export interface Transaction extends Reader {
  put(key: string, value: unknown): void;
  /** As `put`, for a value that nobody changes any more: it is frozen, and given itself to those who read it. */
  putFrozen(key: string, value: unknown): void;
  /**
   * Puts JSON that somebody else made, and what those who read it are given until it is read from the disk again. Nobody
   * may change that any more.
   */
  putText(key: string, json: string, value: unknown): void;
  /**
   * Gives another value to those who read a key before it is read from the disk again, where what is written there stays
   * as it is. Nobody may change the value any more.
   */
  keep(key: string, value: unknown): void;
  /**
   * Puts an entry that nobody reads by `get`: it is found in ranges, once it is on disk. Most of what is written is such
   * entries, and is not kept in memory to be found before that. One that is deleted is not added again before that is on disk.
   */
  add(key: string, value: unknown): void;
  delete(key: string): void;
  /** Calls back once the change is on disk, before the caller of `change` is told. */
  afterwards(callback: () => void): void;
}

/** Entries that are read at once. */
const PAGE = 256;

export interface RangeOptions {
  after?: string;
  limit?: number;
  reverse?: boolean;
}

/** What is in memory of what is, or will be, on the disk. */
interface Memory {
  /** What is decided and not yet on disk, which the next change must see; null: it is to be deleted. */
  ahead(key: string): Value | null | undefined;
  /** The value of a key, where it was read or written lately. */
  cached(key: string): Value | undefined;
  read<T>(key: string): T | undefined;
}

interface Added {
  key: string;
  text: string;
}

/**
 * How long a batch that follows a small one at once is left to grow. A sync takes a tenth of a millisecond of processor time:
 * at some thousand changes a second, with hardly two in a batch, it was the dearest part of each.
 */
const GATHERING_MS = 1;
/** Changes with which a batch is no small one. */
const MANY = 16;

/** One change, from its decision until it is on disk. A class, as there are thousands of them at once. */
class Change implements Transaction {
  readonly writes = new Map<string, Value | null>();
  readonly added: Added[] = [];
  readonly callbacks: (() => void)[] = [];
  readonly #memory: Memory;
  resolve: () => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get<T>(key: string): T | undefined {
    let own = this.writes.get(key);
    if (own === undefined) own = this.#memory.ahead(key);
    if (own === undefined) return this.#memory.read<T>(key);
    return own === null ? undefined : (own.value as T);
  }

  put(key: string, value: unknown): void {
    this.writes.set(key, new Value(JSON.stringify(value)));
  }

  putFrozen(key: string, value: unknown): void {
    this.writes.set(key, new Value(JSON.stringify(value), { value: frozen(value) }));
  }

  putText(key: string, json: string, value: unknown): void {
    this.writes.set(key, new Value(json, { value }));
  }

  keep(key: string, value: unknown): void {
    const own = this.writes.get(key);
    const { text } = own ?? this.#memory.ahead(key) ?? this.#memory.cached(key) ?? NO_VALUE;
    this.writes.set(key, new Value(text, { value, isWritten: own?.isWritten ?? true }));
  }

  add(key: string, value: unknown): void {
    this.added.push({ key, text: JSON.stringify(value) });
  }

  delete(key: string): void {
    this.writes.set(key, null);
  }

  afterwards(callback: () => void): void {
    this.callbacks.push(callback);
  }
}

export class Store {
  readonly #db: Level<string, string>;
  readonly #roomToReopen: () => boolean;
  /** A write has failed: LevelDB may have left half a record in its log. */
  #failed = false;
  /** Changes decided and not yet on disk, oldest first. */
  #queue: Change[] = [];
  /** What the queue writes, and what the batch under way does: of each key its newest value. */
  #queued = new Map<string, Value | null>();
  #underWay: ReadonlyMap<string, Value | null> = new Map();
  /** Entries that the queue adds. */
  #added: Added[] = [];
  readonly #cache = new ValueCache();
  readonly #memory: Memory = {
    ahead: (key) => {
      const queued = this.#queued.get(key);
      return queued === undefined ? this.#underWay.get(key) : queued;
    },
    cached: (key) => {
      const cached = this.#cache.get(key);
      return cached === ABSENT ? undefined : cached;
    },
    read: (key) => this.get(key),
  };
  /**
   * The disk before the batch under way: until that is known to be there, all of it is read as it was, what is in memory
   * and what is not.
   */
  #before: ReturnType<Level<string, string>['snapshot']> | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;

  /** @param roomToReopen whether the disk has room for LevelDB to write its log out and begin another. */
  constructor(db: Level<string, string>, roomToReopen: () => boolean = () => true) {
    this.#db = db;
    this.#roomToReopen = roomToReopen;
  }

  /** The value under a key as it is on disk; frozen. */
  get<T>(key: string): T | undefined {
    if (this.#db.status !== 'open') throw this.#unavailable();
    const cached = this.#cache.get(key);
    if (cached === ABSENT) return undefined;
    if (cached) return cached.value as T;
    const text = this.#before ? this.#db.getSync(key, { snapshot: this.#before }) : this.#db.getSync(key);
    if (text === undefined) {
      this.#cache.set(key, ABSENT);
      return undefined;
    }
    const read = new Value(text);
    const { value } = read;
    this.#cache.set(key, read);
    return value as T;
  }

  /**
   * Runs a change and waits until it is on disk.
   * @throws whatever `decide` throws (nothing is changed then), or TinsmithError STORE_WRITE_FAILED.
   */
  async change<T>(decide: (transaction: Transaction) => T): Promise<T> {
    if (this.#closed) throw this.#unavailable();
    const change = new Change(this.#memory);
    const result = decide(change);
    if (change.writes.size === 0 && change.added.length === 0) {
      // A decision made on state that is still on its way must not be told before that state is safe.
      if (this.#flushing || this.#queue.length > 0) await this.#enqueue(change);
      else callBack(change.callbacks);
      return result;
    }
    for (const entry of change.added) this.#added.push(entry);
    change.writes.forEach((value, key) => {
      // Another value for a text that waits still: it is written with this one.
      const waits = value?.isWritten && this.#queued.get(key)?.isWritten === false;
      this.#queued.set(key, waits ? new Value(value.text, { value: value.value }) : value);
    });
    await this.#enqueue(change);
    return result;
  }

  /** All entries whose key begins with `prefix`, in key order, as they are on disk; `after` skips up to that key. */
  async *range<T>(prefix: string, options: RangeOptions = {}): AsyncGenerator<[string, T]> {
    for await (const page of this.pages<T>(prefix, options)) yield* page;
  }

  /** As `range`, some at a time: one by one, each entry would cost a promise. */
  async *pages<T>(prefix: string, options: RangeOptions = {}): AsyncGenerator<[string, T][]> {
    const iterator = this.#iterator(prefix, options);
    try {
      for (let some = await iterator.nextv(PAGE); some.length > 0; some = await iterator.nextv(PAGE)) {
        yield some.map(([key, value]) => [key, JSON.parse(value) as T]);
      }
    } finally {
      await iterator.close();
    }
  }

  /** As `range`, all at once. */
  async entries<T>(prefix: string, options: RangeOptions = {}): Promise<[string, T][]> {
    const entries = await this.#iterator(prefix, options).all();
    return entries.map(([key, value]) => [key, JSON.parse(value) as T]);
  }

  #iterator(prefix: string, { after, limit = -1, reverse = false }: RangeOptions) {
    const bounds = after === undefined ? { gte: prefix } : { gt: after };
    return this.#db.iterator({ ...bounds, lt: `${prefix}\uffff`, limit, reverse });
  }

  /** The values under keys as they are on disk, read beside the event loop. */
  async getMany<T>(keys: string[]): Promise<(T | undefined)[]> {
    const texts = await this.#db.getMany(keys);
    return texts.map((text) => (text === undefined ? undefined : (JSON.parse(text) as T)));
  }

  /** All values whose key begins with `prefix`, in key order. */
  async values<T>(prefix: string): Promise<T[]> {
    return (await this.entries<T>(prefix)).map(([, value]) => value);
  }

  /**
   * Removes everything below a prefix, or what of it comes before a key. Not atomic: only for what no other record refers
   * to any more.
   */
  async clear(prefix: string, before = `${prefix}\uffff`): Promise<void> {
    await this.#db.clear({ gte: prefix, lt: before });
    this.#cache.deleteBetween(prefix, before);
  }

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing) await this.#flushing;
    await this.#db.close();
  }

  #enqueue(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      change.resolve = resolve;
      change.reject = reject;
      this.#queue.push(change);
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // Everything decided in this turn of the event loop travels together.
    await null;
    let before = MANY;
    while (this.#queue.length > 0) {
      // What came while a batch was under way is not alone. Whoever comes when none is, does not wait.
      if (before < MANY) await pause(GATHERING_MS);
      const batch = this.#queue;
      before = batch.length;
      this.#queue = [];
      const writes = this.#queued;
      this.#queued = new Map();
      this.#underWay = writes;
      const added = this.#added;
      this.#added = [];
      try {
        await this.#write(added, writes);
      } catch (cause) {
        const error = new TinsmithError(
          'STORE_WRITE_FAILED',
          `The store could not be written: ${reasonOf(cause)}. Nothing was changed.`,
          {
            next: 'Free some space on the disk of the data directory (or make it writable) and try again.',
            cause,
          },
        );
        const decidedOnTop = this.#queue;
        this.#queue = [];
        this.#queued = new Map();
        this.#added = [];
        this.#endBatch();
        for (const { reject } of [...batch, ...decidedOnTop]) reject(error);
        continue;
      }
      writes.forEach((value, key) => {
        this.#cache.written(key, value);
      });
      this.#endBatch();
      for (const { callbacks, resolve } of batch) {
        callBack(callbacks);
        resolve();
      }
    }
    this.#flushing = undefined;
  }

  async #write(added: readonly Added[], writes: ReadonlyMap<string, Value | null>): Promise<void> {
    if (added.length === 0 && !hasToBeWritten(writes)) return;
    if (this.#failed) await this.#reopen();
    this.#before = this.#db.snapshot();
    // One by one into the batch costs half of what a list of operations does.
    const batch = this.#db.batch();
    // What is deleted may have been added by a change before.
    for (const { key, text } of added) batch.put(key, text);
    writes.forEach((value, key) => {
      if (value === null) batch.del(key);
      else if (!value.isWritten) batch.put(key, value.text);
    });
    try {
      await batch.write({ sync: true });
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  #endBatch(): void {
    this.#underWay = new Map();
    // The database may have been closed meanwhile, and the snapshot with it.
    void this.#before?.close().catch(() => {});
    this.#before = undefined;
  }

  /**
   * LevelDB goes on appending to a log in which a failed write left half a record, and reads nothing behind that at its
   * next start: what was acknowledged would be gone. Opened again it begins a new log.
   */
  async #reopen(): Promise<void> {
    if (this.#db.status === 'open') {
      // Without room it would close and not open again, and then nothing could be read either.
      if (!this.#roomToReopen()) throw new Error('no space left on its disk');
      await this.#db.close();
    }
    await this.#db.open();
    // Part of what was not acknowledged may have come to be on the disk.
    this.#cache.clear();
    this.#failed = false;
  }

  #unavailable(): TinsmithError {
    return this.#closed
      ? new TinsmithError('UNAVAILABLE', 'The store is closed: the appliance is stopping.')
      : new TinsmithError('UNAVAILABLE', 'The store is being opened again after a write that failed.', {
          next: 'Try again in a moment; free space on the disk of the data directory if this lasts.',
        });
  }
}

const NO_VALUE = new Value('');
/** Kept for a key that was looked for and is not there; as long as what a key costs, so that those are bounded too. */
const ABSENT = new Value(' '.repeat(256));

function hasToBeWritten(writes: ReadonlyMap<string, Value | null>): boolean {
  for (const value of writes.values()) if (!value?.isWritten) return true;
  return false;
}

/** A listener that fails is a defect of its own: it must not stop the store for all. */
function callBack(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause);
}
