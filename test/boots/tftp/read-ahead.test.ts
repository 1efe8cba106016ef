import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TftpHandle } from '../../../src/boots/tftp/files.ts';
import { type Loaded, ReadAhead } from '../../../src/boots/tftp/read-ahead.ts';

function bytesOf(loaded: Loaded | undefined): Buffer | undefined {
  return loaded && 'fault' in loaded ? assert.fail(loaded.fault) : loaded?.bytes;
}

/** A file of which the kernel is never asked what it has in memory. */
async function onDisk(path: string): Promise<TftpHandle> {
  const handle = await open(path);
  return { read: (...of) => handle.read(...of), close: () => handle.close() };
}

describe('reading ahead', () => {
  const content = randomBytes(10_000);
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-ahead-'));
    path = join(folder, 'file');
    await writeFile(path, content);
  });
  after(() => rm(folder, { recursive: true }));

  it('gives what follows a part at once, when it has been read meanwhile', async () => {
    const file = new ReadAhead(await onDisk(path), content.length);
    assert.equal(file.take(0, 100), undefined);
    await file.load(0, 100);
    let next: Buffer | undefined;
    for (let turn = 0; turn < 1000 && next === undefined; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      next = bytesOf(file.take(100, 100));
    }
    assert.ok(next?.subarray(0, 100).equals(content.subarray(100, 200)));
    file.close();
  });

  it('gives at once what the kernel has in memory, and keeps the part before it', async () => {
    const file = new ReadAhead(await open(path), content.length);
    const first = bytesOf(file.take(0, 100));
    const second = bytesOf(file.take(100, 100));
    assert.ok(first?.subarray(0, 100).equals(content.subarray(0, 100)));
    assert.ok(second?.subarray(0, 100).equals(content.subarray(100, 200)));
    assert.equal(file.take(content.length - 50, 100), undefined);
    file.close();
    assert.equal(file.take(200, 100), undefined);
  });

  it('gives the bytes that are in the file, in whatever order they are asked for', async () => {
    const parts = fc.array(fc.record({ start: fc.nat(9999), length: fc.integer({ min: 1, max: 3000 }) }), {
      maxLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), fc.boolean(), async (asked, onwards, cached) => {
        const file = new ReadAhead(await (cached ? open(path) : onDisk(path)), content.length);
        let at = 0;
        for (const { start, length } of asked) {
          const from = onwards ? at : start;
          const wanted = content.subarray(from, from + length);
          const bytes = bytesOf(file.take(from, wanted.length) ?? (await file.load(from, wanted.length)));
          assert.ok(bytes?.subarray(0, wanted.length).equals(wanted));
          at = Math.min(from + length, content.length - 1);
        }
        file.close();
      }),
      { numRuns: 100 },
    );
  });

  it('says that a file became shorter when that is reached', async () => {
    const short = join(folder, 'short');
    await writeFile(short, content);
    const file = new ReadAhead(await open(short), content.length);
    await file.load(0, 100);
    await truncate(short, 150);
    const loaded = await file.load(5000, 100);
    assert.match('fault' in loaded ? loaded.fault : '', /became shorter/);
    file.close();
  });

  it('does not give the end of a file that was changed in place', async () => {
    const changed = join(folder, 'changed');
    await writeFile(changed, content);
    await utimes(changed, 1, 1);
    const file = new ReadAhead(await open(changed), content.length);
    assert.ok('bytes' in (await file.load(0, 5000)));
    await writeFile(changed, randomBytes(content.length));
    assert.ok('bytes' in (await file.load(4000, 5000)));
    const loaded = await file.load(5000, 5000);
    assert.match('fault' in loaded ? loaded.fault : '', /was changed/);
    file.close();
  });
});
