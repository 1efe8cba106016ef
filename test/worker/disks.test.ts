import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { bootableBy } from '../../src/worker/boot-sector.ts';
import { localDisks, written } from '../../src/worker/disks.ts';

const folder = await mkdtemp(join(tmpdir(), 'tinsmith-disks-'));
after(() => rm(folder, { recursive: true }));

const EFI_SYSTEM = '28732ac11ff8d211ba4b00a0c93ec93b';
const LINUX = 'af3dc60f838472478e793d69d8477de4';

function mbr({ code = 0, type = 0x83 } = {}): Buffer {
  const bytes = Buffer.alloc(64 << 10);
  bytes[0] = code;
  bytes[446 + 4] = type;
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

function gpt(sector: number, types: string[]): Buffer {
  const bytes = mbr({ type: 0xee });
  bytes.write('EFI PART', sector);
  bytes.writeBigUInt64LE(2n, sector + 72);
  bytes.writeUInt32LE(128, sector + 80);
  bytes.writeUInt32LE(128, sector + 84);
  types.forEach((type, n) => void Buffer.from(type, 'hex').copy(bytes, 2 * sector + 128 * n));
  return bytes;
}

describe("a disk's first bytes", () => {
  for (const [what, bytes, bios, uefi] of [
    ['nothing', Buffer.alloc(64 << 10), false, false],
    ['too little', Buffer.alloc(100, 1), false, false],
    ['a table without boot code', mbr(), false, false],
    ['boot code', mbr({ code: 0xeb }), true, false],
    ['boot code without the signature', Buffer.alloc(4096, 0x90), false, false],
    ['an EFI partition in an MBR table', mbr({ type: 0xef }), false, true],
    ['an EFI partition in 512-byte sectors', gpt(512, [LINUX, EFI_SYSTEM]), false, true],
    ['an EFI partition in 4096-byte sectors', gpt(4096, [EFI_SYSTEM]), false, true],
    ['a GUID table without EFI partition', gpt(512, [LINUX]), false, false],
  ] as const) {
    test(`${what}: BIOS ${bios}, UEFI ${uefi}`, () => assert.deepEqual(bootableBy(bytes), { bios, uefi }));
  }

  test('any bytes are read without an error', () => {
    const header = Buffer.from('EFI PART');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 600, maxLength: 6000 }), fc.boolean(), (random, four) => {
        const bytes = Buffer.from(random);
        if (bytes.length > 4200) header.copy(bytes, four ? 4096 : 512);
        bootableBy(bytes);
      }),
    );
  });
});

describe('the local disks', () => {
  test('are those that are disks, with the bytes written and whether they boot', async () => {
    const [sys, dev] = [join(folder, 'block'), join(folder, 'dev')];
    await mkdir(dev, { recursive: true });
    for (const name of [
      'sda',
      'nvme0n1',
      'vda',
      'loop0',
      'ram1',
      'zram0',
      'sr0',
      'dm-0',
      'md127',
      'fd0',
      'mmcblk0',
      'mmcblk0boot0',
      'nvme0c1n1',
    ]) {
      await mkdir(join(sys, name), { recursive: true });
      await writeFile(
        join(sys, name, 'stat'),
        '     117        0     5000       16      22       3      1000        5        0       20       21\n',
      );
      await writeFile(join(dev, name), mbr({ code: name === 'sda' ? 1 : 0 }));
    }
    await rm(join(dev, 'vda'));
    const disks = localDisks({ sys, dev });
    const names = ['/dev/mmcblk0', '/dev/nvme0n1', '/dev/sda', '/dev/vda'];
    assert.deepEqual(await disks.counters(), Object.fromEntries(names.map((name) => [name, 512_000])));
    assert.deepEqual(await disks.bootable(), ['/dev/sda']);
  });

  test('whether anything was dirtied is what the kernel counts, where it does', async () => {
    const vmstat = join(folder, 'vmstat');
    await writeFile(vmstat, 'nr_dirty 3\nnr_dirtied 417\nnr_written 400\n');
    assert.equal(await localDisks({ vmstat }).dirtied(), 417);
    assert.equal(await localDisks({ vmstat: join(folder, 'none') }).dirtied(), undefined);
  });

  test('what was written is the growth', () => {
    assert.deepEqual(written({ '/dev/a': 10, '/dev/b': 5 }, { '/dev/a': 30, '/dev/b': 5, '/dev/c': 7 }), {
      '/dev/a': 20,
      '/dev/c': 7,
    });
  });
});
