/**
 * Unpacks archives into staged blobs. An archive is read once, as a stream, and never trusted: entry names are only keys,
 * digests are computed from what is there, and nothing is allocated on the word of a header.
 */
import { posix } from 'node:path';
import { extract, type Header } from 'tar-stream';
import { compressionOf, decompress, MAGIC_BYTES, peek } from '../compression/index.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import type { Blobs, Staged } from './blobs.ts';

export type ArchiveOptions = {
  /** How to call the archive in messages: its file name. */
  name: string;
  /** The name for the image, in place of those in the archive; required where the archive has none. */
  as?: string;
  /** The most bytes that the entries may have together. */
  limit: number;
};

/** More entries than this are no image, and their names would fill the memory. */
const ENTRIES_MAX = 100_000;
const BLOB_ENTRY = /^blobs\/sha256\/([0-9a-f]{64})$/;

type Entry = { kind: 'file'; staged: Staged } | { kind: 'link'; target: string };

/** The name without `./` and doubled slashes, '' for the archive's root; undefined for one that leads out of it. */
function cleanName(name: string): string | undefined {
  if (name.startsWith('/') || name.includes('\0')) return undefined;
  const clean = posix.normalize(name).replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../')) return undefined;
  return clean === '.' ? '' : clean;
}

function linkTarget(name: string, header: Header): string | undefined {
  const linked = header.linkname ?? '';
  if (linked.startsWith('/')) return undefined;
  return cleanName(header.type === 'symlink' ? posix.join(posix.dirname(name), linked) : linked);
}

/** Stages every file of the tar, under its name. */
export class Unpacking {
  readonly entries = new Map<string, Entry>();
  readonly all: Staged[] = [];
  readonly #blobs: Blobs;
  readonly #options: ArchiveOptions;
  #bytes = 0;
  #current: string | undefined;

  constructor(blobs: Blobs, options: ArchiveOptions) {
    this.#blobs = blobs;
    this.#options = options;
  }

  wrong(what: string, cause?: unknown): TinsmithError {
    return new TinsmithError('INVALID_INPUT', `${this.#options.name}: ${what}.`, { cause });
  }

  async run(source: AsyncIterable<Buffer>): Promise<void> {
    try {
      await this.#unpack(await this.#uncompressed(source));
    } catch (error) {
      if (error instanceof TinsmithError) throw error;
      const place = this.#current === undefined ? 'the archive' : `the entry ${JSON.stringify(this.#current)}`;
      throw this.wrong(`${place} cannot be read (${messageOf(error)}): the file is truncated or damaged`, error);
    }
  }

  async #uncompressed(source: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
    const { first, all } = await peek(source, MAGIC_BYTES);
    const compression = compressionOf(first);
    if (first.length === 0) throw this.wrong('it is empty');
    if (compression === 'xz' || compression === 'bzip2') {
      throw this.wrong(`it is compressed with ${compression}; unpack it first (gzip and zstd are read as they are)`);
    }
    return decompress(all, compression);
  }

  async #unpack(source: AsyncIterable<Buffer>): Promise<void> {
    const tar = extract();
    let broken: unknown;
    let goOn = (): void => {};
    tar.on('drain', () => goOn());
    tar.on('close', () => goOn());
    const feed = async (): Promise<void> => {
      try {
        for await (const bytes of source) {
          if (tar.destroyed) return;
          if (tar.write(bytes)) continue;
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        }
        tar.end(undefined);
      } catch (error) {
        broken = error;
        tar.destroy(error as Error);
      }
    };
    const feeding = feed();
    try {
      // streamx's types know no element type; tar-stream's entries give Buffers.
      for await (const entry of tar) await this.#entry(entry.header, entry as AsyncIterable<Buffer>);
    } catch (error) {
      // Reading an entry of a stream that broke off fails with "destroyed" only.
      throw error instanceof TinsmithError ? error : (broken ?? error);
    } finally {
      tar.destroy(null);
      await feeding;
    }
    if (broken !== undefined) throw broken;
  }

  async #entry(header: Header, content: AsyncIterable<Buffer>): Promise<void> {
    this.#current = header.name.slice(0, 300);
    const shown = JSON.stringify(this.#current);
    const name = cleanName(header.name);
    if (name === undefined) throw this.wrong(`the entry ${shown} leads out of the archive`);
    if (this.entries.size >= ENTRIES_MAX) throw this.wrong(`it has more than ${ENTRIES_MAX} entries`);
    if (this.entries.has(name)) throw this.wrong(`the entry ${shown} is there twice`);
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        await this.#file(name, content);
        return;
      case 'symlink':
      case 'link': {
        const target = linkTarget(name, header);
        if (target === undefined) throw this.wrong(`the entry ${shown} is a link that leads out of the archive`);
        this.entries.set(name, { kind: 'link', target });
        break;
      }
      case 'directory':
        break;
      default:
        throw this.wrong(`the entry ${shown} is a ${header.type}, which no image archive has`);
    }
    for await (const _ of content); // nothing is left in the stream before the next header
  }

  async #file(name: string, content: AsyncIterable<Buffer>): Promise<void> {
    const counted = async function* (this: Unpacking): AsyncGenerator<Buffer> {
      for await (const bytes of content) {
        this.#bytes += bytes.length;
        if (this.#bytes > this.#options.limit) {
          throw new TinsmithError(
            'STORE_WRITE_FAILED',
            `${this.#options.name} unpacks to more than the ${this.#options.limit} bytes there is room for.`,
            { next: 'Free some space, or remove images that are no longer needed.' },
          );
        }
        yield bytes;
      }
    };
    const staged = await this.#blobs.stage(counted.call(this));
    this.all.push(staged);
    const stated = BLOB_ENTRY.exec(name)?.[1];
    if (stated !== undefined && staged.digest !== `sha256:${stated}`) {
      throw this.wrong(`the entry ${name} is damaged: its content has the digest ${staged.digest}`);
    }
    this.entries.set(name, { kind: 'file', staged });
  }

  /** The file of this name, through links. */
  file(name: string): Staged | undefined {
    let at = cleanName(name);
    for (let hops = 0; at !== undefined && hops < 16; hops++) {
      const entry = this.entries.get(at);
      if (entry?.kind !== 'link') return entry?.staged;
      at = entry.target;
    }
    return undefined;
  }
}
