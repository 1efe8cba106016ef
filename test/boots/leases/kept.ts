/** A store of leases whose disk does what the test wants, when it wants it. */
import type { Store, Transaction } from '../../../src/store/store.ts';

interface Change {
  writes: Map<string, string | null>;
  callbacks: (() => void)[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Keeps what is written in memory until it is told to write it. */
export class HeldStore {
  readonly disk = new Map<string, string>();
  #waiting: Change[] = [];
  /** Whether changes are written as they come. */
  isHeld = false;

  get store(): Store {
    return this as unknown as Store;
  }

  async *pages<T>(prefix: string): AsyncGenerator<[string, T][]> {
    const found = [...this.disk].filter(([key]) => key.startsWith(prefix));
    yield found.map(([key, text]) => [key, JSON.parse(text) as T]);
  }

  change<T>(decide: (transaction: Transaction) => T): Promise<T> {
    const writes: Change['writes'] = new Map();
    const callbacks: Change['callbacks'] = [];
    const result = decide({
      put: (key: string, value: unknown) => void writes.set(key, JSON.stringify(value)),
      add: (key: string, value: unknown) => void writes.set(key, JSON.stringify(value)),
      delete: (key: string) => void writes.set(key, null),
      afterwards: (callback: () => void) => void callbacks.push(callback),
    } as unknown as Transaction);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, callbacks, resolve: () => resolve(result), reject });
      if (!this.isHeld) this.write();
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Writes all that waits, in one go. */
  write(): void {
    for (const { writes, callbacks, resolve } of this.#waiting.splice(0)) {
      for (const [key, text] of writes) {
        if (text === null) this.disk.delete(key);
        else this.disk.set(key, text);
      }
      for (const callback of callbacks) callback();
      resolve();
    }
  }

  /** The disk is full: nothing of what waits is written. */
  fail(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('no space left on its disk'));
  }

  /** The power goes: nobody hears of what waits. */
  lose(): void {
    this.#waiting = [];
  }
}
