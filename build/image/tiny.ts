import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shell } from '../command.ts';
import { linkBusybox } from '../debs.ts';
import { unpackKernel } from '../osie/modules.ts';
import { CACHE, REPOSITORY } from '../step.ts';
import { makeDisk } from './disk.ts';
import { DISK_MODULES, makeInitrd, unpackBusybox } from './initrd.ts';

/** What the tiny system needs, in the closure of which its kernel is. */
export const TINY_PACKAGES = ['busybox-static', 'linux-image-cloud-amd64'];

const UUID = '7e57ed00-7159-4d17-8000-000000000001';
const NETWORK_MODULES = ['kernel/drivers/net/virtio_net.ko', 'kernel/net/packet/af_packet.ko'];

/** Makes a bootable disk with a kernel and busybox that calls home like the Debian image does, gzipped: for tests. */
export async function makeTiny(debs: readonly string[], out: string): Promise<void> {
  const kernel = await unpackKernel(debs);
  const work = join(CACHE, 'tiny');
  const root = join(work, 'root');
  await rm(work, { recursive: true, force: true });
  for (const name of ['usr/bin', 'usr/sbin', 'boot/grub', 'proc', 'sys', 'dev', 'run', 'tmp', 'etc/tinsmith', 'root']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await shell('ln -s usr/bin usr/sbin "$1"', [root]);
  await unpackBusybox(debs, join(root, 'usr/bin/busybox'));
  await linkBusybox(root);
  await rm(join(root, 'usr/sbin/init'), { force: true });
  const assets = join(REPOSITORY, 'assets/image');
  await copyFile(join(assets, 'tiny-init'), join(root, 'usr/sbin/init'));
  await copyFile(join(assets, 'tiny-dhcp-event'), join(root, 'usr/sbin/dhcp-event'));
  for (const name of ['init', 'dhcp-event']) await chmod(join(root, 'usr/sbin', name), 0o755);

  const modules = [...DISK_MODULES, ...NETWORK_MODULES];
  await makeInitrd({ kernel, modules, work: join(work, 'initrd'), debs, out: join(root, 'initrd.img') });
  await copyFile(kernel.vmlinuz, join(root, 'vmlinuz'));
  const grub = `linux /vmlinuz root=UUID=${UUID} console=tty0 console=ttyS0,115200 quiet panic=10 cryptomgr.notests\ninitrd /initrd.img\nboot\n`;
  await writeFile(join(root, 'boot/grub/grub.cfg'), grub);

  const disk = join(work, 'tiny.img');
  await makeDisk({ root, rootMiB: 36, uuid: UUID, out: disk });
  await shell('gzip -6n <"$1" >"$2"', [disk, `${out}.new`]);
  await rename(`${out}.new`, out);
  await rm(work, { recursive: true });
}
