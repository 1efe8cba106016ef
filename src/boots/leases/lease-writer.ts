/** Leases on the disk. Those that change while others are being written go together, in one change of the store. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../store/store.ts';
import type { Lease } from './lease.ts';

const PREFIX = 'lease/';

/** How long those that follow others at once are left to become more, ms; and how many need not. */
const GATHERING_MS = 1;
const MANY = 32;

/** A lease as it is on the disk, short: there is one write for each renewal. */
type Kept = [
  mac: string,
  network: string,
  start: number,
  renewed: number,
  end: number,
  isReleased: 0 | 1,
  hostname?: string,
];

/** The lease that an address has from now on; undefined: none. */
type Change = readonly [address: string, lease: Lease | undefined];

/** What goes together, in order. */
interface Batch {
  changes: Change[];
  done: PromiseWithResolvers<void>;
}

export class LeaseWriter {
  readonly #store: Store;
  readonly #gather: () => Promise<unknown>;
  readonly #written: (address: string, lease: Lease | undefined) => void;
  #next: Batch | undefined;
  #isWriting = false;

  /**
   * @param written told of each change when it is on the disk, before who asked for it is
   * @param gather lets some time pass
   */
  constructor(
    store: Store,
    written: (address: string, lease: Lease | undefined) => void,
    gather: () => Promise<unknown> = () => pause(GATHERING_MS),
  ) {
    this.#store = store;
    this.#written = written;
    this.#gather = gather;
  }

  /** All that are on the disk, some at a time. */
  async *read(): AsyncGenerator<Lease[]> {
    for await (const page of this.#store.pages<Kept>(PREFIX))
      yield page.map(([key, kept]) => leaseOf(key.slice(PREFIX.length), kept));
  }

  /**
   * Resolves when the changes are on the disk: all of them, or none.
   * @throws TinsmithError STORE_WRITE_FAILED, UNAVAILABLE (the store is closing)
   */
  write(changes: readonly Change[]): Promise<void> {
    this.#next ??= { changes: [], done: Promise.withResolvers() };
    const { done } = this.#next;
    this.#next.changes.push(...changes);
    if (!this.#isWriting) void this.#writeAll();
    return done.promise;
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // What is decided in this turn of the event loop goes together.
    await null;
    for (let batch = this.#take(); batch !== undefined; batch = this.#take()) {
      await this.#writeBatch(batch);
      const waiting = this.#next?.changes.length ?? 0;
      if (waiting > 0 && waiting < MANY) await this.#gather();
    }
    this.#isWriting = false;
  }

  #take(): Batch | undefined {
    const batch = this.#next;
    this.#next = undefined;
    return batch;
  }

  #writeBatch({ changes, done }: Batch): Promise<void> {
    return this.#store
      .change((transaction) => {
        // Nobody looks for them in the store, which need not keep them in memory. Of each address the last counts.
        for (const [address, lease] of new Map(changes)) {
          if (lease === undefined) transaction.delete(`${PREFIX}${address}`);
          else transaction.add(`${PREFIX}${address}`, keptOf(lease));
        }
        transaction.afterwards(() => {
          for (const [address, lease] of changes) this.#written(address, lease);
        });
      })
      .then(done.resolve, done.reject);
  }
}

function keptOf({ mac, network, start, renewed, end, isReleased, hostname }: Lease): Kept {
  const kept: Kept = [mac, network, start, renewed, end, isReleased ? 1 : 0];
  if (hostname !== undefined) kept.push(hostname);
  return kept;
}

function leaseOf(address: string, [mac, network, start, renewed, end, isReleased, hostname]: Kept): Lease {
  return { address, mac, network, start, renewed, end, hostname, isReleased: isReleased === 1 };
}
