import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesText } from '../../src/actions/action.ts';
import { DiskWriter, inspectDisk, openDisk } from '../../src/actions/disk.ts';
import { usesOf } from '../../src/actions/in-use.ts';
import { edgesOf } from '../../src/actions/wipe.ts';
import { host, perform, temporary } from './stage.ts';

const DISK = { name: 'vda', number: '253:0', holders: [] };
const PART = { name: 'vda1', number: '253:1', holders: [] };
const ROOT = '22 1 0:20 / / rw - rootfs rootfs rw\n23 22 8:1 / /data rw shared:1 - ext4 /dev/sda1 rw\n';
const SWAPS = 'Filename\tType\tSize\tUsed\tPriority\n';

test('a disk is in use when it or a partition is mounted, swap, or part of something', () => {
  assert.deepEqual(usesOf([DISK, PART], ROOT, SWAPS), []);
  assert.deepEqual(usesOf([DISK, PART], '', ''), []);
  const mounted = `${ROOT}24 22 253:1 / /mnt/a\\040b rw - ext4 /dev/root rw\n`;
  assert.deepEqual(usesOf([DISK, PART], mounted, SWAPS), ['/dev/vda1 is mounted at /mnt/a b']);
  const btrfs = `${ROOT}25 22 0:44 /sub /home rw,noatime - btrfs /dev/vda rw\n`;
  assert.deepEqual(usesOf([DISK, PART], btrfs + btrfs, SWAPS), ['/dev/vda is mounted at /home']);
  assert.deepEqual(usesOf([DISK, PART], ROOT, `${SWAPS}/dev/vda1 partition 1 0 -2\n`), ['/dev/vda1 is in use as swap']);
  const raid = [DISK, { ...PART, holders: ['md127', 'dm-0'] }];
  assert.deepEqual(usesOf(raid, ROOT, SWAPS), ['/dev/vda1 is part of /dev/md127', '/dev/vda1 is part of /dev/dm-0']);
  const other = '26 22 253:16 / /x rw - ext4 /dev/vdb rw\n';
  assert.deepEqual(usesOf([DISK, PART], other, SWAPS), []);
});

test('the edges of disk and partitions are erased, once each and within the disk', () => {
  assert.deepEqual(edgesOf(100, [], 10), [
    { start: 0, length: 10 },
    { start: 90, length: 10 },
  ]);
  assert.deepEqual(edgesOf(100, [{ start: 5, length: 50 }], 10), [
    { start: 0, length: 15 },
    { start: 45, length: 10 },
    { start: 90, length: 10 },
  ]);
  assert.deepEqual(edgesOf(8, [], 10), [{ start: 0, length: 8 }]);
  const extent = fc.record({ start: fc.nat(300), length: fc.nat(300) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.array(extent, { maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (size, parts, edge) => {
        const expected = new Set<number>();
        for (const { start, length } of [{ start: 0, length: size }, ...parts]) {
          for (let at = 0; at < length; at++) {
            if ((at < edge || at >= length - edge) && start + at < size) expected.add(start + at);
          }
        }
        const found = edgesOf(size, parts, edge).flatMap(({ start, length }) =>
          Array.from({ length }, (_, at) => start + at),
        );
        assert.deepEqual(
          found,
          [...expected].sort((a, b) => a - b),
        );
      },
    ),
  );
});

test('a stream is written as it is, in whatever pieces it comes', async (t) => {
  const path = join(temporary(t), 'disk');
  writeFileSync(path, '');
  truncateSync(path, 20_000_000);
  const disk = await inspectDisk(path, host());
  const handle = await openDisk(disk);
  const writer = new DiskWriter(handle, disk);
  const pieces = [1, 4 * 1024 * 1024, 3, 9_000_001, 512].map((length, index) => Buffer.alloc(length, index + 1));
  for (const piece of pieces) await writer.write(piece);
  await writer.finish();
  await handle.close();
  const whole = Buffer.concat(pieces);
  assert.equal(writer.written, whole.length);
  assert.ok(readFileSync(path).subarray(0, whole.length).equals(whole));
});

test('wipe erases what marks a disk, and zero all of it; no disk is touched when one is not there', async (t) => {
  const directory = temporary(t);
  const disk = (name: string): string => {
    writeFileSync(join(directory, name), Buffer.alloc(20 * 1024 * 1024, 0xaa));
    return join(directory, name);
  };
  const kept = (path: string): number => {
    let count = 0;
    for (const byte of readFileSync(path)) if (byte === 0xaa) count++;
    return count;
  };
  const [a, b] = [disk('a'), disk('b')];
  const failed = await perform('wipe', { DEST_DISKS: `${a}, ${b} /dev/nodisk` }, host());
  assert.deepEqual([failed.code, kept(a), kept(b)], [1, 20 * 1024 * 1024, 20 * 1024 * 1024]);
  assert.match(failed.err, /\/dev\/nodisk does not exist/);
  const quick = await perform('wipe', { DEST_DISK: a, DEST_DISKS: b }, host());
  assert.deepEqual([quick.code, kept(a), kept(b)], [0, 12 * 1024 * 1024, 12 * 1024 * 1024]);
  assert.match(
    quick.out,
    /not discarded: it cannot discard\n.*erased 8\.4 MB: the edges of the disk and of 0 partitions/,
  );
  assert.equal((await perform('wipe', { DEST_DISK: a, WIPE_MODE: 'zero' }, host())).code, 0);
  assert.equal(kept(a), 0);
  const discard = await perform('wipe', { DEST_DISK: b, WIPE_MODE: 'discard' }, host());
  assert.deepEqual([discard.code, kept(b)], [1, 12 * 1024 * 1024]);
  assert.equal((await perform('wipe', {}, host())).code, 64);
  assert.equal((await perform('wipe', { DEST_DISK: a, WIPE_MODE: 'rub' }, host())).code, 64);
});

test('a disk that is not there is answered with those that are', async (t) => {
  const sys = temporary(t);
  for (const name of ['loop0', 'nvme0n1', 'ram0', 'sda', 'sr0'])
    mkdirSync(join(sys, 'block', name), { recursive: true });
  const { err } = await perform('wipe', { DEST_DISK: '/dev/vda99' }, host({ sys }));
  assert.match(err, /\/dev\/vda99 does not exist; there is \/dev\/nvme0n1, \/dev\/sda\n/);
  assert.match(
    (await perform('wipe', { DEST_DISK: '/dev/x' }, host({ sys: '/none' }))).err,
    /this machine has no disks/,
  );
});

test('bytes are told in the units on labels', () => {
  const cases: [number, string][] = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [431_000_000, '431 MB'],
    [10_737_418_240, '10.7 GB'],
    [2e18, '2000 PB'],
  ];
  for (const [bytes, text] of cases) assert.equal(bytesText(bytes), text);
});
