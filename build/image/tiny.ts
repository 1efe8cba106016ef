import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { shell } from '../command.ts';
import { packageOf } from '../debian.ts';
import { linkBusybox } from '../debs.ts';
import { chooseModules, unpackKernel } from '../osie/modules.ts';
import { packCpio } from '../osie/pack.ts';
import { CACHE, REPOSITORY } from '../step.ts';
import { makeDisk } from './disk.ts';

/** What the tiny system needs, in the closure of which its kernel is. */
export const TINY_PACKAGES = ['busybox-static', 'linux-image-cloud-amd64'];

const UUID = '7e57ed00-7159-4d17-8000-000000000001';
const MODULES = [
  'kernel/drivers/virtio/virtio_pci.ko',
  'kernel/drivers/block/virtio_blk.ko',
  'kernel/drivers/nvme/host/nvme.ko',
  'kernel/drivers/net/virtio_net.ko',
  'kernel/net/packet/af_packet.ko',
  'kernel/fs/ext4/ext4.ko',
  'kernel/crypto/crc32c_generic.ko',
];

/** Makes a bootable disk with a kernel and busybox that calls home like the Debian image does, gzipped: for tests. */
export async function makeTiny(debs: readonly string[], out: string): Promise<void> {
  const kernel = await unpackKernel(debs);
  const work = join(CACHE, 'tiny');
  const root = join(work, 'root');
  const first = join(work, 'initrd');
  await rm(work, { recursive: true, force: true });
  for (const name of ['usr/bin', 'usr/sbin', 'boot/grub', 'proc', 'sys', 'dev', 'run', 'tmp', 'etc/tinsmith', 'root']) {
    await mkdir(join(root, name), { recursive: true });
  }
  for (const name of ['bin', 'proc', 'sys', 'dev', 'new']) await mkdir(join(first, name), { recursive: true });
  await shell('ln -s usr/bin usr/sbin "$1"', [root]);
  for (const deb of debs.filter((each) => packageOf(each) === 'busybox-static')) {
    await shell('dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2/usr" ./bin/busybox', [deb, root]);
  }
  await linkBusybox(root);
  await rm(join(root, 'usr/sbin/init'), { force: true });
  const assets = join(REPOSITORY, 'assets/image');
  await copyFile(join(assets, 'tiny-init'), join(root, 'usr/sbin/init'));
  await copyFile(join(assets, 'tiny-dhcp-event'), join(root, 'usr/sbin/dhcp-event'));
  for (const name of ['init', 'dhcp-event']) await chmod(join(root, 'usr/sbin', name), 0o755);

  await copyFile(join(root, 'usr/bin/busybox'), join(first, 'bin/busybox'));
  await copyFile(join(assets, 'tiny-initrd'), join(first, 'init'));
  await chmod(join(first, 'init'), 0o755);
  const modules = chooseModules(kernel, MODULES);
  for (const path of modules) {
    await copyFile(join(kernel.base, 'lib/modules', kernel.version, path), join(first, basename(path)));
  }
  await writeFile(join(first, 'modules.list'), modules.map((path) => `${basename(path)}\n`).join(''));
  await packCpio(first, join(root, 'initrd.img'));
  await copyFile(kernel.vmlinuz, join(root, 'vmlinuz'));
  const grub = `linux /vmlinuz root=UUID=${UUID} console=tty0 console=ttyS0,115200 quiet panic=10\ninitrd /initrd.img\nboot\n`;
  await writeFile(join(root, 'boot/grub/grub.cfg'), grub);

  const disk = join(work, 'tiny.img');
  await makeDisk({ root, rootMiB: 36, uuid: UUID, out: disk });
  await shell('gzip -6n <"$1" >"$2"', [disk, `${out}.new`]);
  await rename(`${out}.new`, out);
  await rm(work, { recursive: true });
}
