/** Leases, and the disk: they are written and synced before a client is told. */
import { TinsmithError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import type { LeasesOfClient } from '../dhcp/exchange.ts';
import type { Network } from '../dhcp/network.ts';
import { endAfter, FOR_EVER, isActive, type Lease } from './lease.ts';
import { LeaseWriter } from './lease-writer.ts';
import { Leases, type Surroundings } from './leases.ts';
import type { Quarantined } from './quarantine.ts';
import { QuarantineKeeper } from './quarantine-keeper.ts';

/** A lease that ended so long ago is forgotten at the next start: its client has gone. */
const FORGOTTEN_MS = 90 * 86_400_000;
/** Leases on their way to the disk. A disk that stands still is not to fill the memory. */
const MOST_UNDER_WAY = 8192;

export class LeaseStore {
  readonly leases: Leases;
  readonly #writer: LeaseWriter;
  readonly #clock: () => number;
  readonly #quarantines: QuarantineKeeper;
  #underWay = 0;

  private constructor(
    leases: Leases,
    { writer, clock, keeper }: { writer: LeaseWriter; clock: () => number; keeper: QuarantineKeeper },
  ) {
    this.#writer = writer;
    this.leases = leases;
    this.#clock = clock;
    this.#quarantines = keeper;
  }

  /** @param gather as that of {@link LeaseWriter} */
  static async open(
    store: Store,
    surroundings: Surroundings,
    clock: () => number,
    gather?: () => Promise<unknown>,
  ): Promise<LeaseStore> {
    const keeper = new QuarantineKeeper(store, (address) => leases.quarantineOf(address));
    const leases = new Leases(surroundings, (address) => keeper.changed(address));
    const written = (address: string, lease: Lease | undefined): void => {
      if (lease === undefined) leases.forget(address, clock());
      else leases.take(lease);
    };
    const writer = new LeaseWriter(store, written, gather);
    const old: string[] = [];
    for (const [address, why] of await keeper.read())
      if (!leases.restoreQuarantine(address, why, clock())) keeper.changed(address);
    for await (const some of writer.read()) {
      for (const lease of some) {
        if (clock() - lease.end > FORGOTTEN_MS) old.push(lease.address);
        else leases.take(lease);
      }
    }
    if (old.length > 0) await writer.write(old.map((address) => [address, undefined]));
    return new LeaseStore(leases, { writer, clock, keeper });
  }

  /** Who has a lease of an address now, and until when, ms since 1970; `Infinity`: for ever. */
  held(address: string): { mac: string; until: number } | undefined {
    const lease = this.leases.get(address);
    if (lease === undefined || !isActive(lease, this.#clock())) return undefined;
    return { mac: lease.mac, until: lease.end === FOR_EVER ? Number.POSITIVE_INFINITY : lease.end };
  }

  /** What the leases of a network say about a client now. */
  of(mac: string, network: Network): LeasesOfClient {
    const { leases } = this;
    const now = this.#clock();
    return {
      choose: (wanted) => leases.choose(mac, network, wanted, now),
      claim: (address) => leases.claim(mac, network, address, now),
      holder: (address) => leases.holder(address, now),
    };
  }

  /** Keeps an address for a client that it is offered to, in memory only. */
  offer(mac: string, network: Network, address: string): void {
    this.leases.offer(mac, network, address, this.#clock());
  }

  /** Nobody else was found using an address that is offered. */
  proven(mac: string, address: string): void {
    this.leases.proven(mac, address);
  }

  /** Somebody else uses an address that was to be offered. @param usedBy its MAC address, where that is known */
  foundInUse(address: string, usedBy: string | undefined): Quarantined {
    return this.leases.foundInUse(address, usedBy, this.#clock());
  }

  /** The client has taken another server's offer. */
  withdraw(mac: string, network: Network): void {
    this.leases.withdraw(mac, network, this.#clock());
  }

  /** A client has found its address in use (DHCPDECLINE). @throws as `keep` */
  async decline(mac: string, network: Network, address: string): Promise<void> {
    this.leases.declined(mac, network, address, this.#clock());
    await this.release(mac, address);
  }

  /**
   * Gives a client an address, or lengthens its lease; what else it had in the network is free again. Resolves when it is
   * on the disk: only then the client may be told.
   * @throws TinsmithError STORE_WRITE_FAILED, UNAVAILABLE (the store is closing, or too much waits for the disk)
   */
  async keep(
    { mac, hostname }: { mac: string; hostname: string | undefined },
    network: Network,
    address: string,
    seconds: number,
  ): Promise<void> {
    if (this.#underWay >= MOST_UNDER_WAY)
      throw new TinsmithError('UNAVAILABLE', `${this.#underWay} leases wait for the disk already.`, {
        next: 'See what keeps the disk of the data directory busy.',
      });
    const now = this.#clock();
    const { leases } = this;
    const before = leases.get(address);
    const isSame = before?.mac === mac && !before.isReleased && before.end > now;
    const lease: Lease = {
      address,
      mac,
      network: network.name,
      start: isSame ? before.start : now,
      renewed: now,
      end: endAfter(now, seconds),
      hostname: hostname ?? (isSame ? before.hostname : undefined),
      isReleased: false,
    };
    const others = leases.othersOf(mac, network, address, now).map((other) => ended(other, now));
    leases.underWay(mac, network, address, now);
    this.#underWay += 1;
    try {
      await this.#put([lease, ...others]);
    } finally {
      this.#underWay -= 1;
      leases.settled(mac, address);
    }
  }

  /**
   * A client gives its address back, or must not go on using it.
   * @returns whether it had it
   * @throws as `keep`
   */
  async release(mac: string, address: string): Promise<boolean> {
    const lease = this.leases.get(address);
    if (lease?.mac !== mac || lease.isReleased) return false;
    await this.#put([ended(lease, this.#clock())]);
    return true;
  }

  /**
   * Forgets the lease of an address, and its quarantine.
   * @returns the lease; undefined where there was only a quarantine
   * @throws TinsmithError NOT_FOUND, and as `keep`
   */
  async delete(address: string): Promise<Lease | undefined> {
    const lease = this.leases.get(address);
    const wasQuarantined = this.leases.acquit(address, this.#clock());
    if (lease === undefined && !wasQuarantined) throw noLease(address);
    await this.#quarantines.kept();
    if (lease === undefined) return undefined;
    await this.#writer.write([[address, undefined]]);
    return lease;
  }

  #put(leases: readonly Lease[]): Promise<void> {
    return this.#writer.write(leases.map((lease) => [lease.address, lease]));
  }
}

/** @throws TinsmithError NOT_FOUND */
export function noLease(address: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `No client has, or had, a lease of ${address}.`, {
    next: 'See which there are: tinsmith lease list',
  });
}

function ended(lease: Lease, now: number): Lease {
  return { ...lease, end: Math.min(lease.end, now), isReleased: true };
}
