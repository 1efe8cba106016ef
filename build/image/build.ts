/**
 * Makes the disk images that the lab installs: `dist/images/debian-12.img.zst` and `tiny.img.gz`, each with its
 * SHA-256 beside it. Run: `node build/image/build.ts [tiny|debian]`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fetchDebs, installPackages } from '../debian.ts';
import { CACHE, DIST, digestOf, megabytes, progress, sha256, whenChanged } from '../step.ts';
import { DEBIAN_PACKAGES, makeDebian } from './debian.ts';
import { makeTiny, TINY_PACKAGES } from './tiny.ts';

const HOST_PACKAGES = [
  'grub-efi-amd64-bin',
  'grub-pc-bin',
  'grub-common',
  'fdisk',
  'dosfstools',
  'mtools',
  'e2fsprogs',
  'kmod',
  'cpio',
];

/** Where the images lie. */
export interface ImageFiles {
  debian: string;
  tiny: string;
}

/** Makes the images unless they are there from the same packages and scripts. */
export async function buildImages(): Promise<ImageFiles> {
  return { tiny: await buildTiny(), debian: await buildDebian() };
}

/** Makes only the tiny test image: seconds. */
export async function buildTiny(): Promise<string> {
  await installPackages(HOST_PACKAGES);
  const debs = await fetchDebs(join(CACHE, 'debs'), TINY_PACKAGES);
  return image('tiny.img.gz', ['tiny.ts', 'initrd.ts', 'disk.ts'], debs, (out) => makeTiny(debs, out));
}

/** Makes only the Debian image: under a minute. */
export async function buildDebian(): Promise<string> {
  await installPackages([...HOST_PACKAGES, 'mmdebstrap', 'zstd']);
  const debs = await fetchDebs(join(CACHE, 'debs'), DEBIAN_PACKAGES);
  return image('debian-12.img.zst', ['debian.ts', 'initrd.ts', 'disk.ts'], debs, (out) => makeDebian(debs, out));
}

async function image(
  name: string,
  scripts: readonly string[],
  debs: readonly string[],
  make: (out: string) => Promise<void>,
): Promise<string> {
  const out = join(DIST, 'images', name);
  const inputs = digestOf(['build/grub.ts', 'assets/image', ...scripts.map((each) => `build/image/${each}`)], debs);
  await whenChanged(name, inputs, [out, `${out}.sha256`], async () => {
    await mkdir(join(DIST, 'images'), { recursive: true });
    await make(out);
    await writeFile(`${out}.sha256`, `${await sha256(out)}  ${basename(out)}\n`);
    progress(name, megabytes(out));
  });
  return out;
}

if (import.meta.main) {
  const only = process.argv[2];
  if (only !== 'debian') await buildTiny();
  if (only !== 'tiny') await buildDebian();
}
