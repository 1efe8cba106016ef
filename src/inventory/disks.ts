/** Disks that could hold a system: no loops, memory, layers over disks, optical and floppy drives, or empty card readers. */
import { type Disk, LIST_MAX, plainText } from './inventory.ts';
import type { Tree } from './tree.ts';

/** Kernel documentation, block/stat.rst: sectors are of 512 bytes whatever the disk's are. */
const SECTOR = 512;
/** The boot areas of eMMC, and the paths of a multipath NVMe disk, are none either. */
const NO_DISK = /^(?:loop|ram|zram|sr|scd|fd|dm-|md|nbd|mtd|zd|drbd|rbd)|^mmcblk\d+(?:boot|rpmb|gp)|^nvme\d+c\d+n\d+/;

export async function readDisks(tree: Tree): Promise<Disk[]> {
  const names = (await tree.names('sys/block')).filter((name) => !NO_DISK.test(name)).slice(0, LIST_MAX);
  const found = await Promise.all(names.map((name) => readDisk(tree, name)));
  return found.filter((disk) => disk !== undefined);
}

async function readDisk(tree: Tree, name: string): Promise<Disk | undefined> {
  const at = `sys/block/${name}`;
  const size = ((await tree.number(`${at}/size`)) ?? 0) * SECTOR;
  if (size === 0 || !Number.isSafeInteger(size) || (await tree.text(`${at}/hidden`)) === '1') return undefined;
  const vendor = await tree.text(`${at}/device/vendor`);
  const logicalSector = await sector(tree, `${at}/queue/logical_block_size`);
  return {
    name,
    size,
    model: await model(tree, at, vendor),
    serial: await serial(tree, at),
    wwn: await worldWideName(tree, at),
    rotational: (await tree.text(`${at}/queue/rotational`)) === '1',
    transport: transport(name, vendor, (await tree.real(`${at}/device`)) ?? ''),
    removable: (await tree.text(`${at}/removable`)) === '1',
    logicalSector: logicalSector ?? SECTOR,
    physicalSector: (await sector(tree, `${at}/queue/physical_block_size`)) ?? logicalSector ?? SECTOR,
  };
}

async function sector(tree: Tree, path: string): Promise<number | undefined> {
  const bytes = await tree.number(path);
  return bytes !== undefined && bytes <= 1 << 20 ? bytes : undefined;
}

/** SCSI's own field for it has 16 characters, and the names of SATA disks are longer. */
async function model(tree: Tree, at: string, vendor: string | undefined): Promise<string | undefined> {
  const ata = await tree.bytes(`${at}/device/vpd_pg89`);
  const whole = ata && ataModel(ata);
  if (whole !== undefined) return whole;
  const named = (await tree.text(`${at}/device/model`)) ?? (await tree.text(`${at}/device/name`));
  // A virtio disk has its PCI vendor there, an ATA disk has `ATA`; neither is a maker's name.
  const maker = vendor === undefined || vendor === 'ATA' || /^0x/.test(vendor) ? undefined : vendor;
  return plainText([maker, named].filter(Boolean).join(' '));
}

/** From page 0x89: IDENTIFY DEVICE at byte 60 (SAT-3, section 12.4.2), whose words 27 to 46 are the model (ACS-3, 7.12.7). */
function ataModel(page: Buffer): string | undefined {
  const [from, to] = [60 + 27 * 2, 60 + 47 * 2];
  if (page.length < to) return undefined;
  // The characters of each word are the wrong way round.
  return plainText(Buffer.from(page.subarray(from, to)).swap16().toString('latin1'));
}

async function serial(tree: Tree, at: string): Promise<string | undefined> {
  const written = (await tree.text(`${at}/device/serial`)) ?? (await tree.text(`${at}/serial`));
  if (written !== undefined) return written;
  // SPC-4, section 7.8.14: four bytes of header, the length in the last two of them.
  const page = await tree.bytes(`${at}/device/vpd_pg80`);
  if (page === undefined || page.length < 4) return undefined;
  return plainText(page.toString('latin1', 4, 4 + page.readUInt16BE(2)));
}

async function worldWideName(tree: Tree, at: string): Promise<string | undefined> {
  const name = (await tree.text(`${at}/wwid`)) ?? (await tree.text(`${at}/device/wwid`));
  // The kernel makes names of model and serial where a disk has none: `t10.ATA …`, `nvme.144d-…`.
  return name !== undefined && /^(?:naa|eui|uuid)\./.test(name) ? name : undefined;
}

function transport(name: string, vendor: string | undefined, real: string): Disk['transport'] {
  if (name.startsWith('nvme')) return 'nvme';
  if (name.startsWith('mmcblk')) return 'mmc';
  if (name.startsWith('vd')) return 'virtio';
  if (/\/usb\d+\//.test(real)) return 'usb';
  if (!name.startsWith('sd')) return 'other';
  // Behind a SAS controller there is no ata port, but its disk says that it is one.
  return vendor === 'ATA' || /\/ata\d+\//.test(real) ? 'sata' : 'scsi';
}
