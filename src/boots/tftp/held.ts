/** Boot files of a directory, held in memory while they are asked for: machines that are powered on together fetch the same. */
import type { FileHandle } from 'node:fs/promises';
import type { TftpFound, TftpRefusal } from './files.ts';
import type { RootedFound } from './rooted.ts';

/** The largest file that is held: boot loaders, not kernels and initrds. Bytes. */
const LARGEST = 4 << 20;
/** All of them together, bytes. */
const MOST = 32 << 20;
/** How long after it was last asked for, ms. */
const KEPT_MS = 60_000;
/**
 * A file that was written just now may be written again without its times telling of it: those count in steps of the
 * kernel's clock. ms
 */
const SETTLED_MS = 2000;

type Held = { size: number; content: Promise<Buffer | undefined> };

export class HeldFiles {
  /** By file and version, the longest unused first. */
  readonly #files = new Map<string, Held>();
  readonly #clock: () => number;
  #bytes = 0;
  #expiry: NodeJS.Timeout | undefined;

  /** @param clock ms since 1970, as the files' times are */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * What was found, in memory where that can be, and then the same buffer for all who ask: a file that is too large, too
   * new, or that can not be read whole is read by its handle as it was found. Never rejects.
   */
  async hold(answer: RootedFound | TftpRefusal): Promise<TftpFound | TftpRefusal> {
    if ('refused' in answer) return answer;
    const { handle } = answer.found;
    const buffer = await this.#contentOf(handle);
    if (buffer === undefined) return answer;
    await handle.close().catch(() => undefined);
    return { found: { size: buffer.length, buffer } };
  }

  async #contentOf(handle: FileHandle): Promise<Buffer | undefined> {
    const version = await versionOf(handle);
    if (version === undefined || version.size > LARGEST) return undefined;
    if (this.#clock() - version.changedMs < SETTLED_MS) return undefined;
    const { key, size } = version;
    const held = this.#files.get(key) ?? { size, content: readWhole(handle, key, size) };
    if (this.#files.delete(key)) this.#bytes -= size;
    this.#files.set(key, held);
    this.#bytes += size;
    for (const oldest of this.#files.keys()) {
      if (this.#bytes <= MOST) break;
      this.#drop(oldest);
    }
    this.#expiry?.refresh();
    this.#expiry ??= setTimeout(() => this.#expire(), KEPT_MS).unref();
    const content = await held.content;
    if (content === undefined) this.#drop(key, held);
    return content;
  }

  #drop(key: string, only?: Held): void {
    const held = this.#files.get(key);
    if (held === undefined || (only !== undefined && held !== only)) return;
    this.#files.delete(key);
    this.#bytes -= held.size;
  }

  #expire(): void {
    this.#expiry = undefined;
    this.#files.clear();
    this.#bytes = 0;
  }
}

type Version = { key: string; size: number; changedMs: number };

async function versionOf(handle: FileHandle): Promise<Version | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    const changed = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
    return {
      key: [dev, ino, size, mtimeNs, ctimeNs].join('/'),
      size: Number(size),
      changedMs: Number(changed / 1_000_000n),
    };
  } catch {
    return undefined;
  }
}

/** The whole of a file, if it is of one version from first to last byte. */
async function readWhole(handle: FileHandle, key: string, size: number): Promise<Buffer | undefined> {
  try {
    const content = Buffer.allocUnsafeSlow(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(content, done, size - done, done);
      if (bytesRead === 0) return undefined;
      done += bytesRead;
    }
    return (await versionOf(handle))?.key === key ? content : undefined;
  } catch {
    return undefined;
  }
}
