import { copyFile, mkdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run, shell } from '../command.ts';
import { REPOSITORY } from '../step.ts';
import { chooseModules, type KernelTree } from './modules.ts';

/** What stage 1 needs before the real root is there. */
const STAGE1_MODULES = [
  'kernel/drivers/block/loop.ko',
  'kernel/fs/squashfs/squashfs.ko',
  'kernel/fs/overlayfs/overlay.ko',
];

/** An initrd to make: from which root, where to work, and how hard to compress (zstd level). */
export interface Packing {
  root: string;
  kernel: KernelTree;
  work: string;
  level: number;
  out: string;
}

/**
 * Packs a root as a squashfs inside a small uncompressed cpio with busybox and stage 1. Padded to 512 bytes, so that a
 * second cpio can be appended (UEFI iPXE loses it when the first is not a multiple of 4 bytes long).
 */
export async function packInitrd({ root, kernel, work, level, out }: Packing): Promise<void> {
  const first = join(work, 'stage1');
  await rm(first, { recursive: true, force: true });
  for (const folder of ['bin', 'proc', 'sys', 'dev', 'usr/bin']) await mkdir(join(first, folder), { recursive: true });
  await copyFile(join(root, 'usr/bin/busybox'), join(first, 'bin/busybox'));
  const assets = join(REPOSITORY, 'assets/osie');
  await copyFile(join(assets, 'stage1'), join(first, 'init'));
  await copyFile(join(assets, 'root/usr/lib/osie/common.sh'), join(first, 'common.sh'));
  const modules = chooseModules(kernel, STAGE1_MODULES);
  for (const path of modules) {
    await copyFile(join(kernel.base, 'lib/modules', kernel.version, path), join(first, basename(path)));
  }
  await writeFile(join(first, 'modules.list'), modules.map((path) => `${basename(path)}\n`).join(''));
  const squash = ['-comp', 'zstd', '-Xcompression-level', `${level}`, '-b', '256K', '-all-root', '-all-time', '0'];
  await run('mksquashfs', [
    root,
    join(first, 'root.img'),
    ...squash,
    '-mkfs-time',
    '0',
    '-noappend',
    '-quiet',
    '-no-progress',
  ]);
  await packCpio(first, `${out}.new`);
  await rename(`${out}.new`, out);
}

/** Packs a folder as a newc archive, in sorted order with times of zero, padded to 512 bytes. */
export async function packCpio(folder: string, out: string): Promise<void> {
  const line = 'cd "$1" && find . -mindepth 1 -exec touch -hd @0 {} + && find . -mindepth 1 -print0 | sort -z |';
  await shell(`${line} cpio -0 -o -H newc -R 0:0 --reproducible --quiet >"$2"`, [folder, out]);
  const { size } = await stat(out);
  await truncate(out, Math.ceil(size / 512) * 512);
}
