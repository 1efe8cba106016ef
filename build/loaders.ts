/**
 * Gathers the loaders that firmware fetches: `dist/loaders/` with Debian's iPXE binaries, and `localboot.efi`, which
 * starts the system on a local disk. Run: `node build/loaders.ts`.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { shell } from './command.ts';
import { fetchDebs, installPackages, packageOf } from './debian.ts';
import { makeGrub } from './grub.ts';
import { CACHE, DIST, digestOf, megabytes, progress, whenChanged } from './step.ts';

/**
 * Where Debian's package has them. BIOS: over the firmware's UNDI driver, or with iPXE's own drivers (30 times faster in
 * virtual machines). UEFI: the same two; the package's other name for the last is an absolute link out of the unpacked tree.
 */
const IPXE = ['usr/lib/ipxe/undionly.kpxe', 'usr/lib/ipxe/ipxe.pxe', 'usr/lib/ipxe/snponly.efi', 'boot/ipxe.efi'];

/** Where systems put their UEFI loaders, the standard's own fallback first. */
const EFI_LOADERS = [
  '/EFI/BOOT/BOOTX64.EFI',
  '/EFI/debian/shimx64.efi',
  '/EFI/debian/grubx64.efi',
  '/EFI/ubuntu/shimx64.efi',
  '/EFI/ubuntu/grubx64.efi',
  '/EFI/fedora/shimx64.efi',
  '/EFI/rocky/shimx64.efi',
  '/EFI/almalinux/shimx64.efi',
  '/EFI/centos/shimx64.efi',
  '/EFI/redhat/shimx64.efi',
  '/EFI/opensuse/shim.efi',
  '/EFI/systemd/systemd-bootx64.efi',
  '/EFI/Microsoft/Boot/bootmgfw.efi',
];

/** Gathers the loaders unless they are there already. Returns the folder and the names in it. */
export async function buildLoaders(): Promise<{ folder: string; names: string[] }> {
  const folder = join(DIST, 'loaders');
  const names = [...IPXE.map((path) => basename(path)), 'localboot.efi'];
  const outputs = names.map((name) => join(folder, name));
  await installPackages(['grub-efi-amd64-bin', 'grub-common']);
  const debs = (await fetchDebs(join(CACHE, 'debs'), ['ipxe'])).filter((deb) => packageOf(deb) === 'ipxe');
  const inputs = digestOf(['build/loaders.ts', 'build/grub.ts'], debs);
  await whenChanged('loaders', inputs, outputs, async () => {
    const work = join(CACHE, 'loaders');
    await rm(work, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const deb of debs) await shell('dpkg-deb -x "$1" "$2"', [deb, work]);
    for (const path of IPXE) await copyFile(join(work, path), join(folder, basename(path)));
    await rm(work, { recursive: true });
    await makeLocalBoot(join(folder, 'localboot.efi'));
    progress('loaders', names.map((name) => `${name} ${megabytes(join(folder, name))}`).join(', '));
  });
  return { folder, names };
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
