/**
 * Secure Boot by UEFI HTTP boot: Debian's signed GRUB has no HTTP in it, so firmware is given a disk in memory, on which
 * are shim, GRUB, its configuration, and what that starts. It needs no network, and no address of ours.
 */
import { TinsmithError } from '../errors.ts';
import { fileSegment, type Segment } from '../http/files/index.ts';
import { openRooted } from '../system/rooted.ts';
import type { BootFiles } from './boot-files.ts';
import type { Admitted } from './boot-scripts.ts';
import { BOOTENVS } from './environments.ts';
import { type DiskFile, fatSegments } from './files/index.ts';
import { loaderBoot } from './loader-configs/boot.ts';
import { grubConfig } from './loader-configs/grub.ts';
import { loaderSegment } from './loader-segments.ts';
import { fileNameIn } from './url-paths.ts';

/** The disks by the names under which firmware asks for them; how UEFI calls the first loader of a disk is by its section 3.5.1.1. */
export const SIGNED_DISKS = {
  'signed-x64.img': { shim: 'shimx64.efi', first: 'BOOTX64.EFI', grub: 'grubx64.efi' },
  'signed-arm64.img': { shim: 'shimaa64.efi', first: 'BOOTAA64.EFI', grub: 'grubaa64.efi' },
} as const;
export type SignedDisk = keyof typeof SIGNED_DISKS;

/** Bytes of the configuration: firmware asks for the disk's size first, when there is no token in it yet. */
const CONFIG_BYTES = 65_536;

export interface SignedDiskParts {
  bootFiles: Pick<BootFiles, 'loaders' | 'kernel' | 'system'>;
  filesDirectory: string;
}

/** GRUB's configuration, which is what is told of a boot, and with which the disk is made. */
export interface DiskPlan {
  config: string;
  files: DiskFile[];
}

/** @throws TinsmithError as `readyEnvironment`, and NOT_FOUND for a kernel or initrd that is not here */
export async function planDisk(admitted: Admitted, parts: SignedDiskParts): Promise<DiskPlan> {
  const { facts } = admitted;
  const boots = await loaderBoot(admitted);
  const server = { protocol: 'disk', url: facts.server } as const;
  if (boots.boot !== 'kernel') return { config: grubConfig(facts.mac, boots, server), files: [] };
  const names = [boots.kernel, ...boots.initrds].map((url, i) => ({
    url,
    path: i === 0 ? 'kernel' : `initrd${i - 1}`,
  }));
  const files: DiskFile[] = [];
  for (const { url, path } of names) files.push({ path, content: await contentOf(url, facts, parts) });
  const [kernel = '', ...initrds] = names.map(({ path }) => `${facts.server}/${path}`);
  return { config: grubConfig(facts.mac, { ...boots, kernel, initrds }, server), files };
}

/** @throws TinsmithError UNAVAILABLE without the loaders, INVALID_INPUT for what is too large */
export async function diskSegments(
  name: SignedDisk,
  { config, files }: DiskPlan,
  { loaders }: Pick<BootFiles, 'loaders'>,
): Promise<Segment[]> {
  const { shim, first, grub } = SIGNED_DISKS[name];
  const loader = async (file: string): Promise<Segment[]> => {
    const bytes = loaders.get(file);
    if (bytes === undefined)
      throw new TinsmithError('UNAVAILABLE', `The loader ${file} is not here.`, { next: 'Run `npm run build`.' });
    return [await loaderSegment(file, bytes)];
  };
  return fatSegments([
    { path: `EFI/BOOT/${first}`, content: await loader(shim) },
    { path: `EFI/BOOT/${grub}`, content: await loader(grub) },
    {
      path: 'grub/grub.cfg',
      content: [{ kind: 'bytes', bytes: Buffer.from(config.padEnd(CONFIG_BYTES, '\n')).subarray(0, CONFIG_BYTES) }],
    },
    ...files,
  ]);
}

/** What is behind a URL of this server. */
async function contentOf(
  url: string,
  { server, mac }: Admitted['facts'],
  { bootFiles, filesDirectory }: SignedDiskParts,
): Promise<Segment[]> {
  if (url === `${server}/boot/${mac}/vmlinuz`) return bootFiles.kernel();
  if (url === `${server}/boot/${mac}/osie.img`) return bootFiles.system();
  const path = url.startsWith(`${server}/`) ? fileNameIn(url.slice(server.length + 1)) : undefined;
  const name = path?.startsWith(`${BOOTENVS}/`) ? path : path?.startsWith('files/') ? path.slice(6) : undefined;
  const found = name === undefined ? undefined : await openRooted(filesDirectory, name);
  if (found !== undefined && 'path' in found) return [await fileSegment(found.path)];
  const why = found?.sentence ?? 'it is not on this server';
  throw new TinsmithError('NOT_FOUND', `With Secure Boot, ${url} cannot be booted by HTTP: ${why}.`, {
    next: 'Put kernel and initrds below the served files.',
  });
}
