/** Values as they are read from JSON, kept so that what is read again and again is not parsed again and again. */

/** A value on its way to the disk, or on it: parsed when somebody wants it. */
export class Value {
  readonly text: string;
  /** The text is on the disk, or on its way there, with another value: it need not be written again. */
  readonly isWritten: boolean;
  #parsed: { value: unknown } | undefined;

  /** @param known what the text says, where that is known already */
  constructor(text: string, known?: { value: unknown; isWritten?: boolean }) {
    this.text = text;
    this.isWritten = known?.isWritten ?? false;
    this.#parsed = known;
  }

  /** Frozen, as it is shared by all who read it. */
  get value(): unknown {
    this.#parsed ??= { value: frozen(JSON.parse(this.text)) };
    return this.#parsed.value;
  }

  get wasRead(): boolean {
    return this.#parsed !== undefined;
  }
}

/** Freezes a value with all that is in it; what is frozen already is taken to be so. */
export function frozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const name in value) frozen(value[name as keyof typeof value]);
    Object.freeze(value);
  }
  return value;
}

/** Characters of JSON kept at the utmost, of one value and of all. */
const LARGEST = 64 << 10;
const MOST = 6 << 20;

/**
 * The values that were read lately. There are two generations: what is used is carried into the younger one, and when that
 * is full the older one goes, with all that was not used meanwhile.
 */
export class ValueCache {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #size = 0;

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young) return young;
    const old = this.#old.get(key);
    if (old) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (value.text.length > LARGEST) {
      this.delete(key);
      return;
    }
    this.#size += value.text.length - (this.#young.get(key)?.text.length ?? 0);
    // What the older generation has under the key is found no more, and goes with it.
    this.#young.set(key, value);
    if (this.#size < MOST / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#size = 0;
  }

  /** A key was written: known values are replaced, and new ones taken if they were read already. */
  written(key: string, value: Value | null): void {
    if (value === null) this.delete(key);
    else if (value.wasRead || this.#young.has(key) || this.#old.has(key)) this.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#size = 0;
  }

  deleteBetween(first: string, before: string): void {
    for (const generation of [this.#young, this.#old]) {
      for (const key of generation.keys()) if (key >= first && key < before) generation.delete(key);
    }
  }
}
