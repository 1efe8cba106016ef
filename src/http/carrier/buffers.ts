/** Bytes read and written at once: measured best for throughput and for the delay that one client causes another. */
const LARGE = 256 * 1024;
/** With many clients at once, what each may hold. */
const SMALL = 64 * 1024;
/** Above this many large buffers in use, further ones are small: bounds memory at thousands of slow clients. */
const LARGE_MAX = 128;
/** Buffers kept for the next download. */
const KEPT = 64;

/** Read buffers, used again and again so that downloads make no garbage. */
export class Buffers {
  readonly #free: Buffer[] = [];
  #large = 0;

  take(): Buffer {
    if (this.#large >= LARGE_MAX) return Buffer.allocUnsafeSlow(SMALL);
    this.#large++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGE);
  }

  give(buffer: Buffer): void {
    if (buffer.length !== LARGE) return;
    this.#large--;
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}
