/**
 * Which strangers the trace takes in when they come in a flood. All of them would push each other out within a tenth of a
 * second, most before their second packet; of those taken in at this pace, what they do in the next seconds is kept whole.
 * Pure.
 */
import { OF_STRANGERS } from './limits.ts';

/** So few that each stays for ten seconds at least. */
const PER_SECOND = OF_STRANGERS.macs / 10;

export class Newcomers {
  /** How many may come at once. */
  #places = OF_STRANGERS.macs;
  #at = 0;

  /** @param now ms, of a clock that may be set back */
  admit(now: number): boolean {
    const passed = Math.max(now - this.#at, 0);
    this.#at = now;
    this.#places = Math.min(this.#places + (passed / 1000) * PER_SECOND, OF_STRANGERS.macs);
    if (this.#places < 1) return false;
    this.#places--;
    return true;
  }
}
