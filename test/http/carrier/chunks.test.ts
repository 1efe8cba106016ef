import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { Chunks, type Taken } from '../../../src/http/carrier/chunks.ts';
import { Descriptors } from '../../../src/http/carrier/descriptors.ts';

const MB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'tinsmith-chunks-'));
after(() => rmSync(folder, { recursive: true }));

/** The byte at each place says which 64 kB of the file it is in. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 65536) bytes.fill((at / 65536) % 256, at, Math.min(at + 65536, length));
  return bytes;
}

async function opened(name: string, bytes: Buffer) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const chunks = new Chunks();
  const descriptors = new Descriptors((unused) => chunks.forget(unused));
  const file = await descriptors.open(path);
  return { path, chunks, descriptors, file, version: await file.look() };
}

describe('chunks', () => {
  test('whatever is taken, kept and given back, the bytes are those of the place', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const bytes = content(3 * MB + 1234);
    const { chunks, descriptors, file, version, path } = await opened('random', bytes);
    const others = await Promise.all([1, 2, 3].map(() => descriptors.open(path)));
    assert.ok(others.every(({ fd }) => fd === file.fd));
    const step = fc.record({
      at: fc.nat(bytes.length - 1),
      length: fc.integer({ min: 1, max: 2 * MB }),
      keep: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const held: { taken: Taken; at: number }[] = [];
        const check = async ({ taken, at }: { taken: Taken; at: number }): Promise<void> => {
          const got = await taken.bytes;
          assert.equal(got?.length, taken.length);
          assert.ok(got?.equals(bytes.subarray(at, at + taken.length)));
          taken.release();
        };
        for (const { at, length, keep } of steps) {
          const end = Math.min(at + length, bytes.length);
          const taken = chunks.take(file, version, at, end);
          assert.ok(taken.length > 0 && at + taken.length <= end);
          if (keep) held.push({ taken, at });
          else await check({ taken, at });
        }
        for (const one of held) await check(one);
        assert.ok(file.chunks.size <= 64);
      }),
      { numRuns: 50 },
    );
    for (const { release } of [file, ...others]) release();
    t.mock.timers.tick(1000);
    assert.equal(file.chunks.size, 0);
  });

  test('two who are at one place read it once; a lone one keeps nothing', async () => {
    const { chunks, descriptors, file, version, path } = await opened('shared', content(2 * MB));
    const alone = chunks.take(file, version, 0, 10);
    await alone.bytes;
    alone.release();
    assert.equal(file.chunks.size, 0);
    const other = await descriptors.open(path);
    const [first, second] = [chunks.take(file, version, 0, MB), chunks.take(other, version, 100, MB)];
    assert.equal((await first.bytes)?.buffer, (await second.bytes)?.buffer);
    first.release();
    second.release();
    const late = chunks.take(other, version, 0, MB);
    assert.equal((await late.bytes)?.buffer, (await first.bytes)?.buffer);
    late.release();
    file.release();
    other.release();
  });

  test('another version of the file is not taken for this one', async () => {
    const { chunks, descriptors, file, version, path } = await opened('version', content(MB));
    const other = await descriptors.open(path);
    const before = chunks.take(file, version, 0, 10);
    assert.equal((await before.bytes)?.[0], 0);
    writeFileSync(path, Buffer.alloc(MB, 9));
    const after = chunks.take(other, { size: MB, mtimeMs: version.mtimeMs + 1 }, 0, 10);
    assert.equal((await after.bytes)?.[0], 9);
    for (const { release } of [before, after, file, other]) release();
  });

  test('with many at different places the reads become small, so memory stays bounded', async () => {
    const path = join(folder, 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 200 * MB);
    const chunks = new Chunks();
    const file = await new Descriptors(() => {}).open(path);
    const version = await file.look();
    const taken = Array.from({ length: 200 }, (_, at) => chunks.take(file, version, at * MB, 200 * MB));
    const lengths = taken.map(({ length }) => length);
    assert.equal(lengths.filter((length) => length === 512 * 1024).length, 128);
    assert.equal(lengths.filter((length) => length === 64 * 1024).length, 72);
    assert.equal((await taken[199]?.bytes)?.length, 64 * 1024);
    for (const { bytes, release } of taken) {
      await bytes;
      release();
    }
    file.release();
  });

  test('a file that is shorter than it should be gives nothing, and is read anew the next time', async () => {
    const { chunks, file, version, path } = await opened('short', content(MB));
    truncateSync(path, 1000);
    const taken = chunks.take(file, version, 0, MB);
    assert.equal(await taken.bytes, undefined);
    assert.equal(file.chunks.size, 0);
    taken.release();
    file.release();
  });

  test('memory is given back a while after the last download, and had anew by the next', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const bytes = content(2 * MB);
    const { chunks, file, version } = await opened('idle', bytes);
    const first = chunks.take(file, version, 0, bytes.length);
    const got = await first.bytes;
    assert.ok(got);
    const memory = got.buffer;
    first.release();
    assert.ok(memory.byteLength > 0, 'it is kept for a while');
    t.mock.timers.tick(60_000);
    assert.equal(memory.byteLength, 0);
    const second = chunks.take(file, version, 0, bytes.length);
    assert.ok((await second.bytes)?.equals(bytes.subarray(0, second.length)));
    second.release();
    file.release();
  });
});
