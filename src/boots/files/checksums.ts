/** SHA-256 of served files: known from their upload, or made by reading them, once for each version of a file. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/** Tells versions of a file apart: another in its place may have the size and time of the one before. */
export interface Version {
  size: number;
  mtimeMs: number;
  ino: number;
}

/** A checksum with the version of the file that it is of. */
export interface Noted extends Version {
  /** Hexadecimal digits. */
  sha256: string;
}

/** Where checksums are kept, by the name of the file. */
export interface Notes {
  get(name: string): Noted | undefined;
  put(name: string, noted: Noted): Promise<void>;
  delete(name: string): Promise<void>;
}

/** Bytes read at once: the event loop gets its turn after each. */
const CHUNK = 256 << 10;

export class Checksums {
  readonly #notes: Notes;
  /** Files are read one after another: the disk is for those who download. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** What is known of a file as it is now, without reading it. */
  async known(name: string, path: string): Promise<string | undefined> {
    const noted = this.#notes.get(name);
    return noted && sameFile(noted, await stat(path)) ? noted.sha256 : undefined;
  }

  /** What was noted last, for who may not wait; `version` is the file as it is now. */
  knownNow(name: string, version: Version): string | undefined {
    const noted = this.#notes.get(name);
    return noted && sameFile(noted, version) ? noted.sha256 : undefined;
  }

  /** Notes what a version of a file has come to. */
  learned(name: string, { size, mtimeMs, ino }: Version, sha256: string): Promise<void> {
    return this.#notes.put(name, { size, mtimeMs, ino, sha256 });
  }

  async forget(name: string): Promise<void> {
    if (this.#notes.get(name) !== undefined) await this.#notes.delete(name);
  }

  /** The checksum of a file; it is read where that is not known. Rejects with the error of the system. */
  of(name: string, path: string): Promise<string> {
    const made = this.#turn.then(async () => (await this.known(name, path)) ?? (await this.#read(name, path)));
    this.#turn = made.catch(() => {});
    return made;
  }

  async #read(name: string, path: string): Promise<string> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const before = await handle.stat();
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (let position = 0; ; ) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
      const sha256 = hash.digest('hex');
      const { size, mtimeMs, ino } = before;
      const noted = { size, mtimeMs, ino, sha256 };
      // What changed meanwhile is read again when it is asked for again.
      if (sameFile(noted, await handle.stat())) await this.#notes.put(name, noted);
      return sha256;
    } finally {
      await handle.close();
    }
  }
}

/** Whether a file is the version that it was. */
export function sameFile(a: Version, b: Version): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}
