/**
 * Gathers the loaders that firmware fetches: `dist/loaders/` with Debian's iPXE binaries, `localboot.efi`, which starts
 * the system on a local disk, and the loaders that are signed for Secure Boot. Run: `node build/loaders.ts`.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EFI_LOADERS } from '../src/boots/efi-loaders.ts';
import { shell } from './command.ts';
import { fetchDebs, installPackages, packageOf } from './debian.ts';
import { makeGrub } from './grub.ts';
import { CACHE, DIST, digestOf, megabytes, progress, whenChanged } from './step.ts';

/**
 * Where Debian's package has them. BIOS: over the firmware's UNDI driver, or with iPXE's own drivers (30 times faster in
 * virtual machines). UEFI: the same two; the package's other name for the last is an absolute link out of the unpacked tree.
 */
const IPXE = ['usr/lib/ipxe/undionly.kpxe', 'usr/lib/ipxe/ipxe.pxe', 'usr/lib/ipxe/snponly.efi', 'boot/ipxe.efi'];

/** Debian's packages of the loaders that firmware accepts with Secure Boot on: Microsoft has signed shim, and Debian GRUB. */
export const SIGNED_PACKAGES = {
  amd64: ['shim-signed', 'grub-efi-amd64-signed'],
  arm64: ['shim-signed', 'grub-efi-arm64-signed'],
} as const;

/**
 * What of them is taken, and the names under which shim and firmware look for them. Of Debian's GRUBs that which has its
 * modules in it and asks the server that it came from for its configuration: it cannot load modules that are not signed.
 */
const SIGNED: readonly { architecture: keyof typeof SIGNED_PACKAGES; path: string; name: string }[] = [
  { architecture: 'amd64', path: 'usr/lib/shim/shimx64.efi.signed', name: 'shimx64.efi' },
  { architecture: 'amd64', path: 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed', name: 'grubx64.efi' },
  { architecture: 'arm64', path: 'usr/lib/shim/shimaa64.efi.signed', name: 'shimaa64.efi' },
  { architecture: 'arm64', path: 'usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed', name: 'grubaa64.efi' },
];

/** The packages with the signed loaders, as .deb files. */
export async function signedDebs(): Promise<Record<keyof typeof SIGNED_PACKAGES, string[]>> {
  const of = async (architecture: keyof typeof SIGNED_PACKAGES, arch?: string): Promise<string[]> => {
    const names: readonly string[] = SIGNED_PACKAGES[architecture];
    const debs = await fetchDebs(join(CACHE, 'debs'), names, { arch });
    return debs.filter((deb) => names.includes(packageOf(deb)));
  };
  return { amd64: await of('amd64'), arm64: await of('arm64', 'arm64') };
}

/** Gathers the loaders unless they are there already. Returns the folder and the names in it. */
export async function buildLoaders(): Promise<{ folder: string; names: string[] }> {
  const folder = join(DIST, 'loaders');
  const names = [...IPXE.map((path) => basename(path)), 'localboot.efi', ...SIGNED.map(({ name }) => `${name}.gz`)];
  const outputs = names.map((name) => join(folder, name));
  await installPackages(['grub-efi-amd64-bin', 'grub-common']);
  const debs = (await fetchDebs(join(CACHE, 'debs'), ['ipxe'])).filter((deb) => packageOf(deb) === 'ipxe');
  const signed = await signedDebs();
  const inputs = digestOf(
    ['build/loaders.ts', 'build/grub.ts', 'src/boots/efi-loaders.ts'],
    [...debs, ...Object.values(signed).flat()],
  );
  await whenChanged('loaders', inputs, outputs, async () => {
    const work = join(CACHE, 'loaders');
    await rm(work, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const deb of debs) await shell('dpkg-deb -x "$1" "$2"', [deb, work]);
    for (const path of IPXE) await copyFile(join(work, path), join(folder, basename(path)));
    await copySigned(signed, work, folder);
    await rm(work, { recursive: true });
    await makeLocalBoot(join(folder, 'localboot.efi'));
    progress('loaders', names.map((name) => `${name} ${megabytes(join(folder, name))}`).join(', '));
  });
  return { folder, names };
}

/** They are large and seldom asked for, so they are packed; nothing of them is changed, or their signatures would not hold. */
async function copySigned(
  debs: Readonly<Record<keyof typeof SIGNED_PACKAGES, string[]>>,
  work: string,
  folder: string,
): Promise<void> {
  for (const architecture of ['amd64', 'arm64'] as const)
    for (const deb of debs[architecture])
      await shell('mkdir -p "$2"; dpkg-deb -x "$1" "$2"', [deb, join(work, architecture)]);
  for (const { architecture, path, name } of SIGNED) {
    const content = await readFile(join(work, architecture, path));
    await writeFile(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

/** A UEFI program that starts the first loader it finds on a local disk: iPXE of 2019 cannot, and EDK2 stops in its menu. */
function makeLocalBoot(out: string): Promise<void> {
  const lines = EFI_LOADERS.flatMap((path) => [
    `search --no-floppy --set=root --file ${path}`,
    `chainloader ${path}`,
    'boot',
  ]);
  const config = ['echo Tinsmith: starting the system on the local disk', ...lines];
  config.push('echo Tinsmith: no UEFI loader on any local disk', 'sleep 5', 'exit');
  const modules = [
    'part_gpt',
    'part_msdos',
    'fat',
    'chain',
    'search',
    'search_fs_file',
    'echo',
    'sleep',
    'boot',
    'minicmd',
  ];
  return makeGrub({ platform: 'x86_64-efi', modules, config: `${config.join('\n')}\n`, out });
}

if (import.meta.main) await buildLoaders();
