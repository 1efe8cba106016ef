/** Served files, changed whole or not at all. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  Checksums,
  expectedDigests,
  FileStore,
  type FileStoreParts,
  type Noted,
} from '../../../src/boots/files/index.ts';
import { Space } from '../../../src/boots/files/space.ts';
import { openRooted } from '../../../src/system/rooted.ts';
import { temporaryDirectory } from '../../store/opened.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

function made(t: TestContext, more: Partial<FileStoreParts> = {}) {
  const root = temporaryDirectory(t);
  const noted = new Map<string, Noted>();
  const checksums = new Checksums({
    get: (name) => noted.get(name),
    put: async (name, each) => void noted.set(name, each),
    delete: async (name) => void noted.delete(name),
  });
  const files = new FileStore({ root, checksums, ...more });
  const put = (name: string, text: string, upload: Partial<Parameters<FileStore['put']>[2]> = {}) =>
    files.put(name, pieces(text), { length: text.length, expected: [], allow: () => {}, ...upload });
  const at = (name: string): string => join(root, name);
  /** All there is, partial files included. */
  const all = (): string[] => readdirSync(root, { recursive: true }).map(String).sort();
  return { root, files, put, at, all, noted, checksums };
}

describe('an upload', () => {
  it('is there whole, with its checksum, in folders that are made', async (t) => {
    const { files, put, at, all } = made(t);
    const { file, created } = await put('images/debian/12.img', 'an image');
    assert.equal(created, true);
    assert.deepEqual([file.name, file.size, file.sha256], ['images/debian/12.img', 8, sha('an image')]);
    assert.equal(readFileSync(at('images/debian/12.img'), 'utf8'), 'an image');
    assert.equal(statSync(at('images/debian/12.img')).mode & 0o777, 0o644);
    assert.deepEqual(all(), ['images', 'images/debian', 'images/debian/12.img']);
    assert.deepEqual(await files.stat('images/debian/12.img'), file);
    assert.equal((await put('images/debian/12.img', 'another')).created, false);
    assert.deepEqual(await files.names(), ['images/debian/12.img']);
  });

  it('is seen by nobody while it comes, and what was there is there until then', async (t) => {
    const { root, files, put, at } = made(t);
    await put('file', 'old');
    let goOn = (): void => {};
    let begun = (): void => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    async function* slow(): AsyncGenerator<Buffer> {
      yield Buffer.from('ne');
      begun();
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      yield Buffer.from('w');
    }
    const coming = files.put('file', slow(), { length: 3, expected: [], allow: () => {} });
    await isBegun;
    const partial = readdirSync(root).find((name) => name !== 'file') ?? '';
    assert.match(partial, /^\.tinsmith-upload-[0-9a-f]{16}$/);
    const refused = await openRooted(root, partial);
    assert.equal('refused' in refused && refused.refused, 'not-found');
    assert.deepEqual(await files.names(), ['file']);
    assert.equal(readFileSync(at('file'), 'utf8'), 'old');
    goOn();
    await coming;
    assert.equal(readFileSync(at('file'), 'utf8'), 'new');
  });

  it('at the same time as another of that name leaves one of the two, with its own checksum', async (t) => {
    const { put, files, at } = made(t);
    await Promise.all(['one', 'two', 'six', 'ten'].map((text) => put('a/file', text)));
    const text = readFileSync(at('a/file'), 'utf8');
    assert.equal((await files.stat('a/file')).sha256, sha(text));
    // Folders come and go under them.
    await Promise.all(
      [...Array(30).keys()].map(async (n) => {
        await put('b/c/file', String(n));
        await files.delete('b/c/file', () => {}).catch(() => {});
      }),
    );
    assert.deepEqual(await files.names(), ['a/file']);
  });

  it('that breaks off, is too short, or is another content, leaves nothing', async (t) => {
    const { files, put, all } = made(t);
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('some');
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    }
    await assert.rejects(files.put('a/b', broken(), { length: 9, expected: [], allow: () => {} }), /broke off/);
    await assert.rejects(put('a/b', 'four', { length: 5 }), /broke off after 4 of 5 bytes/);
    const expected = expectedDigests({}, sha('other'));
    await assert.rejects(
      put('a/b', 'four', { expected }),
      (error: { code: string; problems: { field: string; message: string }[] }) => {
        assert.equal(error.code, 'INVALID_INPUT');
        assert.equal(error.problems[0]?.field, 'sha256');
        assert.equal(
          error.problems[0]?.message,
          `the sha256 of the 4 bytes that came is ${sha('four')}, not ${sha('other')}`,
        );
        return true;
      },
    );
    await assert.rejects(
      put('a/b', 'four', {
        allow: () => {
          throw new Error('not allowed');
        },
      }),
      /not allowed/,
    );
    assert.deepEqual(all(), []);
  });

  for (const name of [
    '',
    '../x',
    'a/../b',
    '/etc/x',
    'a//b',
    'a/',
    './a',
    'a\0b',
    'a\nb',
    'a\\b',
    '%2e%2e/x',
    '.tinsmith-upload-x',
    'x'.repeat(256),
  ])
    it(`called ${JSON.stringify(name.slice(0, 20))} is refused`, async (t) => {
      const { put, all } = made(t);
      await assert.rejects(put(name, 'x'), { code: 'INVALID_INPUT' });
      assert.deepEqual(all(), []);
    });

  it('goes through no link that leads out, and into no file', async (t) => {
    const { root, files, put, at } = made(t);
    const outside = temporaryDirectory(t);
    symlinkSync(outside, at('link'));
    mkdirSync(at('inside'));
    symlinkSync('inside', at('within'));
    await assert.rejects(put('link/x', 'x'), { code: 'FORBIDDEN', message: /a link that leads out/ });
    assert.deepEqual(readdirSync(outside), []);
    await put('within/x', 'x');
    assert.ok(existsSync(join(root, 'inside/x')));
    await put('file', 'x');
    await assert.rejects(put('file/below', 'x'), { code: 'CONFLICT' });
    await assert.rejects(put('inside', 'x'), { code: 'CONFLICT', message: /is a folder/ });
    // A link in its own place is replaced; what it leads to stays.
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(join(outside, 'secret'), at('to-secret'));
    await put('to-secret', 'mine');
    assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
    assert.equal(readFileSync(at('to-secret'), 'utf8'), 'mine');
    assert.deepEqual(await files.names(), ['file', 'inside/x', 'to-secret']);
  });

  it('for which there is no room is refused before it begins, with what is free', async (t) => {
    const space = new Space(async () => 1000, 100);
    const { files, put, all } = made(t, { space });
    await assert.rejects(put('x', 'x', { length: 901 }), {
      code: 'STORE_WRITE_FAILED',
      message: /no room for 901 bytes of x: 1000 bytes are free .* 100 are kept for the appliance/,
    });
    assert.deepEqual(all(), []);
    // What one upload is to have is not another's.
    let end = (): void => {};
    let isWaiting = false;
    async function* waiting(): AsyncGenerator<Buffer> {
      await new Promise<void>((resolve) => {
        isWaiting = true;
        end = resolve;
      });
      yield Buffer.alloc(600);
    }
    const first = files.put('first', waiting(), { length: 600, expected: [], allow: () => {} });
    while (!all().some((name) => name.startsWith('.'))) await new Promise(setImmediate);
    await assert.rejects(put('second', 'x', { length: 400 }), /600 are for uploads under way/);
    while (!isWaiting) await new Promise(setImmediate);
    end();
    await first;
    await put('second', 'x'.repeat(400));
  });

  it('that a crash cut short is removed at the next start', async (t) => {
    const { files, at, all, put } = made(t);
    await put('deep/file', 'x');
    for (const name of ['.tinsmith-upload-1', 'deep/.tinsmith-upload-2']) writeFileSync(at(name), 'partial');
    assert.equal(await files.sweep(), 2);
    assert.deepEqual(all(), ['deep', 'deep/file']);
  });
});

