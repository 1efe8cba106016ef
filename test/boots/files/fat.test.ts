/** Disks of FAT, read by programs that are not ours. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DiskFile, fatSegments } from '../../../src/boots/files/index.ts';
import { fileSegment, type Segment, sendingLength } from '../../../src/http/files/index.ts';
import { temporaryDirectory } from '../../store/opened.ts';

const bytes = (content: string | Buffer): Segment[] => [{ kind: 'bytes', bytes: Buffer.from(content) }];

/** Writes the disk into a file, as it would be sent. */
function written(t: TestContext, files: readonly DiskFile[]): { disk: string; folder: string } {
  const folder = temporaryDirectory(t);
  const disk = join(folder, 'disk');
  const parts = fatSegments(files).map((segment) =>
    segment.kind === 'bytes'
      ? segment.bytes
      : readFileSync(segment.path).subarray(segment.start, segment.start + segment.length),
  );
  writeFileSync(disk, Buffer.concat(parts));
  return { disk, folder };
}

describe('a disk of FAT16', () => {
  it('has its files, whichever their sizes, and nothing wrong with it', async (t) => {
    const source = join(temporaryDirectory(t), 'large');
    writeFileSync(source, Buffer.alloc(5_000_001, 'large '));
    const contents: Record<string, Segment[]> = {
      'EFI/BOOT/BOOTX64.EFI': bytes(Buffer.alloc(1_048_504, 'shim')),
      'EFI/BOOT/grubx64.efi': bytes('grub'),
      'grub/grub.cfg': bytes('linux /kernel\n'),
      kernel: [await fileSegment(source)],
      initrd0: bytes(Buffer.alloc(512, 'i')),
      initrd1: bytes(''),
    };
    const files = Object.entries(contents).map(([path, content]) => ({ path, content }));
    const { disk, folder } = written(t, files);
    assert.match(execFileSync('fsck.vfat', ['-n', '-v', disk], { encoding: 'utf8' }), /2 FATs, 16 bit entries/);
    for (const [path, content] of Object.entries(contents)) {
      const out = join(folder, 'out');
      execFileSync('mcopy', ['-n', '-o', '-i', disk, `::${path}`, out]);
      const [first] = content;
      const wanted = first?.kind === 'file' ? readFileSync(source) : first?.bytes;
      assert.ok(wanted && readFileSync(out).equals(wanted), path);
    }
  });

  it('has larger clusters for larger files, and an end', async (t) => {
    const folder = temporaryDirectory(t);
    mkdirSync(folder, { recursive: true });
    const sparse = join(folder, 'sparse');
    writeFileSync(sparse, '');
    for (const [size, clusterSectors] of [
      [30e6, 1],
      [150e6, 8],
      [1.9e9, 64],
    ] as const) {
      truncateSync(sparse, size);
      const [head] = fatSegments([{ path: 'initrd0', content: [await fileSegment(sparse)] }]);
      assert.equal(head?.kind === 'bytes' && head.bytes.readUInt8(13), clusterSectors, `${size}`);
      assert.ok(sendingLength(fatSegments([{ path: 'x', content: [await fileSegment(sparse)] }])) >= size);
    }
    truncateSync(sparse, 2.2e9);
    const segment = await fileSegment(sparse);
    assert.throws(() => fatSegments([{ path: 'x', content: [segment] }]), /too large for a disk image/);
  });
});
