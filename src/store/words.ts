/**
 * The words of packed events, each kept once for every 65,536 events: when those are forgotten, so are their words, and
 * nothing piles up.
 */
import type { Store, Transaction } from './store.ts';

/** How many events share their words. */
export const EPOCH = 65_536;
/** Words kept in memory for reading. */
const REMEMBERED = 50_000;

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

export class Words {
  readonly #store: Store;
  /** Those of the epoch that is being written. */
  #writing = new Map<string, Word>();
  #epoch: number;
  #last = 0;
  /** Whose words are the first that are kept, as far as is known. */
  #oldest = -1;
  readonly #read = new Map<string, string>();

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
    transaction.put(key(this.#epoch, word.number), text);
    transaction.afterwards(() => {
      word.kept = true;
    });
    return word.number;
  }

  /** Makes words ready for `word`. @param wanted sequence numbers of events, and numbers of words in them */
  async read(wanted: Iterable<readonly [seq: number, numbers: Iterable<number>]>): Promise<void> {
    const missing = new Set<string>();
    for (const [seq, numbers] of wanted) {
      for (const number of numbers) {
        const at = key(epochOf(seq), number);
        if (!this.#read.has(at)) missing.add(at);
      }
    }
    if (missing.size === 0) return;
    if (this.#read.size > REMEMBERED) this.#read.clear();
    const keys = [...missing];
    const texts = await this.#store.getMany<string>(keys);
    texts.forEach((text, at) => {
      if (text !== undefined) this.#read.set(keys[at] ?? '', text);
    });
  }

  /** A word that was made ready. */
  word(seq: number, number: number): string {
    return this.#read.get(key(epochOf(seq), number)) ?? '';
  }

  /** Forgets the words of events that are forgotten. */
  async forget(oldest: number): Promise<void> {
    const epoch = epochOf(oldest);
    if (epoch === this.#oldest) return;
    await this.#store.clear('event-word/', prefix(epoch));
    this.#oldest = epoch;
  }
}
