/** What files say of themselves: kernels, initramfs, boot programs. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nameOf, programOf } from '../../src/doctor/client/program.ts';
import { gatherBoot, gatherData, kernelVersion, modulesVersion } from '../../src/doctor/gather-files.ts';
import { temporaryDirectory } from '../store/opened.ts';

function kernel(version: string): Buffer {
  const bytes = Buffer.alloc(2048);
  bytes.write('HdrS', 0x202);
  bytes.writeUInt16LE(0x100, 0x20e);
  bytes.write(`${version} (debian-kernel@lists.debian.org) #1 SMP\0`, 0x300);
  return bytes;
}

describe('boot files', () => {
  it('say which kernel they are, and are for', async (t) => {
    const folder = temporaryDirectory(t);
    writeFileSync(join(folder, 'vmlinuz'), kernel('6.1.0-56-amd64'));
    writeFileSync(join(folder, 'initrd.img'), `070701…vermagic=6.1.0-49-amd64 SMP preempt mod_unload\0`);
    writeFileSync(join(folder, 'osie.json'), 'broken');
    const { kernel: found, initrd, described } = await gatherBoot(folder);
    assert.deepEqual(
      [found, initrd?.version, described],
      [{ bytes: 2048, version: '6.1.0-56-amd64' }, '6.1.0-49-amd64', undefined],
    );
    assert.equal((await gatherBoot(join(folder, 'none'))).kernel, undefined);
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        kernelVersion(Buffer.concat([buffer.subarray(0, 0x202), Buffer.from('HdrS'), buffer]));
        modulesVersion(buffer);
        programOf(buffer);
        programOf(Buffer.concat([Buffer.from('MZ'), buffer]));
      }),
    );
  });

  it('are told apart by their first bytes', () => {
    assert.equal(nameOf(programOf(Buffer.from('#!ipxe\nboot'))), 'an iPXE script');
    assert.equal(nameOf(programOf(Buffer.from('\n<!DOCTYPE html>'))), 'a web page');
    assert.equal(nameOf(programOf(Buffer.alloc(0))), 'empty');
    assert.equal(nameOf(programOf(Buffer.from('MZ'))), 'no EFI program and no script');
    const disk = Buffer.alloc(512);
    disk.writeUInt16BE(0x55aa, 510);
    assert.equal(nameOf(programOf(disk)), 'no EFI program and no script');
    disk[450] = 0xee;
    assert.equal(nameOf(programOf(disk)), 'an image of a disk');
    assert.equal(nameOf(programOf(disk.subarray(0, 511))), 'no EFI program and no script');
    // An old kernel has more than partitions there.
    disk[494] = 1;
    assert.equal(nameOf(programOf(disk)), 'no EFI program and no script');
  });
});

describe('a data directory', () => {
  it('that is not there yet is where it could be made', async (t) => {
    const data = await gatherData(join(temporaryDirectory(t), 'a', 'b'));
    assert.deepEqual([data.exists, data.writable, data.mode], [false, true, undefined]);
    assert.ok(data.disk && data.disk.size > 0);
  });
});
