import { read } from 'node:fs';
import type { SharedFile } from './descriptors.ts';

/** Bytes read and written at once. */
const CHUNK = 512 * 1024;
/** Chunks kept after use for downloads that are a little behind: 32 MB. */
const KEPT = 64;
/** Above this many chunks in use, clients that find none to share get small reads: bounds memory at thousands of them. */
const IN_USE_MAX = 128;
const SMALL = 64 * 1024;
/** How long after the last download the memory is given back, ms. */
const IDLE_MS = 10_000;

/** Bytes of a file in memory, for all who are at this place of it. */
export type Chunk = {
  buffer: Buffer;
  users: number;
  /** False where the file ends before the bytes that it should have. */
  filled: Promise<boolean>;
  /** Takes it out of its file's chunks, so that nobody else finds it. */
  hide: () => void;
};

/** A part of a file that is being read: `length` bytes, given back with `release`. */
export type Taken = {
  length: number;
  /** Undefined where the file is shorter. Rejects with the error of read(2). */
  bytes: Promise<Buffer | undefined>;
  release: () => void;
};

/** Reads exactly `length` bytes; resolves to false where the file ends before. */
function fill(fd: number, buffer: Buffer, length: number, position: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const step = (done: number): void => {
      read(fd, buffer, done, length - done, position + done, (error, count) => {
        if (error) reject(error);
        else if (count === 0 || done + count === length) resolve(done + count === length);
        else step(done + count); // network file systems may give less than asked
      });
    };
    step(0);
  });
}

/**
 * Reads files in chunks, with buffers that are used again. Downloads of one file at the same time share what was read,
 * as fifty machines do that were switched on together: that halves what such a download costs. A lone download goes
 * round in two buffers, which stay in the processor's cache.
 */
export class Chunks {
  readonly #free: Buffer[] = [];
  /** Chunks that nobody uses now, the longest unused first. */
  readonly #kept = new Set<Chunk>();
  #inUse = 0;
  #idle: NodeJS.Timeout | undefined;

  /**
   * Takes the bytes of a file, which is `size` long in the version meant, from `position` to the end of their chunk,
   * but not beyond `end`.
   */
  take(file: SharedFile, version: { size: number; mtimeMs: number }, position: number, end: number): Taken {
    const index = Math.floor(position / CHUNK);
    const from = position - index * CHUNK;
    const length = Math.min(CHUNK - from, end - position);
    const key = `${index}/${version.size}/${version.mtimeMs}`;
    const known = file.chunks.get(key);
    if (known === undefined && this.#inUse >= IN_USE_MAX) return this.#private(file, position, Math.min(length, SMALL));
    const chunk = known ?? this.#read(file, key, index * CHUNK, Math.min(CHUNK, version.size - index * CHUNK));
    clearTimeout(this.#idle);
    if (chunk.users++ === 0) {
      this.#kept.delete(chunk);
      this.#inUse++;
    }
    return {
      length,
      bytes: chunk.filled.then((whole) => (whole ? chunk.buffer.subarray(from, from + length) : undefined)),
      release: () => this.#release(file, chunk),
    };
  }

  /** Lets go what was read of a file that nobody sends any more. */
  forget(chunks: ReadonlyMap<string, Chunk>): void {
    for (const chunk of [...chunks.values()]) this.#discard(chunk);
  }

  #read(file: SharedFile, key: string, start: number, length: number): Chunk {
    const buffer = this.#buffer();
    const hide = (): void => void file.chunks.delete(key);
    const filled = fill(file.fd, buffer, length, start);
    filled.then((whole) => whole || hide(), hide);
    const chunk = { buffer, users: 0, filled, hide };
    file.chunks.set(key, chunk);
    return chunk;
  }

  #private(file: SharedFile, position: number, length: number): Taken {
    const buffer = Buffer.allocUnsafe(length);
    const bytes = fill(file.fd, buffer, length, position).then((whole) => (whole ? buffer : undefined));
    return { length, bytes, release: () => {} };
  }

  #buffer(): Buffer {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const [oldest] = this.#kept;
    if (oldest === undefined || this.#kept.size < KEPT) return Buffer.allocUnsafeSlow(CHUNK);
    oldest.hide();
    this.#kept.delete(oldest);
    return oldest.buffer;
  }

  #release(file: SharedFile, chunk: Chunk): void {
    if (--chunk.users > 0) return;
    this.#inUse--;
    this.#kept.add(chunk);
    if (file.users() < 2) this.#discard(chunk);
    for (const oldest of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#discard(oldest);
    }
    if (this.#inUse > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#giveBack(), IDLE_MS).unref();
  }

  /** At once, by taking the memory from its buffers: a thread that has nothing to do collects no garbage. */
  #giveBack(): void {
    for (const kept of this.#kept) this.#discard(kept);
    for (const { buffer } of this.#free.splice(0)) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
  }

  #discard(chunk: Chunk): void {
    chunk.hide();
    this.#kept.delete(chunk);
    if (chunk.users === 0 && this.#free.length + this.#kept.size < KEPT) this.#free.push(chunk.buffer);
  }
}
