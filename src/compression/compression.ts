/** Compressed streams, told by their first bytes. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { unzstd } from './zstd.ts';

/** How a stream is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** How many bytes {@link compressionOf} wants to see. */
export const MAGIC_BYTES = 6;

/** The compression whose magic number these first bytes of a stream are, or `none`. */
export function compressionOf(first: Buffer): Compression {
  const hex = first.subarray(0, MAGIC_BYTES).toString('hex');
  if (hex.startsWith('1f8b08')) return 'gzip';
  if (hex.startsWith('28b52ffd') || /^5[0-9a-f]2a4d18/.test(hex)) return 'zstd';
  if (hex === 'fd377a585a00') return 'xz';
  if (/^425a683[1-9]/.test(hex)) return 'bzip2';
  return 'none';
}

/**
 * The first `length` bytes of a stream (fewer where it ends before), and the whole stream, them included. `all` must be
 * read, or its source stays open.
 */
export async function peek(
  source: AsyncIterable<Buffer>,
  length: number,
): Promise<{ first: Buffer; all: AsyncIterable<Buffer> }> {
  const input = source[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  let done = false;
  while (first.length < length && !done) {
    const next = await input.next();
    if (next.done === true) done = true;
    else first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (first.length > 0) yield first;
      while (!done) {
        const next = await input.next();
        if (next.done === true) done = true;
        else yield next.value;
      }
    } finally {
      if (!done) await input.return?.();
    }
  }
  return { first: first.subarray(0, length), all: all() };
}

/** What a gzip stream (of one or several members) holds. Throws on a damaged or truncated stream. */
export async function* gunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decompressor = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(source, { objectMode: false }), decompressor, () => {});
  yield* decompressor;
}

/** What a stream holds that is compressed in a way which Node itself can read. */
export function decompress(
  source: AsyncIterable<Buffer>,
  compression: 'none' | 'gzip' | 'zstd',
): AsyncIterable<Buffer> {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return gunzip(source);
    case 'zstd':
      return unzstd(source);
  }
}
