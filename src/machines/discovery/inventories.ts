/** What machines have told of themselves, and what they are known by because of it. */
import type { Inventory } from '../../inventory/inventory.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { type Fingerprint, fingerprintOf, fingerprintOfMacs } from '../identity/fingerprint.ts';
import type { Known } from '../identity/identify.ts';
import { type Machines, macsOf } from '../machines.ts';

/** What a machine has told of itself. */
export interface Told {
  /** ms since 1970 */
  at: number;
  inventory: Inventory;
}

const FINGERPRINTS = 'fingerprint/';
const keys = { inventory: (id: string) => `inventory/${id}`, fingerprint: (id: string) => `${FINGERPRINTS}${id}` };

export class Inventories {
  readonly #store: Store;
  readonly #machines: Machines;
  readonly #clock: () => number;

  constructor(store: Store, machines: Machines, clock: () => number) {
    this.#store = store;
    this.#machines = machines;
    this.#clock = clock;
  }

  /** What a machine has told last. */
  of(machine: string): Told | undefined {
    return this.#store.get<Told>(keys.inventory(machine));
  }

  /** Keeps what a machine of ours tells. */
  keep(machine: string, inventory: Inventory): Promise<void> {
    return this.#store.change((transaction) => {
      // It may have been deleted since.
      if (this.#machines.within(transaction, { id: machine })) this.put(transaction, machine, inventory);
    });
  }

  /** The same in a change under way. What is known already is not written again. */
  put(transaction: Transaction, machine: string, inventory: Inventory): void {
    const before = transaction.get<Told>(keys.inventory(machine))?.inventory;
    if (JSON.stringify(before) === JSON.stringify(inventory)) return;
    transaction.put(keys.inventory(machine), { at: this.#clock(), inventory } satisfies Told);
    transaction.put(keys.fingerprint(machine), fingerprintOf(inventory));
  }

  /** All machines, by what they have told and by their hardware data. */
  async known(): Promise<Known[]> {
    const told = new Map(await this.#store.entries<Fingerprint>(FINGERPRINTS));
    return (await this.#machines.list()).map(({ id, name, hardware }) => {
      const own = fingerprintOfMacs(macsOf({ hardware }));
      const more = told.get(keys.fingerprint(id));
      const macs = [...new Set([...own.macs, ...(more?.macs ?? [])])].sort();
      return { id, name, fingerprint: { ...own, ...more, macs } };
    });
  }
}
