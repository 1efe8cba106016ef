import { chmod, copyFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TinsmithError } from '../../src/errors.ts';
import { run, shell } from '../command.ts';
import { unpackKernel } from '../osie/modules.ts';
import { CACHE, progress, REPOSITORY } from '../step.ts';
import { makeDisk } from './disk.ts';
import { DISK_MODULES, makeInitrd } from './initrd.ts';

const SUITE = 'bookworm';
const UUID = '7e57ed00-7159-4d17-8000-000000000012';
const INCLUDED = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'zstd', 'systemd-sysv', 'udev', 'kmod'],
  ...['iproute2', 'wget', 'ca-certificates', 'nano', 'less'],
];

/** Everything the image is made of, so that it is fetched once: what is included, and what Debian calls essential. */
export const DEBIAN_PACKAGES = [...INCLUDED, 'apt', 'busybox-static', '?essential'];

/** What the initramfs loads to find the root; udev loads the rest later. */
const INITRAMFS_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'nvme', 'sd_mod', 'ext4'];

/** Kernel modules that a virtual machine's disk system has no use for, below the kernel's module folder. */
const UNUSED_MODULES = [
  ...['drivers/gpu', 'drivers/media', 'drivers/infiniband', 'drivers/iio', 'sound', 'drivers/staging', 'drivers/isdn'],
  ...[
    'fs/ocfs2',
    'fs/gfs2',
    'fs/ceph',
    'fs/afs',
    'fs/cifs',
    'fs/ubifs',
    'fs/reiserfs',
    'fs/jfs',
    'fs/f2fs',
    'fs/nilfs2',
  ],
  ...[
    'drivers/target',
    'drivers/net/wireless',
    'net/bluetooth',
    'net/wireless',
    'net/mac80211',
    'net/sctp',
    'net/tipc',
  ],
];

/** Units that only cost time on a machine that was just written from an image, or need packages that are left out. */
const MASKED = [
  ...[
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'e2scrub_reap.service',
  ],
  ...['fstrim.timer', 'systemd-networkd-wait-online.service', 'systemd-pstore.service', 'systemd-logind.service'],
  ...['systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service', 'systemd-sysusers.service'],
  ...['systemd-modules-load.service', 'systemd-network-generator.service', 'systemd-repart.service'],
  ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'sys-fs-fuse-connections.mount'],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'proc-sys-fs-binfmt_misc.automount', 'systemd-binfmt.service'],
  ...['modprobe@drm.service', 'modprobe@fuse.service', 'modprobe@configfs.service', 'modprobe@dm_mod.service'],
  ...['modprobe@loop.service', 'modprobe@efi_pstore.service', 'kmod-static-nodes.service', 'getty-static.service'],
];

/** systemd asks each of these at every start; only fstab's and getty's have an answer here. */
const MASKED_GENERATORS = [
  ...[
    'systemd-bless-boot-generator',
    'systemd-cryptsetup-generator',
    'systemd-debug-generator',
    'systemd-gpt-auto-generator',
  ],
  ...['systemd-hibernate-resume-generator', 'systemd-integritysetup-generator', 'systemd-rc-local-generator'],
  ...[
    'systemd-run-generator',
    'systemd-system-update-generator',
    'systemd-sysv-generator',
    'systemd-veritysetup-generator',
  ],
];

/** Makes a bootable Debian 12 disk, zstd-compressed, that calls home when it is up. */
export async function makeDebian(debs: readonly string[], out: string): Promise<void> {
  const work = join(CACHE, 'debian');
  const root = join(work, 'root');
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'archives'), { recursive: true });
  await shell('archives=$1; shift; cp -l "$@" "$archives" 2>/dev/null || cp "$@" "$archives"', [
    join(work, 'archives'),
    ...debs,
  ]);
  progress('debian-12.img.zst', 'installing packages');
  await bootstrap(root, join(work, 'archives'));
  await configure(root);
  await shrink(root);
  await replaceInitrd(root, work, debs);
  progress('debian-12.img.zst', 'making the disk');
  const used = Number((await run('du', ['-sm', root])).split('\t')[0]);
  const disk = join(work, 'disk.img');
  await makeDisk({ root, rootMiB: Math.ceil(used * 1.08) + 48, uuid: UUID, out: disk });
  await run('zstd', ['-q', '-12', '-T0', '-f', '--no-progress', '-o', `${out}.new`, disk]);
  await rename(`${out}.new`, out);
  await rm(work, { recursive: true });
}

/**
 * Puts a small initramfs in the place of Debian's, which starts udev and takes seconds longer. The next kernel that the
 * installed system gets makes Debian's own again.
 */
async function replaceInitrd(root: string, work: string, debs: readonly string[]): Promise<void> {
  const kernel = await unpackKernel(debs);
  const out = join(root, 'boot', `initrd.img-${kernel.version}`);
  await makeInitrd({ kernel, modules: DISK_MODULES, work: join(work, 'initrd'), debs, out });
}

