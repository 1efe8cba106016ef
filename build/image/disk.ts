import { mkdtemp, open, readFile, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, shell } from '../command.ts';
import { makeGrub } from '../grub.ts';

/** A bootable disk to make: a root folder with `/vmlinuz`, `/initrd.img` and `/boot/grub/grub.cfg`, and how large its file system is. */
export interface Disk {
  root: string;
  rootMiB: number;
  /** UUID of the root file system. */
  uuid: string;
  out: string;
}

const MIB = 1024 * 1024;
const SECTOR = 512;
/** Partitions are numbered as in Debian's cloud images: root is 1, so that workflows write to `/dev/vda1`. */
const BIOS_MIB = 1;
const ESP_MIB = 4;
const ROOT_START_MIB = 1 + BIOS_MIB + ESP_MIB;

const COMMON_MODULES = ['part_gpt', 'ext2', 'search', 'search_fs_uuid', 'linux', 'boot', 'normal', 'echo', 'test'];

/**
 * Makes a raw disk that BIOS and UEFI firmware can start, without loop devices: GPT, GRUB's core in a BIOS boot
 * partition, the same GRUB as the fallback loader on the EFI system partition, and an ext4 root.
 */
export async function makeDisk({ root, rootMiB, uuid, out }: Disk): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'disk-'));
  try {
    const config = `search --no-floppy --fs-uuid --set=root ${uuid}\nset prefix=($root)/boot/grub\n`;
    const core = join(work, 'core.img');
    const loader = join(work, 'BOOTX64.EFI');
    await makeGrub({ platform: 'i386-pc', modules: [...COMMON_MODULES, 'biosdisk'], config, out: core });
    await makeGrub({ platform: 'x86_64-efi', modules: [...COMMON_MODULES, 'fat', 'efi_gop'], config, out: loader });
    const esp = join(work, 'esp.img');
    await makeEsp(esp, loader);
    const half = `${out}.new`;
    await rm(half, { force: true });
    await truncateNew(half, (ROOT_START_MIB + rootMiB + 1) * MIB);
    const features = '^orphan_file,^metadata_csum_seed'; // GRUB 2.06 reads neither
    const layout = `offset=${ROOT_START_MIB * MIB},root_owner=0:0,lazy_itable_init=1`;
    const ext4 = `-q -F -t ext4 -b 4096 -O ${features} -U ${uuid} -L root -m 1 -J size=8 -E ${layout}`.split(' ');
    await run('mke2fs', [...ext4, '-d', root, half, `${rootMiB}M`]);
    await partition(half, rootMiB, uuid);
    await install(half, await readFile(core), await readFile(esp));
    await rename(half, out);
  } finally {
    await rm(work, { recursive: true });
  }
}

async function truncateNew(path: string, size: number): Promise<void> {
  await (await open(path, 'w')).close();
  await truncate(path, size);
}

async function makeEsp(esp: string, loader: string): Promise<void> {
  await truncateNew(esp, ESP_MIB * MIB);
  await run('mkfs.vfat', ['-n', 'ESP', '-i', '7ea1b007', esp]);
  await run('mmd', ['-i', esp, '::/EFI', '::/EFI/BOOT']);
  await run('mcopy', ['-i', esp, loader, '::/EFI/BOOT/BOOTX64.EFI']);
}

async function partition(disk: string, rootMiB: number, uuid: string): Promise<void> {
  const bios = '21686148-6449-6E6F-744E-656564454649';
  // Fixed, like the file system's.
  const id = (number: number) => `uuid=${uuid.slice(0, -2)}${10 + number}`;
  const sectors = (mib: number) => mib * (MIB / SECTOR);
  const lines = [
    'label: gpt',
    `label-id: ${uuid}`,
    `1 : start=${sectors(ROOT_START_MIB)}, size=${rootMiB}MiB, type=linux, name=root, ${id(1)}`,
    `14 : start=${sectors(1)}, size=${BIOS_MIB}MiB, type=${bios}, name=bios, ${id(14)}`,
    `15 : start=${sectors(1 + BIOS_MIB)}, size=${ESP_MIB}MiB, type=uefi, name=esp, ${id(15)}`,
  ];
  await shell('printf "$2" | sfdisk -q "$1"', [disk, lines.map((line) => `${line}\\n`).join('')]);
}

/**
 * Writes the ESP, and what grub-bios-setup would write: the boot sector with the core's first sector number, and in the
 * core's first sector where the rest lies (offsets: GRUB's include/grub/i386/pc/boot.h).
 */
async function install(disk: string, core: Buffer, esp: Buffer): Promise<void> {
  const coreSector = MIB / SECTOR;
  const boot = await readFile('/usr/lib/grub/i386-pc/boot.img');
  boot.writeBigUInt64LE(BigInt(coreSector), 0x5c);
  boot.writeUInt16LE(0x9090, 0x66); // no jump: some BIOSes name the drive wrongly
  core.writeBigUInt64LE(BigInt(coreSector + 1), SECTOR - 12);
  core.writeUInt16LE(Math.ceil(core.length / SECTOR) - 1, SECTOR - 4);
  core.writeUInt16LE(0x820, SECTOR - 2);
  const file = await open(disk, 'r+');
  try {
    await file.write(boot, 0, 440, 0);
    await file.write(core, 0, core.length, MIB);
    await file.write(esp, 0, esp.length, (1 + BIOS_MIB) * MIB);
  } finally {
    await file.close();
  }
}
