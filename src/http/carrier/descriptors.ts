import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Chunk } from './chunks.ts';

type Version = { size: number; mtimeMs: number };

/** A file that somebody is sending: one descriptor for all who send it. */
export type SharedFile = {
  fd: number;
  /** What of it is in memory, by place and version. */
  chunks: Map<string, Chunk>;
  /** When slices of it were last found in the kernel's memory, by their number. */
  found: Map<number, number>;
  /** Size (bytes) and modification time that it had when it was opened. */
  opened: Version;
  /** How many send it now. */
  users(): number;
  /** The open file's size (bytes) and modification time now, by its descriptor. */
  look(): Promise<Version>;
  /** To be called once by each who opened it. */
  release(): void;
};

type Entry = Pick<SharedFile, 'chunks' | 'found'> & { handle: FileHandle; dev: bigint; ino: bigint; users: number };

function sameFile(entry: Entry, found: BigIntStats): boolean {
  return entry.dev === found.dev && entry.ino === found.ino;
}

const NS_PER_S = 1_000_000_000n;

/** As node:fs has it without big integers, so that both can be compared. */
function versionOf({ size, mtimeNs }: BigIntStats): Version {
  return { size: Number(size), mtimeMs: Number(mtimeNs / NS_PER_S) * 1000 + Number(mtimeNs % NS_PER_S) / 1e6 };
}

/** The open files, by path. A path that has become another file is opened anew; who sends the old one keeps it. */
export class Descriptors {
  readonly #entries = new Map<string, Entry>();
  readonly #forget: (chunks: ReadonlyMap<string, Chunk>) => void;

  /** @param forget called with what is in memory of a file that nobody sends any more */
  constructor(forget: (chunks: ReadonlyMap<string, Chunk>) => void) {
    this.#forget = forget;
  }

  /** Rejects with the error of `stat` or `open`. */
  async open(path: string): Promise<SharedFile> {
    const known = this.#entries.get(path);
    if (known !== undefined) {
      known.users++; // before the wait, so that nobody closes it meanwhile
      const found = await stat(path, { bigint: true }).catch((error: unknown) => {
        this.#release(path, known);
        throw error;
      });
      if (sameFile(known, found)) return this.#share(path, known, found);
      this.#release(path, known);
    }
    // Without O_NONBLOCK a named pipe in a file's place would hold a thread of the pool for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat({ bigint: true }).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
    const other = this.#entries.get(path);
    if (other !== undefined && sameFile(other, found)) {
      other.users++;
      await handle.close();
      return this.#share(path, other, found);
    }
    const entry: Entry = { handle, dev: found.dev, ino: found.ino, users: 1, chunks: new Map(), found: new Map() };
    this.#entries.set(path, entry);
    return this.#share(path, entry, found);
  }

  #share(path: string, entry: Entry, found: BigIntStats): SharedFile {
    return {
      fd: entry.handle.fd,
      chunks: entry.chunks,
      found: entry.found,
      opened: versionOf(found),
      users: () => entry.users,
      look: async () => {
        const { size, mtimeMs } = await entry.handle.stat();
        return { size, mtimeMs };
      },
      release: () => this.#release(path, entry),
    };
  }

  #release(path: string, entry: Entry): void {
    if (--entry.users > 0) return;
    if (this.#entries.get(path) === entry) this.#entries.delete(path);
    this.#forget(entry.chunks);
    entry.handle.close().catch(() => {}); // a descriptor for reading has nothing to lose
  }
}
