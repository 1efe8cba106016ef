import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { shell } from '../command.ts';
import { packageOf } from '../debian.ts';
import { chooseModules, type KernelTree } from '../osie/modules.ts';
import { packCpio } from '../osie/pack.ts';
import { REPOSITORY } from '../step.ts';

/** Drivers of the disks that an image may be written to, and of its root. */
export const DISK_MODULES = [
  'kernel/drivers/virtio/virtio_pci.ko',
  'kernel/drivers/block/virtio_blk.ko',
  'kernel/drivers/scsi/{virtio_scsi,sd_mod}.ko',
  'kernel/drivers/nvme/host/nvme.ko',
  'kernel/drivers/ata/ahci.ko',
  'kernel/fs/ext4/ext4.ko',
  'kernel/crypto/crc32c_generic.ko',
];

/** An initramfs to make: `debs` holds busybox, `work` is a folder of its own. */
export interface Initrd {
  kernel: KernelTree;
  modules: readonly string[];
  work: string;
  debs: readonly string[];
  out: string;
}

/** Makes an initramfs that loads the modules and starts the root named by `root=UUID=` on the kernel's command line. */
export async function makeInitrd({ kernel, modules, work, debs, out }: Initrd): Promise<void> {
  await rm(work, { recursive: true, force: true });
  for (const name of ['bin', 'proc', 'sys', 'dev', 'new']) await mkdir(join(work, name), { recursive: true });
  await unpackBusybox(debs, join(work, 'bin/busybox'));
  await copyFile(join(REPOSITORY, 'assets/image/initrd-init'), join(work, 'init'));
  await chmod(join(work, 'init'), 0o755);
  const paths = chooseModules(kernel, modules);
  for (const path of paths) {
    await copyFile(join(kernel.base, 'lib/modules', kernel.version, path), join(work, basename(path)));
  }
  await writeFile(join(work, 'modules.list'), paths.map((path) => `${basename(path)}\n`).join(''));
  await packCpio(work, out);
}

/** Takes the static busybox out of its package: the host's own may be another one. */
export async function unpackBusybox(debs: readonly string[], out: string): Promise<void> {
  const deb = debs.find((each) => packageOf(each) === 'busybox-static') ?? '';
  await shell('dpkg-deb --fsys-tarfile "$1" | tar -x -O ./bin/busybox >"$2"; chmod 755 "$2"', [deb, out]);
}
