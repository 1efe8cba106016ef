import { getPriority, setPriority } from 'node:os';

/**
 * How much lower the thread's priority is, as nice(1) has it. Of the appliance's own, which is high, that is as far below the
 * ordinary one: its share of a busy processor is then a tenth of another program's, and a hundredth of DHCP's.
 */
const LOWER = 20;
/** How long after it was last too much, ms. */
const CALM_MS = 100;

/**
 * Lets other threads go first while there is more to send than can be sent: who wants to answer a DHCP packet would wait for
 * milliseconds, because the processor is never left to others by itself. The priority is that of the thread, not of the process.
 */
export class Courtesy {
  #usual: number | undefined;
  #isKnown = false;
  #busyAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** There is too much to send. @param now ms */
  busy(now: number): void {
    this.#busyAt = now;
    if (this.#timer !== undefined) return;
    this.#know();
    if (this.#usual === undefined) return;
    setPriority(Math.min(this.#usual + LOWER, 19));
    this.#timer = setInterval(() => this.#calm(), CALM_MS).unref();
  }

  #calm(): void {
    if (performance.now() - this.#busyAt < CALM_MS || this.#usual === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    setPriority(this.#usual);
  }

  /** Who may not raise a priority could never take it back: that is found out by raising it. */
  #know(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    try {
      const usual = getPriority();
      setPriority(usual - 1);
      setPriority(usual);
      this.#usual = usual;
    } catch {
      // It stays as it is.
    }
  }
}
