/**
 * Makes `dist/actions-tools.tar.gz`, the root file system of the built-in actions' image without the executable itself,
 * which is laid over it at /usr/bin/tinsmith. Run: `node build/tools-layer.ts`.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, shell } from './command.ts';
import { fetchDebs, packageOf } from './debian.ts';
import {
  bundleCertificates,
  keepLibraries,
  keepPrograms,
  linkBusybox,
  makeRoot,
  unpackDebs,
  writeNames,
} from './debs.ts';
import { NODE_LIBRARIES } from './osie/contents.ts';
import { CACHE, DIST, digestOf, megabytes, progress, whenChanged } from './step.ts';

/** Wanted packages, as the closure is asked for; only these and libraries are unpacked. */
export const PACKAGES = [
  ...['busybox-static', 'util-linux', 'mount', 'fdisk', 'e2fsprogs', 'kexec-tools', 'xz-utils', 'bzip2'],
  ...['nvme-cli', 'hdparm'],
  ...['ca-certificates', 'libc6', 'libstdc++6', 'libgcc-s1'],
];

/** What the actions call: see the disk, write it, have it erase itself, look into the system on it, start its kernel. */
const PROGRAMS = [
  ...['busybox', 'kexec', 'xz', 'bzip2'],
  ...['mount', 'umount', 'lsblk', 'blkid', 'wipefs', 'blkdiscard', 'blockdev', 'sfdisk', 'partx'],
  ...['e2fsck', 'resize2fs', 'nvme', 'hdparm'],
];

/** Makes the layer unless it is there from the same packages. Returns its path. */
export async function buildToolsLayer(): Promise<string> {
  const out = join(DIST, 'actions-tools.tar.gz');
  const closure = await fetchDebs(join(CACHE, 'debs'), PACKAGES);
  const debs = closure.filter((deb) => PACKAGES.includes(packageOf(deb)) || /^(lib|zlib)/.test(packageOf(deb)));
  const inputs = digestOf(['build/tools-layer.ts', 'build/debs.ts', 'build/osie/contents.ts'], debs);
  await whenChanged('actions-tools', inputs, [out], async () => {
    const root = join(CACHE, 'actions-tools');
    await mkdir(DIST, { recursive: true });
    await makeRoot(root);
    await unpackDebs(root, debs);
    await keepPrograms(root, PROGRAMS);
    await keepLibraries(root, NODE_LIBRARIES);
    await bundleCertificates(root);
    await writeNames(root);
    await linkBusybox(root);
    const size = (await run('du', ['-sm', '--apparent-size', root])).split('\t')[0];
    await packTar(root, `${out}.new`);
    await rename(`${out}.new`, out);
    await rm(root, { recursive: true });
    progress('actions-tools', `${size} MB unpacked, ${megabytes(out)}`);
  });
  return out;
}

/** A tar whose bytes depend on nothing but the files: sorted, no owner, time zero, no gzip name or time. */
function packTar(root: string, out: string): Promise<string> {
  const same = '--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu';
  return shell(`tar -C "$1" -c ${same} . | gzip -9n >"$2"`, [root, out]);
}

if (import.meta.main) await buildToolsLayer();
