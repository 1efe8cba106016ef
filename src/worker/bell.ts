/** Waits for something that may happen at any time, also before it is waited for. */
import type { Clock } from './clock.ts';

export class Bell {
  #rung = Promise.withResolvers<void>();
  #ringing = false;

  get ringing(): boolean {
    return this.#ringing;
  }

  ring(): void {
    this.#ringing = true;
    this.#rung.resolve();
  }

  /** What was rung for is being seen to: from here on counts. */
  silence(): void {
    this.#ringing = false;
    this.#rung = Promise.withResolvers();
  }

  /** Resolves when it rings, or after so many ms. @throws the signal's reason when it is aborted */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.#ringing) return;
    const rung = new AbortController();
    try {
      await Promise.race([this.#rung.promise, clock.sleep(ms, AbortSignal.any([signal, rung.signal]))]);
    } finally {
      rung.abort();
    }
  }
}
