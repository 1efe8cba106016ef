/**
 * The bytes of a file that is not held in memory. What the kernel holds of it is read on the spot; for the rest, what comes
 * next is read while what was read goes out. Its end is given only if the file is what it was at the beginning: nobody gets
 * a mixture of two versions whole.
 */

import { fstatSync } from 'node:fs';
import { messageOf } from '../../errors.ts';
import { readCached } from '../../system/libc.ts';
import type { TftpHandle } from './files.ts';

/** A part of the file, from byte `start` on. */
type Part = { start: number; length: number; bytes: Buffer };

/** How a part was read: `fault` says what went wrong. */
export type Loaded = { bytes: Buffer } | { fault: string };

/** Reads one part after another; each is overwritten when the next but one is asked for. */
export class ReadAhead {
  readonly #handle: TftpHandle;
  readonly #size: number;
  readonly #opened: string | undefined;
  /** The one that goes out, and the one that is read meanwhile. */
  #spare: Buffer = Buffer.alloc(0);
  #current: Buffer = Buffer.alloc(0);
  #next: Part | undefined;
  #reading: Promise<unknown> | undefined;
  #closed = false;

  /** @param handle is closed by {@link close} @param size of the file, bytes */
  constructor(handle: TftpHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
    this.#opened = versionOf(handle);
  }

  /** The part, where it has been read already, or need not be waited for. */
  take(start: number, length: number): Loaded | undefined {
    if (this.#reading !== undefined || this.#closed) return undefined;
    const next = this.#next;
    if (next !== undefined && next.start === start && next.length >= length) {
      this.#use(next);
      return this.#given(next);
    }
    const { fd } = this.#handle;
    const part = this.#part(start, length);
    if (fd === undefined || !readCached(fd, part.bytes, length, start)) return undefined;
    this.#swap(part);
    return this.#given(part);
  }

  /** Reads the part. One at a time. */
  async load(start: number, length: number): Promise<Loaded> {
    await this.#reading;
    const known = this.take(start, length);
    if (known !== undefined) return known;
    this.#next = undefined;
    const part = this.#part(start, length);
    const fault = await this.#read(part);
    if (fault !== undefined) return { fault };
    this.#use(part);
    return this.#given(part);
  }

  #given({ start, length, bytes }: Part): Loaded {
    if (start + length < this.#size) return { bytes };
    const isSame = versionOf(this.#handle) === this.#opened;
    return isSame ? { bytes } : { fault: 'the file was changed while it was sent' };
  }

  /** Closes the file, after the read that is under way. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Closing a file that was only read can not lose anything.
    const end = (): void => void this.#handle.close().catch(() => undefined);
    if (this.#reading === undefined) end();
    else this.#reading.then(end);
  }

  #part(start: number, length: number): Part {
    if (this.#spare.length < length) this.#spare = Buffer.allocUnsafeSlow(length);
    return { start, length, bytes: this.#spare };
  }

  /** Begins to read what follows. */
  #use(part: Part): void {
    this.#swap(part);
    const start = part.start + part.length;
    const length = Math.min(part.length, this.#size - start);
    if (length <= 0 || this.#closed) return;
    const next = this.#part(start, length);
    // What goes wrong comes to light when it is asked for.
    void this.#read(next).then((fault) => {
      if (fault === undefined) this.#next = next;
    });
  }

  #swap({ bytes }: Part): void {
    this.#spare = this.#current;
    this.#current = bytes;
    this.#next = undefined;
  }

  async #read({ start, length, bytes }: Part): Promise<string | undefined> {
    const reading = fill(this.#handle, bytes, start, length);
    this.#reading = reading;
    const fault = await reading;
    this.#reading = undefined;
    return fault;
  }
}

/** Undefined where that cannot be known. */
function versionOf({ fd }: TftpHandle): string | undefined {
  if (fd === undefined) return undefined;
  try {
    const { size, mtimeMs } = fstatSync(fd);
    return `${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Reads `length` bytes of the file from `start` into `target`. Returns what went wrong. */
async function fill(
  handle: Pick<TftpHandle, 'read'>,
  target: Buffer,
  start: number,
  length: number,
): Promise<string | undefined> {
  let done = 0;
  try {
    while (done < length) {
      const { bytesRead } = await handle.read(target, done, length - done, start + done);
      if (bytesRead === 0) return `the file became shorter while it was sent (it ends at byte ${start + done})`;
      done += bytesRead;
    }
    return undefined;
  } catch (error) {
    return `the file can not be read: ${messageOf(error)}`;
  }
}
