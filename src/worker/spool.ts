/**
 * The output of one attempt on its way to the server. Entries are numbered as the engine recorded them, so a worker that
 * starts again reads the output from its beginning and gives every entry the number it had before; what the server has
 * already is skipped. When the spool is full, reading stops: the engine keeps the rest, so nothing is dropped here.
 */
import type { LogEntry } from './protocol.ts';

/** Bytes held in memory before reading stops. */
const CAPACITY = 16 << 20;
/** One post: well below the server's limit for a request, few enough to be sent soon. */
const BATCH = { bytes: 256 << 10, entries: 2000 };

export class Spool {
  readonly #capacity: number;
  #entries: LogEntry[] = [];
  /** Number of the oldest entry held, and so the number the server expects next. */
  #first = 0;
  #bytes = 0;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /** Number of the entry after the last one held. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get full(): boolean {
    return this.#bytes >= this.#capacity;
  }

  /** A whole batch is waiting: there is no reason to wait for more. */
  get batchFull(): boolean {
    return this.#bytes >= BATCH.bytes || this.#entries.length >= BATCH.entries;
  }

  /**
   * Takes entry `number`. True: it is new. False: it is held, or acknowledged, already.
   * @throws RangeError when entries before it were left out: the reader's fault
   */
  offer(number: number, entry: LogEntry): boolean {
    if (number > this.end) throw new RangeError(`entry ${number} offered where ${this.end} is next`);
    if (number < this.end) return false;
    this.#entries.push(entry);
    this.#bytes += entry.text.length;
    return true;
  }

  /** What to post next, or undefined when there is nothing. */
  batch(): { from: number; entries: LogEntry[] } | undefined {
    if (this.empty) return undefined;
    let count = 0;
    for (let bytes = 0; count < this.#entries.length && count < BATCH.entries; count += 1) {
      bytes += this.#entries[count]?.text.length ?? 0;
      if (bytes > BATCH.bytes && count > 0) break;
    }
    return { from: this.#first, entries: this.#entries.slice(0, count) };
  }

  /**
   * The server expects `next`: everything before it is safe. False when that is an entry no longer held, or one not read
   * yet: the output has to be read again from its beginning.
   */
  acknowledge(next: number): boolean {
    if (next >= this.#first && next <= this.end) {
      const gone = this.#entries.splice(0, next - this.#first);
      this.#bytes -= gone.reduce((sum, { text }) => sum + text.length, 0);
      this.#first = next;
      return true;
    }
    this.#entries = [];
    this.#bytes = 0;
    this.#first = next;
    return false;
  }
}
