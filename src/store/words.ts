/**
 * The words of packed events, each kept once for every 65,536 events: when those are forgotten, so are their words, and
 * nothing piles up.
 */
import type { Store, Transaction } from './store.ts';

/** How many events share their words. */
export const EPOCH = 65_536;
/** Epochs whose words are kept in memory for reading. */
const REMEMBERED = 8;

const prefix = (epoch: number): string => `event-word/${String(epoch).padStart(8, '0')}/`;
const key = (epoch: number, number: number): string => `${prefix(epoch)}${String(number).padStart(6, '0')}`;

export const epochOf = (seq: number): number => Math.floor(seq / EPOCH);

/** Words of the events that share them; beyond that, only kinds and ids become words. */
const MOST = 30_000;

interface Word {
  number: number;
  /** On disk. Until then everybody who uses it writes it too: whose change fails takes nothing from others. */
  kept: boolean;
}

/** The words of an epoch, as they were read. */
export class ReadWords {
  readonly #words: string[] = [];
  readonly #lists = new Map<number, readonly string[]>();
  last = 0;

  add(number: number, word: string): void {
    this.#words[number] = word;
    this.last = Math.max(this.last, number);
  }

  word(number: number): string {
    return this.#words[number] ?? '';
  }

  /** A word that is a list of texts, as JSON. */
  list(number: number): readonly string[] {
    const known = this.#lists.get(number);
    if (known) return known;
    const list = JSON.parse(this.word(number)) as string[];
    this.#lists.set(number, list);
    return list;
  }
}

export class Words {
  readonly #store: Store;
  /** Those of the epoch that is being written. */
  #writing = new Map<string, Word>();
  #epoch: number;
  #last = 0;
  /** Whose words are the first that are kept, as far as is known. */
  #oldest = -1;
  readonly #read = new Map<number, ReadWords>();

  private constructor(store: Store, epoch: number) {
    this.#store = store;
    this.#epoch = epoch;
  }

  /** @param seq the number of the newest event */
  static async open(store: Store, seq: number): Promise<Words> {
    const words = new Words(store, epochOf(seq));
    for (const [at, word] of await store.entries<string>(prefix(words.#epoch))) {
      const number = Number(at.slice(prefix(words.#epoch).length));
      words.#writing.set(word, { number, kept: true });
      words.#last = Math.max(words.#last, number);
    }
    return words;
  }

  /**
   * The number of a word for an event that is being written; it goes to disk with it.
   * @param isNeeded whether there must be one: others are not taken once there are too many
   */
  numberOf(transaction: Transaction, seq: number, text: string, isNeeded: true): number;
  numberOf(transaction: Transaction, seq: number, text: string, isNeeded: boolean): number | undefined;
  numberOf(transaction: Transaction, seq: number, text: string, isNeeded: boolean): number | undefined {
    if (epochOf(seq) !== this.#epoch) {
      this.#epoch = epochOf(seq);
      this.#writing = new Map();
      this.#last = 0;
    }
    const known = this.#writing.get(text);
    if (known?.kept) return known.number;
    if (!known && !isNeeded && this.#writing.size >= MOST) return undefined;
    const word = known ?? { number: ++this.#last, kept: false };
    if (!known) this.#writing.set(text, word);
    transaction.add(key(this.#epoch, word.number), text);
    transaction.afterwards(() => {
      word.kept = true;
    });
    return word.number;
  }

  /** The words of the events of an epoch, as far as number `upTo` at least. */
  async read(epoch: number, upTo: number): Promise<ReadWords> {
    const known = this.#read.get(epoch) ?? new ReadWords();
    // The one that is used goes to the end: the one at the beginning was not for the longest time.
    this.#read.delete(epoch);
    this.#read.set(epoch, known);
    for (const oldest of this.#read.keys()) {
      if (this.#read.size <= REMEMBERED) break;
      this.#read.delete(oldest);
    }
    if (known.last < upTo) {
      const after = key(epoch, known.last);
      for (const [at, word] of await this.#store.entries<string>(prefix(epoch), { after })) {
        known.add(Number(at.slice(prefix(epoch).length)), word);
      }
    }
    return known;
  }

  /** Forgets the words of events that are forgotten. */
  async forget(oldest: number): Promise<void> {
    const epoch = epochOf(oldest);
    if (epoch === this.#oldest) return;
    await this.#store.clear('event-word/', prefix(epoch));
    this.#oldest = epoch;
  }
}