/** Debian's own archives among those apt is set up with, as sources.list lines; other people's are left out. */
async function sources(): Promise<string[]> {
  const format = '$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(CREATED_BY)';
  const lines = (await run('apt-get', ['indextargets', '--format', format])).split('\n').map((line) => line.split('|'));
  const found = lines.flatMap(([origin, uri, codename, component, creator]) =>
    origin === 'Debian' && creator === 'Packages' && codename?.startsWith(SUITE) === true
      ? [`deb ${uri} ${codename} ${component}`]
      : [],
  );
  if (found.length === 0) {
    throw new TinsmithError('UNAVAILABLE', `apt knows no archive of Debian ${SUITE}`, {
      next: 'Build on Debian 12, with its archive among the sources of apt, and run apt-get update.',
    });
  }
  return [...new Set(found)];
}

async function bootstrap(root: string, archives: string): Promise<void> {
  const excluded = ['doc', 'man', 'info', 'locale', 'lintian', 'bug', 'bash-completion', 'common-licenses'];
  const options = excluded.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  options.push('--aptopt=APT::Install-Recommends "false"');
  const modules = INITRAMFS_MODULES.map((name) => `${name}\\n`).join('');
  // Before the kernel's own script makes the first initramfs: nothing but the disk drivers, zstd, no busybox.
  const conf = 'MODULES=list\\nBUSYBOX=n\\nCOMPRESS=zstd\\nFSTYPE=ext4\\n';
  const initramfs = `mkdir -p "$1/etc/initramfs-tools/conf.d" && printf "${conf}" >"$1/etc/initramfs-tools/conf.d/tinsmith"`;
  await run('mmdebstrap', [
    ...['--quiet', '--mode=root', '--variant=minbase', '--format=directory', `--include=${INCLUDED.join(',')}`],
    ...['--skip=download/empty', '--skip=check/empty', ...options],
    `--setup-hook=mkdir -p "$1/var/cache/apt/archives" && cp ${archives}/*.deb "$1/var/cache/apt/archives/"`,
    `--extract-hook=${initramfs}`,
    `--customize-hook=printf "${modules}" >>"$1/etc/initramfs-tools/modules"; chroot "$1" update-initramfs -u -k all`,
    ...[SUITE, root, ...(await sources())],
  ]);
}

async function configure(root: string): Promise<void> {
  const assets = join(REPOSITORY, 'assets/image');
  const units = join(root, 'etc/systemd/system');
  await mkdir(join(root, 'etc/tinsmith'), { recursive: true });
  await mkdir(join(root, 'boot/grub'), { recursive: true });
  await copyFile(join(assets, 'phone-home'), join(root, 'usr/local/sbin/phone-home'));
  await chmod(join(root, 'usr/local/sbin/phone-home'), 0o755);
  await copyFile(join(assets, 'phone-home.service'), join(units, 'phone-home.service'));
  await copyFile(join(assets, 'ethernet.network'), join(root, 'etc/systemd/network/ethernet.network'));
  for (const unit of MASKED) await symlinkForce('/dev/null', join(units, unit));
  await mkdir(join(root, 'etc/systemd/system-generators'), { recursive: true });
  for (const name of MASKED_GENERATORS)
    await symlinkForce('/dev/null', join(root, 'etc/systemd/system-generators', name));
  await run('systemctl', [`--root=${root}`, '--quiet', 'enable', 'systemd-networkd', 'phone-home']);
  await writeFile(join(root, 'etc/resolv.conf'), '');
  // No check: ext4's journal is enough for a disk that was written whole.
  await writeFile(join(root, 'etc/fstab'), `UUID=${UUID} / ext4 defaults 0 0\n`);
  await writeFile(join(root, 'etc/hostname'), '');
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  await writeFile(join(root, 'etc/machine-id'), ''); // each machine makes its own
  const parameters = `root=UUID=${UUID} rw fsck.mode=skip console=tty0 console=ttyS0,115200 quiet net.ifnames=0 cryptomgr.notests`;
  await writeFile(join(root, 'boot/grub/grub.cfg'), `linux /vmlinuz ${parameters}\ninitrd /initrd.img\nboot\n`);
}

async function symlinkForce(target: string, path: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(target, path);
}

/** Takes out what the installed system can fetch again, or never needs. */
async function shrink(root: string): Promise<void> {
  const modules = join(root, 'usr/lib/modules');
  for (const version of await readdir(modules)) {
    for (const path of UNUSED_MODULES)
      await rm(join(modules, version, 'kernel', path), { recursive: true, force: true });
    await run('depmod', ['-b', root, version]);
  }
  const dropped = [
    'usr/share/perl5',
    'usr/share/gcc',
    'usr/share/pixmaps',
    'var/lib/apt/lists',
    'var/cache',
    'var/log',
  ];
  for (const path of dropped) await rm(join(root, path), { recursive: true, force: true });
  for (const path of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial', 'var/log']) {
    await mkdir(join(root, path), { recursive: true });
  }
}
