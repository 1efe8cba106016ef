/** Content as it is on disk, and as it is about to be. */
import { TinsmithError } from '../errors.ts';
import type { Transaction } from '../store/index.ts';
import { type CheckContainer, type CheckText, checkWith } from './check.ts';
import type { Layers } from './layers.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** Under which the store has the number of the newest change. */
export const VERSION = 'content-version';

export class Versions {
  readonly #check: ReturnType<typeof checkWith>;
  #now: Snapshot;
  /**
   * By the numbers of their changes: what is on disk, and what is on its way there. The store says which is the newest, and
   * forgets those that it could not write; their numbers are given again.
   */
  readonly #known = new Map<number, Snapshot>();

  constructor(
    layers: Layers,
    version: number,
    { checkText, checkContainer }: { checkText: CheckText; checkContainer?: CheckContainer | undefined },
  ) {
    this.#check = checkWith(checkText, checkContainer);
    this.#now = this.snapshot(layers);
    this.#known.set(version, this.#now);
  }

  /** As on disk. */
  get now(): Snapshot {
    return this.#now;
  }

  /** What a change is made to: as on disk, with all that is decided already. */
  newest(transaction: Transaction): Snapshot {
    const newest = this.#known.get(transaction.get<number>(VERSION) ?? 0);
    if (newest) return newest;
    throw new TinsmithError('UNAVAILABLE', 'What was written of the content is not known here.', {
      next: 'Start the appliance again: it reads what is stored.',
    });
  }

  snapshot(layers: Layers): Snapshot {
    return snapshotOf(layers, this.#check);
  }

  /** Makes a snapshot the newest, with the change. */
  advance(transaction: Transaction, after: Snapshot): void {
    const version = (transaction.get<number>(VERSION) ?? 0) + 1;
    transaction.put(VERSION, version);
    this.#known.set(version, after);
    transaction.afterwards(() => {
      this.#now = after;
      for (const older of this.#known.keys()) if (older < version) this.#known.delete(older);
    });
  }
}
