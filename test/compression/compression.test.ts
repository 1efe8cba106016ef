import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { type Compression, compressionOf, decompress, peek } from '../../src/compression/index.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const SKIPPABLE = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

test('a Zstandard stream is read through all its frames, however it is cut into pieces', async () => {
  const contents = fc.array(
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(contents, fc.boolean(), fc.integer({ min: 1, max: 400 }), async (frames, checksum, size) => {
      const params = { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 };
      const stream = frames.flatMap((frame) => [SKIPPABLE, zstdCompressSync(frame, { params })]);
      const found = await read(decompress(pieces(Buffer.concat(stream), size), 'zstd'));
      assert.deepEqual(found, Buffer.concat(frames));
    }),
    { numRuns: 60 },
  );
});

test('large frames with runs, raw and compressed blocks are read whole', async () => {
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * index * 31 + (index >> 3)) & 255));
  const parts = [Buffer.alloc(1_000_000, 'a'), noise, Buffer.concat([noise, Buffer.alloc(500_000)])];
  const stream = Buffer.concat(parts.map((part) => zstdCompressSync(part)));
  assert.ok((await read(decompress(pieces(stream, 65_536), 'zstd'))).equals(Buffer.concat(parts)));
});

test('a truncated stream is an error at every length', async () => {
  const zstd = Buffer.concat([zstdCompressSync(Buffer.from('first frame')), zstdCompressSync(Buffer.alloc(5000, 'b'))]);
  const boundary = zstdCompressSync(Buffer.from('first frame')).length;
  for (let length = 1; length < zstd.length; length++) {
    if (length === boundary) continue; // one whole frame is a whole stream
    await assert.rejects(read(decompress(pieces(zstd.subarray(0, length), 7), 'zstd')), `zstd cut to ${length}`);
  }
  const gzip = gzipSync(Buffer.alloc(5000, 'c'));
  for (let length = 1; length < gzip.length; length++) {
    await assert.rejects(read(decompress(pieces(gzip.subarray(0, length), 7), 'gzip')), `gzip cut to ${length}`);
  }
});

test('what follows a frame must be a frame', async () => {
  const stream = Buffer.concat([zstdCompressSync(Buffer.from('a')), Buffer.from('garbage')]);
  await assert.rejects(read(decompress(pieces(stream, 100), 'zstd')), /is none/);
});

test('an error of the source reaches the reader', async () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const start =
      compression === 'gzip' ? gzipSync(Buffer.alloc(9999, 'x')) : zstdCompressSync(Buffer.alloc(9999, 'x'));
    async function* broken(): AsyncGenerator<Buffer> {
      yield start.subarray(0, 15);
      throw new Error('the cable was pulled');
    }
    await assert.rejects(read(decompress(broken(), compression)), /the cable was pulled/);
  }
});

test('compressions are told by their magic numbers', () => {
  const cases: [string, Compression][] = [
    ['1f8b0800000000', 'gzip'],
    ['28b52ffd0458', 'zstd'],
    ['502a4d1804000000', 'zstd'],
    ['fd377a585a000004', 'xz'],
    ['425a6839314159', 'bzip2'],
    ['425a6830314159', 'none'],
    ['eb6390000000', 'none'],
    ['1f8b', 'none'],
    ['', 'none'],
  ];
  for (const [hex, expected] of cases) assert.equal(compressionOf(Buffer.from(hex, 'hex')), expected, hex);
});

test('looking at the beginning of a stream loses nothing, and closes the source when reading stops', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(120),
      fc.integer({ min: 1, max: 30 }),
      async (bytes, n, size) => {
        const whole = Buffer.from(bytes);
        const { first, all } = await peek(pieces(whole, size), n);
        assert.deepEqual(first, whole.subarray(0, n));
        assert.deepEqual(await read(all), whole);
      },
    ),
  );
  let closed = false;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('abc');
    } finally {
      closed = true;
    }
  }
  const { all } = await peek(source(), 2);
  for await (const _ of all) break;
  assert.equal(closed, true);
});
