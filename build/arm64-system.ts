/**
 * A system for the lab's arm64 machines to boot: Debian's signed kernel, and busybox, which says on the console that it runs.
 * It is for tests only, so it lies in the cache, as a boot environment does below the served files.
 */
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchDebs, installPackages } from './debian.ts';
import { unpackBusybox } from './image/initrd.ts';
import { unpackKernel } from './osie/modules.ts';
import { packCpio } from './osie/pack.ts';
import { CACHE, digestOf, megabytes, progress, whenChanged } from './step.ts';

/** What is served, and the environment in it. */
export const ARM64_FILES = join(CACHE, 'arm64-files');
export const ARM64_ENVIRONMENT = 'arm64-system';

/** The cloud kernel is signed as the generic one is, and the smallest: emulated firmware loads it by TFTP. */
const PACKAGES = ['busybox-static', 'linux-image-cloud-arm64'];

/** Nothing of the kernel's comes between its lines. It stays until its power is cut: a console that is left loses its last line. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo 1 >/proc/sys/kernel/printk
echo "arm64-system: runs on $(/bin/busybox uname -m)"
echo "arm64-system: told $(/bin/busybox cat /proc/cmdline)"
exec /bin/busybox sleep 86400
`;

/** Makes it unless it is there from the same packages. */
export async function buildArm64System(): Promise<void> {
  const folder = join(ARM64_FILES, 'bootenvs', ARM64_ENVIRONMENT);
  const files = { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd.img') };
  await installPackages(['cpio', 'kmod']);
  const debs = await fetchDebs(join(CACHE, 'debs'), PACKAGES, { arch: 'arm64' });
  const inputs = digestOf(['build/arm64-system.ts', 'build/image/initrd.ts', 'build/osie/pack.ts'], debs);
  await whenChanged('arm64-system', inputs, Object.values(files), async () => {
    const { vmlinuz } = await unpackKernel(debs);
    const work = join(CACHE, 'arm64-system');
    await rm(work, { recursive: true, force: true });
    for (const name of ['bin', 'dev', 'proc']) await mkdir(join(work, name), { recursive: true });
    await unpackBusybox(debs, join(work, 'bin/busybox'));
    await writeFile(join(work, 'init'), INIT);
    await chmod(join(work, 'init'), 0o755);
    await mkdir(folder, { recursive: true });
    await packCpio(work, files.initrd);
    await copyFile(vmlinuz, files.kernel);
    await rm(work, { recursive: true });
    progress('arm64-system', `kernel ${megabytes(files.kernel)}, initrd ${megabytes(files.initrd)}`);
  });
}

if (import.meta.main) await buildArm64System();
