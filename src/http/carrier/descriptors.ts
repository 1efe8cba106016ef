import { type BigIntStats, close, constants, fstat, open } from 'node:fs';
import { promisify } from 'node:util';
import type { Chunk } from './chunks.ts';

/** What is needed of src/system/cached-files.ts. */
export type CachedFiles = Pick<typeof import('../../system/cached-files.ts'), 'findCached' | 'statCached' | 'statusOf'>;

type Version = { size: number; mtimeMs: number };
/** A version of one file: `identity` is the same for the same file only. */
type Status = Version & { identity: string };

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
  look(): Version | Promise<Version>;
  /** To be called once by each who opened it. */
  release(): void;
};

type Entry = Pick<SharedFile, 'fd' | 'chunks' | 'found'> & {
  identity: string;
  users: number;
  /** Closes it, where nobody comes. */
  lingering: NodeJS.Timeout | undefined;
};

/** How long a file stays open when nobody sends it any more, ms: machines ask for the same one after another. */
const LINGER_MS = 1000;

const opened = promisify(open);
const stated = promisify<number, { bigint: true }, BigIntStats>(fstat);
const NS_PER_S = 1_000_000_000n;

/** The open files, by path. A path that has become another file is opened anew; who sends the old one keeps it. */
export class Descriptors {
  readonly #entries = new Map<string, Entry>();
  readonly #forget: (chunks: ReadonlyMap<string, Chunk>) => void;
  readonly #cached: CachedFiles | undefined;

  /**
   * @param forget called with what is in memory of a file that nobody sends any more
   * @param cached undefined where the kernel cannot be asked without a wait
   */
  constructor(forget: (chunks: ReadonlyMap<string, Chunk>) => void, cached?: CachedFiles) {
    this.#forget = forget;
    this.#cached = cached;
  }

  /** Rejects with the error of `open`. */
  async open(path: string): Promise<SharedFile> {
    const known = this.#entries.get(path);
    const there = known && this.#cached?.statCached(path);
    if (known && there && known.identity === there.identity) return this.#share(path, known, there);
    // Without O_NONBLOCK a named pipe in a file's place would hold a thread of the pool for ever.
    const fd = await opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
    let status: Status;
    try {
      status = await this.#status(fd);
    } catch (error) {
      letGo(fd);
      throw error;
    }
    const other = this.#entries.get(path);
    if (other?.identity === status.identity) {
      letGo(fd);
      return this.#share(path, other, status);
    }
    const { identity } = status;
    const entry: Entry = { fd, identity, users: 0, chunks: new Map(), found: new Map(), lingering: undefined };
    this.#entries.set(path, entry);
    return this.#share(path, entry, status);
  }

  #status(fd: number): Status | Promise<Status> {
    return this.#cached?.statusOf(fd) ?? statusInTime(fd);
  }

  #share(path: string, entry: Entry, { size, mtimeMs }: Version): SharedFile {
    entry.users++;
    clearTimeout(entry.lingering);
    return {
      fd: entry.fd,
      chunks: entry.chunks,
      found: entry.found,
      opened: { size, mtimeMs },
      users: () => entry.users,
      look: () => this.#status(entry.fd),
      release: () => this.#release(path, entry),
    };
  }

  #release(path: string, entry: Entry): void {
    if (--entry.users > 0) return;
    entry.lingering = setTimeout(() => {
      if (this.#entries.get(path) === entry) this.#entries.delete(path);
      this.#forget(entry.chunks);
      letGo(entry.fd);
    }, LINGER_MS).unref();
  }
}

/** A descriptor for reading has nothing to lose. */
function letGo(fd: number): void {
  close(fd, () => {});
}

/** Waits for what a network file system has to ask. */
async function statusInTime(fd: number): Promise<Status> {
  const { dev, ino, size, mtimeNs } = await stated(fd, { bigint: true });
  const mtimeMs = Number(mtimeNs / NS_PER_S) * 1000 + Number(mtimeNs % NS_PER_S) / 1e6;
  return { identity: `${dev}:${ino}`, size: Number(size), mtimeMs };
}