describe('a served file', () => {
  it('is deleted with the folders that are empty then', async (t) => {
    const { files, put, all, noted } = made(t);
    await put('a/b/one', '1');
    await put('a/two', '2');
    await files.delete('a/b/one', () => {});
    assert.deepEqual(all(), ['a', 'a/two']);
    assert.deepEqual([...noted.keys()], ['a/two']);
    await assert.rejects(
      files.delete('a/b/one', () => {}),
      { code: 'NOT_FOUND' },
    );
    await assert.rejects(
      files.delete('a', () => {}),
      { code: 'NOT_FOUND', message: /directory/ },
    );
  });

  it('has a checksum once it was read, which counts for that version only', async (t) => {
    const { files, at, checksums } = made(t);
    mkdirSync(dirname(at('x')), { recursive: true });
    writeFileSync(at('x'), 'by hand');
    assert.equal((await files.stat('x')).sha256, undefined);
    assert.equal(await checksums.of('x', at('x')), sha('by hand'));
    assert.equal((await files.stat('x')).sha256, sha('by hand'));
    writeFileSync(at('x'), 'changed since');
    assert.equal((await files.stat('x')).sha256, undefined);
    assert.equal(await checksums.of('x', at('x')), sha('changed since'));
  });
});

describe('the checksums of a request', () => {
  const digest = createHash('sha256').update('x').digest();
  const header = `sha-256=:${digest.toString('base64')}:`;

  it('are those of the query and the headers', () => {
    const hex = digest.toString('hex');
    assert.deepEqual(expectedDigests({}, undefined), []);
    assert.deepEqual(expectedDigests({}, hex.toUpperCase()), [{ algorithm: 'sha256', digest: hex, field: 'sha256' }]);
    assert.deepEqual(expectedDigests({ 'repr-digest': `md5=:AAAA:, ${header}` }, undefined), [
      { algorithm: 'sha256', digest: hex, field: 'repr-digest' },
    ]);
  });

  it('are refused where they would go unchecked', () => {
    for (const [headers, sha256] of [
      [{}, 'abc'],
      [{ 'content-digest': 'sha-256=abc' }, undefined],
      [{ 'content-digest': 'sha-256=:AAAA:' }, undefined],
      [{ 'content-digest': 'md5=:AAAA:' }, undefined],
      [{ 'content-digest': '' }, undefined],
      [{ digest: 'SHA-256=AAAA' }, undefined],
      [{ 'content-md5': 'AAAA' }, undefined],
    ] as const)
      assert.throws(() => expectedDigests(headers, sha256), { code: 'INVALID_INPUT' });
  });
});
