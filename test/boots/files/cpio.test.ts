import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type CpioEntry, cpioSegments, osieInitrd, workerArchive } from '../../../src/boots/files/index.ts';
import { fileSegment, type Segment, sendingLength } from '../../../src/http/files/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tinsmith-cpio-'));
after(() => rmSync(folder, { recursive: true }));

function bytesOf(segments: readonly Segment[]): Buffer {
  return Buffer.concat(
    segments.map((segment) => {
      if (segment.kind === 'bytes') return segment.bytes;
      const bytes = Buffer.alloc(segment.length);
      const fd = openSync(segment.path, 'r');
      readSync(fd, bytes, 0, segment.length, segment.start);
      closeSync(fd);
      return bytes;
    }),
  );
}

function cpio(args: string[], input: Buffer): string {
  return execFileSync('cpio', ['--quiet', ...args], {
    input,
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
}

describe('newc archives, read by cpio', () => {
  test('files come out as they went in, after their directories', async () => {
    const path = join(folder, 'source');
    writeFileSync(path, 'from a file');
    const entries: CpioEntry[] = [
      { name: 'etc/tin/one', mode: 0o600, mtime: 1_000_000_000, content: { kind: 'bytes', bytes: Buffer.from('1') } },
      { name: 'etc/two', mode: 0o644, mtime: 5, content: { kind: 'bytes', bytes: Buffer.alloc(0) } },
      { name: 'three', mode: 0o755, mtime: 5.9, content: await fileSegment(path) },
    ];
    const segments = cpioSegments(entries);
    const archive = bytesOf(segments);
    assert.equal(archive.length % 512, 0);
    assert.equal(archive.length, sendingLength(segments));
    assert.deepEqual(cpio(['-t'], archive).trim().split('\n'), ['etc', 'etc/tin', 'etc/tin/one', 'etc/two', 'three']);
    cpio(['-idm'], archive);
    assert.equal(readFileSync(join(folder, 'etc/tin/one'), 'utf8'), '1');
    assert.equal(readFileSync(join(folder, 'etc/two'), 'utf8'), '');
    assert.equal(readFileSync(join(folder, 'three'), 'utf8'), 'from a file');
    assert.equal(statSync(join(folder, 'etc/tin/one')).mode & 0o7777, 0o600);
    assert.equal(statSync(join(folder, 'etc/tin/one')).mtimeMs, 1_000_000_000_000);
    assert.equal(statSync(join(folder, 'three')).mode & 0o7777, 0o755);
    assert.match(cpio(['-tv', '--numeric-uid-gid'], archive), /^drwxr-xr-x +2 0 +0 .* etc$/m);
  });

  test('names of every length keep the alignment', () => {
    for (let length = 1; length <= 9; length++) {
      const name = 'n'.repeat(length);
      const content: Segment = { kind: 'bytes', bytes: Buffer.alloc(length, 'x') };
      assert.equal(cpio(['-t'], bytesOf(cpioSegments([{ name, mode: 0o644, mtime: 0, content }]))).trim(), name);
    }
  });

  test('what does not fit the format is refused by name', () => {
    const content: Segment = { kind: 'bytes', bytes: Buffer.alloc(0) };
    for (const name of ['', '/abs', 'a//b', '../up', 'a/./b', 'nul\0']) {
      assert.throws(() => cpioSegments([{ name, mode: 0, mtime: 0, content }]), { code: 'INVALID_INPUT' });
    }
    const large: Segment = { kind: 'file', path: '/f', start: 0, length: 2 ** 32, size: 2 ** 32, mtimeMs: 0 };
    assert.throws(() => cpioSegments([{ name: 'large', mode: 0, mtime: 0, content: large }]), /large .*4 GiB/);
  });

  test('the executable goes to usr/bin/tinsmith', async () => {
    const executable = join(folder, 'executable');
    writeFileSync(executable, Buffer.alloc(1001, 7));
    utimesSync(executable, 1_700_000_000, 1_700_000_000);
    const archive = bytesOf(await workerArchive(executable));
    assert.match(cpio(['-tv'], archive), /^-rwxr-xr-x .* 1001 Nov 14 +2023 usr\/bin\/tinsmith$/m);
    assert.deepEqual(bytesOf(await workerArchive(executable)), archive);
  });

  test('the initramfs is both archives, the second on a multiple of 512', async () => {
    const executable = join(folder, 'executable');
    const initrd = join(folder, 'osie.img');
    writeFileSync(executable, 'the executable');
    for (const length of [0, 1, 511, 512, 513]) {
      writeFileSync(initrd, Buffer.alloc(length, 1));
      const bytes = bytesOf(await osieInitrd({ initrd, executable }));
      const second = Math.ceil(length / 512) * 512;
      assert.ok(bytes.subarray(0, length).every((byte) => byte === 1));
      assert.ok(bytes.subarray(length, second).every((byte) => byte === 0));
      assert.deepEqual(bytes.subarray(second), bytesOf(await workerArchive(executable)));
    }
  });
});
