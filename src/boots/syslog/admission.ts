/** How many messages are taken: machines may repeat themselves without end, and senders of UDP be made up. Pure. */

/** Messages at once, and each so many ms after that. */
export interface Rate {
  burst: number;
  everyMs: number;
}

const PER_SENDER: Rate = { burst: 60, everyMs: 2000 };
const IN_ALL: Rate = { burst: 2000, everyMs: 2 };
/** Senders that are remembered. */
const SENDERS = 2048;

/** A token bucket. */
class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;
  missed = 0;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  take(now: number): boolean {
    const { burst, everyMs } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.#at) / everyMs);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

export class Admission {
  readonly #rates: { sender: Rate; all: Rate };
  readonly #senders = new Map<string, Bucket>();
  #all: Bucket | undefined;

  constructor(rates: { sender: Rate; all: Rate } = { sender: PER_SENDER, all: IN_ALL }) {
    this.#rates = rates;
  }

  /** How many messages of a sender were left out before this one, which is taken; undefined: this one is left out too. */
  admit(sender: string, now: number): number | undefined {
    this.#all ??= new Bucket(this.#rates.all, now);
    const bucket = this.#senders.get(sender) ?? new Bucket(this.#rates.sender, now);
    // Map order is insertion order: who was heard longest ago is forgotten first.
    this.#senders.delete(sender);
    this.#senders.set(sender, bucket);
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= SENDERS) break;
      this.#senders.delete(oldest);
    }
    if (!bucket.take(now) || !this.#all.take(now)) {
      bucket.missed++;
      return undefined;
    }
    const { missed } = bucket;
    bucket.missed = 0;
    return missed;
  }
}
