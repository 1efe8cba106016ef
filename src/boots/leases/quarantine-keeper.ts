/** Which addresses are in quarantine, on the disk: a restart is not to give them to anybody. */
import type { Store } from '../../store/store.ts';
import type { Quarantined } from './quarantine.ts';

const PREFIX = 'quarantine/';

/** Writes one change at a time, with all that has changed since the last: whoever declines a lot is not to fill the memory. */
export class QuarantineKeeper {
  readonly #store: Store;
  readonly #of: (address: string) => Quarantined | undefined;
  readonly #changed = new Set<string>();
  #writing: Promise<void> | undefined;

  /** @param of why an address is in quarantine now; undefined: it is not */
  constructor(store: Store, of: (address: string) => Quarantined | undefined) {
    this.#store = store;
    this.#of = of;
  }

  /** What is on the disk, the oldest first. */
  async read(): Promise<[address: string, why: Quarantined][]> {
    const all: [string, Quarantined][] = [];
    for await (const page of this.#store.pages<Quarantined>(PREFIX))
      for (const [key, why] of page) all.push([key.slice(PREFIX.length), why]);
    return all.sort(([, a], [, b]) => a.until - b.until);
  }

  changed(address: string): void {
    this.#changed.add(address);
    // Nobody waits for it: it holds in memory all the same, and what could not be written is with the next.
    this.kept().catch(() => {});
  }

  /** Resolves when all that has changed is on the disk. @throws TinsmithError STORE_WRITE_FAILED, UNAVAILABLE */
  kept(): Promise<void> {
    if (this.#changed.size > 0) this.#writing ??= this.#write();
    return this.#writing ?? Promise.resolve();
  }

  async #write(): Promise<void> {
    let addresses: string[] = [];
    try {
      while (this.#changed.size > 0) {
        addresses = [...this.#changed];
        this.#changed.clear();
        await this.#store.change((transaction) => {
          for (const address of addresses) {
            const why = this.#of(address);
            if (why === undefined) transaction.delete(`${PREFIX}${address}`);
            else transaction.put(`${PREFIX}${address}`, why);
          }
        });
      }
    } catch (error) {
      for (const address of addresses) this.#changed.add(address);
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }
}
