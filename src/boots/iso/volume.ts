/** Volume descriptors of ISO 9660 (ECMA-119 section 8), and which of the trees of an image has the best names. Pure. */
import { IsoFault, type Reading } from './reading.ts';
import { systemUseOf } from './system-use.ts';

/** Where a directory is: position and length in bytes. */
export interface Place {
  position: number;
  length: number;
}

/** A volume, and the tree that is read of it. */
export interface Volume {
  label: string;
  /** Bytes of a logical block. */
  blockSize: number;
  /** Bytes that the volume says it has. */
  size: number;
  /** Bytes of the image. */
  fileSize: number;
  root: Place;
  /** By which names files are known: those of POSIX, those of Joliet, or the capitals of ISO 9660 itself. */
  names: 'rock-ridge' | 'joliet' | 'plain';
  /** With Rock Ridge: bytes in front of the system use entries (SUSP, LEN_SKP). */
  skip: number;
  /** It has a boot catalogue (El Torito). */
  bootable: boolean;
  /** It has a UDF file system too, in which there may be other files. That is not read. */
  udf: boolean;
}

const SECTOR = 2048;
const FIRST_SECTOR = 16;
/** Descriptors looked at, those of UDF behind them included. */
const DESCRIPTORS_MAX = 32;
/** Writers put up to 150 sectors of padding behind a volume, and some images are passed on without it. */
const PADDING = 150 * SECTOR;
/** Escape sequences of Joliet, levels 1 to 3. */
const JOLIET = ['%/@', '%/C', '%/E'];

/**
 * Reads what an image says of itself.
 * @param fileSize bytes of the image
 * @throws IsoFault where it is no ISO image, or one that cannot be read
 */
export function* readVolume(fileSize: number): Reading<Volume> {
  let primary: Buffer | undefined;
  let joliet: Buffer | undefined;
  const found = { bootable: false, udf: false };
  for (let sector = FIRST_SECTOR; sector < FIRST_SECTOR + DESCRIPTORS_MAX; sector++) {
    if ((sector + 1) * SECTOR > fileSize) break;
    const descriptor = yield { position: sector * SECTOR, length: SECTOR };
    const id = descriptor.toString('latin1', 1, 6);
    if (id === 'NSR02' || id === 'NSR03') found.udf = true;
    if (id === 'BEA01' || id === 'TEA01' || id.startsWith('NSR')) continue;
    if (id !== 'CD001') break;
    switch (descriptor[0]) {
      case 0:
        found.bootable ||= descriptor.toString('latin1', 7, 30) === 'EL TORITO SPECIFICATION';
        break;
      case 1:
        primary ??= descriptor;
        break;
      case 2:
        if (JOLIET.includes(descriptor.toString('latin1', 88, 91))) joliet ??= descriptor;
        break;
    }
  }
  if (!primary) {
    const what = found.udf ? 'it is a UDF image without an ISO 9660 file system' : 'it has no volume descriptor';
    throw new IsoFault(`is no ISO 9660 image: ${what}`);
  }
  const plain = volumeOf(primary, fileSize, found);
  if (plain.size > fileSize + PADDING)
    throw new IsoFault(`is cut short: its volume has ${plain.size} bytes, the file ${fileSize}`);
  const skip = yield* rockRidgeSkip(plain);
  if (skip !== undefined) return { ...plain, names: 'rock-ridge', skip };
  return joliet ? { ...volumeOf(joliet, fileSize, found), label: plain.label, names: 'joliet' } : plain;
}

function volumeOf(descriptor: Buffer, fileSize: number, found: Pick<Volume, 'bootable' | 'udf'>): Volume {
  const blockSize = descriptor.readUInt16LE(128);
  if (![512, 1024, 2048].includes(blockSize)) throw new IsoFault(`has logical blocks of ${blockSize} bytes`);
  const root = descriptor.subarray(156, 190);
  const place = {
    position: (root.readUInt32LE(2) + (root[1] ?? 0)) * blockSize,
    length: root.readUInt32LE(10),
  };
  if (place.length === 0 || place.position + place.length > fileSize)
    throw new IsoFault(`has its root directory at byte ${place.position}, beyond its end`);
  return {
    label: descriptor.toString('latin1', 40, 72).replace(/[\0 ]+$/, ''),
    blockSize,
    size: descriptor.readUInt32LE(80) * blockSize,
    fileSize,
    root: place,
    names: 'plain',
    skip: 0,
    ...found,
  };
}

/** The root's own entry says by SP that Rock Ridge is there; Rock Ridge's own mark (ER, RR) is not always. */
function* rockRidgeSkip({ root, blockSize }: Volume): Reading<number | undefined> {
  const block = yield { position: root.position, length: Math.min(blockSize, root.length) };
  const length = block[0] ?? 0;
  const start = 33 + (block[32] ?? 0) + 1 - ((block[32] ?? 0) % 2);
  if (length > block.length || start >= length) return undefined;
  // In images with CD-ROM XA's own data, 14 bytes stand in front.
  for (const skipped of [0, 14]) {
    const [first] = systemUseOf(block.subarray(start + skipped, length));
    if (first?.kind === 'SP' && first.data[0] === 0xbe && first.data[1] === 0xef) return first.data[2] ?? 0;
  }
  return undefined;
}
