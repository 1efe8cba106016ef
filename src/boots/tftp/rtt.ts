/** Retransmission time-outs from measured round trips, RFC 6298 with a shorter floor: a boot network is a LAN. */

/** Bounds of the time-out, in ms. */
export type RttBounds = { first: number; shortest: number; longest: number };

/** Estimate for one path, in ms; changed in place, as each packet of a transfer in lock-step is a measurement. */
export class RttEstimate {
  readonly #bounds: RttBounds;
  /** NaN until the first measurement. */
  #smoothed = Number.NaN;
  #variation = 0;
  #timeout: number;

  constructor(bounds: RttBounds) {
    this.#bounds = bounds;
    this.#timeout = bounds.first;
  }

  /** When to resend, ms after sending. */
  get timeout(): number {
    return this.#timeout;
  }

  /** The smoothed round trip, ms; undefined until one was measured. */
  get smoothed(): number | undefined {
    return this.#isMeasured() ? this.#smoothed : undefined;
  }

  /** Takes in a round trip of `sample` ms. The caller sees to it that nothing resent is measured (Karn). */
  measured(sample: number): void {
    if (this.#isMeasured()) {
      this.#variation += (Math.abs(this.#smoothed - sample) - this.#variation) / 4;
      this.#smoothed += (sample - this.#smoothed) / 8;
    } else {
      this.#smoothed = sample;
      this.#variation = sample / 2;
    }
    this.#set(this.#estimate());
  }

  /**
   * What was resent was acknowledged, so many ms after that and after it was sent first. Where the first is no round trip, the
   * answer may be to what was on its way all the time, as where a queue has filled: the next time-out is not to be shorter.
   */
  resent(since: number, sinceFirst: number): void {
    if (!this.#isMeasured()) return;
    const estimate = this.#estimate();
    this.#set(since <= estimate ? estimate : Math.min(this.#timeout, Math.max(estimate, sinceFirst)));
  }

  #estimate(): number {
    return this.#smoothed + 4 * this.#variation;
  }

  /** After a time-out: twice the time, until the client is heard again. */
  backedOff(): void {
    this.#set(this.#timeout * 2);
  }

  #isMeasured(): boolean {
    return !Number.isNaN(this.#smoothed);
  }

  #set(timeout: number): void {
    this.#timeout = Math.min(Math.max(timeout, this.#bounds.shortest), this.#bounds.longest);
  }
}
