import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { findCached, statCached, statusOf } from '../../src/system/cached-files.ts';
import { openRooted } from '../../src/system/rooted.ts';
import { letGo, openOn } from './descriptors.ts';

describe('files that are found in the kernel’s memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tinsmith-cached-'));
  after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, 'root');
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/b/file'), 'content');
  writeFileSync(join(folder, 'outside'), 'outside');
  symlinkSync('b/file', join(root, 'a/link'));
  symlinkSync(join(root, 'a/b'), join(root, 'absolute'));
  symlinkSync('../outside', join(root, 'out'));
  symlinkSync('root', join(folder, 'linked-root'));
  execFileSync('mkfifo', [join(root, 'fifo')]);

  it('are the same that are found in the ordinary way', async () => {
    for (const name of [
      'a/b/file',
      'a/link',
      'absolute/file',
      'a/../a/b/file',
      'out',
      'a',
      'fifo',
      'none',
      '',
      '/etc/passwd',
    ])
      for (const base of [root, join(folder, 'linked-root')]) {
        const found = await openRooted(base, name);
        assert.deepEqual(findCached(base, name), 'refused' in found ? undefined : found, name);
      }
  });

  it('are said to have the times and size that they have, to the nanosecond', () => {
    const path = join(root, 'a/b/file');
    for (const time of [0, 1.5, 1_700_000_000.123456, 4_000_000_000.999999]) {
      utimesSync(path, time, time);
      const { size, mtimeMs } = statSync(path);
      const status = statCached(path);
      assert.deepEqual([status?.size, status?.mtimeMs, status?.isFile], [size, mtimeMs, true]);
    }
    assert.equal(statCached(root)?.isFile, false);
    assert.equal(statCached(join(root, 'none')), undefined);
  });

  it('are the same by path and by descriptor, and another when they are made anew', () => {
    const path = join(root, 'again');
    writeFileSync(path, '1');
    const fd = openSync(path, 'r');
    const before = statusOf(fd);
    assert.deepEqual(before, statCached(path));
    rmSync(path);
    writeFileSync(path, '2');
    assert.notEqual(statCached(path)?.identity, before?.identity);
    closeSync(fd);
    assert.equal(statusOf(-1), undefined);
  });

  it('leave nothing open', async () => {
    // Those of the tests before.
    await letGo(folder);
    for (let times = 0; times < 10; times++)
      for (const name of ['a/link', 'out', 'none', 'fifo']) findCached(root, name);
    assert.equal(openOn(folder), 0);
  });

  it('are left to the ordinary way where they may not be read', { skip: process.getuid?.() === 0 }, () => {
    const path = join(root, 'secret');
    writeFileSync(path, '');
    chmodSync(path, 0);
    assert.equal(findCached(root, 'secret'), undefined);
  });
});
