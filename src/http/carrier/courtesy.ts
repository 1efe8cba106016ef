import { readdirSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * How much lower this thread's priority is than usual, and how much higher that of the others, as nice(1) has it: a step of ten is
 * a tenth of the share of a busy processor.
 */
const STEP = 10;
const [HIGHEST, LOWEST] = [-20, 19];
/** How long after it was last too much, ms. */
const CALM_MS = 100;

/**
 * Lets the appliance's other threads go first while there is more to send than can be sent: who wants to answer a DHCP packet
 * would wait for milliseconds, because the processor is never left to others by itself. A lower priority of this thread alone is
 * not enough where the clients are programs of the same computer: the answers wait for these then.
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
    setPriority(Math.min(this.#usual + STEP, LOWEST));
    prioritizeOthers(Math.max(this.#usual - STEP, HIGHEST));
    this.#timer = setInterval(() => this.#calm(), CALM_MS).unref();
  }

  #calm(): void {
    if (performance.now() - this.#busyAt < CALM_MS || this.#usual === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    setPriority(this.#usual);
    prioritizeOthers(this.#usual);
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

/** Gives a priority to all threads of this process but the calling one; Linux has one for each (setpriority(2)). */
function prioritizeOthers(niceness: number): void {
  const own = basename(readlinkSync('/proc/thread-self'));
  for (const thread of readdirSync('/proc/self/task')) {
    if (thread === own) continue;
    try {
      setPriority(Number(thread), niceness);
    } catch {
      // It has ended, or may not be raised so far.
    }
  }
}
