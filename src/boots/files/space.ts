/** Room on the disk of the served files, which is often that of the store as well. */
import { statfs } from 'node:fs/promises';
import { TinsmithError } from '../../errors.ts';

/** Bytes that uploads leave free: the store must be able to write, whatever is uploaded. */
const RESERVE = 256 << 20;

/** Bytes that are free for us. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Uploads under way, as far as their bytes are not on the disk yet. */
export class Space {
  readonly #free: () => Promise<number>;
  readonly #reserve: number;
  #promised = 0;

  constructor(free: () => Promise<number>, reserve: number = RESERVE) {
    this.#free = free;
    this.#reserve = reserve;
  }

  /**
   * Sets bytes aside for an upload.
   * @returns what to call for bytes that are written, and when it is over
   * @throws TinsmithError STORE_WRITE_FAILED saying how much is free
   */
  async claim(bytes: number, name: string): Promise<{ written(count: number): void; end(): void }> {
    let left = bytes;
    // Before the wait: another upload must see it.
    this.#promised += left;
    const written = (count: number): void => {
      const done = Math.min(count, left);
      left -= done;
      this.#promised -= done;
    };
    const end = (): void => written(left);
    try {
      const free = await this.#free();
      const others = this.#promised - bytes;
      if (bytes + others + this.#reserve > free) throw this.#full(name, bytes, free, others);
    } catch (error) {
      end();
      throw error;
    }
    return { written, end };
  }

  /** Asked in the middle of an upload that does not say how long it is. @throws TinsmithError STORE_WRITE_FAILED */
  async check(name: string): Promise<void> {
    const free = await this.#free();
    if (free < this.#reserve + this.#promised) throw this.#full(name, undefined, free, this.#promised);
  }

  #full(name: string, bytes: number | undefined, free: number, others: number): TinsmithError {
    const size = bytes === undefined ? 'more' : `${bytes} bytes`;
    const under = others > 0 ? `, ${others} are for uploads under way` : '';
    return new TinsmithError(
      'STORE_WRITE_FAILED',
      `There is no room for ${size} of ${name}: ${free} bytes are free on the disk of the served files${under}, and ${this.#reserve} are kept for the appliance.`,
      { next: 'Delete files or images that nobody needs (tinsmith file list), or give the appliance a larger disk.' },
    );
  }
}
