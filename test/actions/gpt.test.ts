import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { type GptHeader, moveBackupGpt, parseGptHeader } from '../../src/actions/gpt.ts';
import { file, host, perform, serving, temporary } from './stage.ts';

const ENTRIES = Buffer.alloc(128 * 128);
ENTRIES.fill(0x5a, 0, 128);

/** A header sector as the UEFI specification has it. */
function headerSector(
  sectorSize: number,
  fields: { current: number; backup: number; last: number; entries: number },
): Buffer {
  const sector = Buffer.alloc(sectorSize);
  sector.write('EFI PART', 0, 'latin1');
  sector.writeUInt32LE(0x10000, 8);
  sector.writeUInt32LE(92, 12);
  sector.writeBigUInt64LE(BigInt(fields.current), 24);
  sector.writeBigUInt64LE(BigInt(fields.backup), 32);
  sector.writeBigUInt64LE(34n, 40);
  sector.writeBigUInt64LE(BigInt(fields.last), 48);
  sector.fill(0xab, 56, 72);
  sector.writeBigUInt64LE(BigInt(fields.entries), 72);
  sector.writeUInt32LE(128, 80);
  sector.writeUInt32LE(128, 84);
  sector.writeUInt32LE(crc32(ENTRIES), 88);
  sector.writeUInt32LE(crc32(sector.subarray(0, 92)), 16);
  return sector;
}

function mbr(sectors: number): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.fill(0x90, 0, 440); // boot code
  bytes[450] = 0xee;
  bytes.writeUInt32LE(1, 454);
  bytes.writeUInt32LE(sectors - 1, 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** The first sectors of an image of `sectors` sectors. */
function image(sectors: number, sectorSize = 512): { mbr: Buffer; header: GptHeader; entries: Buffer } {
  const places = { current: 1, backup: sectors - 1, last: sectors - 2 - ENTRIES.length / sectorSize, entries: 2 };
  const header = parseGptHeader(headerSector(sectorSize, places));
  assert.ok(header !== undefined);
  return { mbr: mbr(sectors), header, entries: ENTRIES };
}

test('the second copy ends up in the last sectors, and both copies agree', () => {
  const sizes = fc.tuple(
    fc.integer({ min: 100, max: 1 << 20 }),
    fc.integer({ min: 34, max: 2 ** 40 }),
    fc.constantFrom(512, 4096),
  );
  fc.assert(
    fc.property(sizes, ([sectors, more, sectorSize]) => {
      const total = sectors + more;
      const moved = moveBackupGpt({ ...image(sectors, sectorSize), sectors: total, sectorSize });
      assert.ok('patches' in moved);
      const at = new Map(moved.patches.map(({ position, bytes }) => [position / sectorSize, bytes]));
      const primary = parseGptHeader(at.get(1) ?? Buffer.alloc(0));
      const backup = parseGptHeader(at.get(total - 1) ?? Buffer.alloc(0));
      assert.ok(primary !== undefined && backup !== undefined);
      const entriesSectors = ENTRIES.length / sectorSize;
      assert.deepEqual([primary.current, primary.backup, primary.entries], [1, total - 1, 2]);
      assert.deepEqual([backup.current, backup.backup, backup.entries], [total - 1, 1, total - 1 - entriesSectors]);
      assert.equal(primary.lastUsable, total - 2 - entriesSectors);
      assert.equal(backup.lastUsable, primary.lastUsable);
      assert.ok(at.get(backup.entries)?.equals(ENTRIES));
      assert.equal(at.get(0)?.readUInt32LE(458), Math.min(total - 1, 0xffffffff));
      assert.ok(
        at
          .get(0)
          ?.subarray(0, 440)
          .every((byte) => byte === 0x90),
        'boot code stays',
      );
      assert.ok(
        at.get(sectors - 1)?.every((byte) => byte === 0),
        'the old copy is erased',
      );
      const order = moved.patches.map(({ position }) => position / sectorSize);
      assert.ok(order.indexOf(total - 1) < order.indexOf(1) && order.indexOf(1) < order.indexOf(sectors - 1));
    }),
  );
});

test('nothing is written where nothing must be, or nothing is sure', () => {
  const good = image(1000);
  const move = (changes: object): unknown => moveBackupGpt({ ...good, sectors: 2000, sectorSize: 512, ...changes });
  assert.deepEqual(move({ sectors: 1000 }), { patches: [] });
  assert.match(JSON.stringify(move({ sectors: 999 })), /made for a larger disk/);
  assert.match(JSON.stringify(move({ entries: Buffer.alloc(ENTRIES.length) })), /checksum of its entries/);
  assert.match(JSON.stringify(move({ entries: Buffer.alloc(0) })), /checksum of its entries/);
  assert.match(JSON.stringify(move({ header: { ...good.header, current: 2 } })), /belongs elsewhere/);
  assert.match(JSON.stringify(move({ header: { ...good.header, lastUsable: 1990 } })), /cover a partition/);
});

test('a damaged header is none', () => {
  const sector = headerSector(512, { current: 1, backup: 999, last: 966, entries: 2 });
  fc.assert(
    fc.property(fc.nat(91), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Buffer.from(sector);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      assert.equal(parseGptHeader(damaged), undefined);
    }),
  );
  assert.equal(parseGptHeader(Buffer.alloc(512)), undefined);
  assert.equal(parseGptHeader(Buffer.alloc(0)), undefined);
  assert.ok(parseGptHeader(sector) !== undefined);
});

const noSgdisk = spawnSync('sgdisk', ['--version']).status === 0 ? false : 'needs sgdisk';

test('sgdisk finds nothing wrong with a disk larger than its image', { skip: noSgdisk }, async (t) => {
  const directory = temporary(t);
  const [made, disk] = [join(directory, 'image'), join(directory, 'disk')];
  writeFileSync(made, '');
  truncateSync(made, 20 * 1024 * 1024);
  spawnSync('sgdisk', ['-n', '1:2048:+8M', '-n', '2:0:0', '-c', '1:boot', made]);
  writeFileSync(disk, '');
  truncateSync(disk, 50 * 1024 * 1024);
  const server = await serving(t, file(readFileSync(made)));
  const { code, out, err } = await perform('image2disk', { IMG_URL: server.url('/i'), DEST_DISK: disk }, host());
  assert.equal(code, 0, err);
  assert.match(out, /the second partition table is at the end of/);
  const verified = spawnSync('sgdisk', ['-v', disk], { encoding: 'utf8' });
  assert.match(verified.stdout, /No problems found\. 6\d{4} free sectors/);
  assert.match(spawnSync('sgdisk', ['-p', disk], { encoding: 'utf8' }).stdout, /boot/);
});
