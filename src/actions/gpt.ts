/**
 * The GUID partition table (UEFI specification, 5.3). Its second copy belongs into the last sectors of the disk. An
 * image is smaller than the disk it is written to, so its second copy ends up in the middle: firmware and tools complain,
 * and the rest of the disk cannot be partitioned. Everything here is pure.
 */
import { crc32 } from 'node:zlib';

const SIGNATURE = 'EFI PART';
const HEADER_MIN = 92;
/** More entries than the usual 128 exist; more than this is damage. */
const ENTRIES_BYTES_MAX = 4 * 1024 * 1024;

/** A header's fields, in sectors of the disk; `bytes` is the header itself. */
export type GptHeader = {
  bytes: Buffer;
  current: number;
  backup: number;
  firstUsable: number;
  lastUsable: number;
  entries: number;
  entriesBytes: number;
  entriesCrc: number;
};

/** Reads a header from its sector; undefined where there is none, or one whose checksum is wrong. */
export function parseGptHeader(sector: Buffer): GptHeader | undefined {
  if (sector.length < HEADER_MIN || sector.toString('latin1', 0, 8) !== SIGNATURE) return undefined;
  const size = sector.readUInt32LE(12);
  if (size < HEADER_MIN || size > sector.length) return undefined;
  const bytes = Buffer.from(sector.subarray(0, size));
  const stated = bytes.readUInt32LE(16);
  bytes.writeUInt32LE(0, 16);
  if (crc32(bytes) !== stated) return undefined;
  const entriesBytes = bytes.readUInt32LE(80) * bytes.readUInt32LE(84);
  if (entriesBytes === 0 || entriesBytes > ENTRIES_BYTES_MAX) return undefined;
  return {
    bytes,
    current: Number(bytes.readBigUInt64LE(24)),
    backup: Number(bytes.readBigUInt64LE(32)),
    firstUsable: Number(bytes.readBigUInt64LE(40)),
    lastUsable: Number(bytes.readBigUInt64LE(48)),
    entries: Number(bytes.readBigUInt64LE(72)),
    entriesBytes,
    entriesCrc: bytes.readUInt32LE(88),
  };
}

/** The header's sector with these places in it, and a checksum that fits. */
function headerSector(
  header: GptHeader,
  places: { current: number; backup: number; lastUsable: number; entries: number },
  sectorSize: number,
): Buffer {
  const sector = Buffer.alloc(sectorSize);
  header.bytes.copy(sector);
  sector.writeBigUInt64LE(BigInt(places.current), 24);
  sector.writeBigUInt64LE(BigInt(places.backup), 32);
  sector.writeBigUInt64LE(BigInt(places.lastUsable), 48);
  sector.writeBigUInt64LE(BigInt(places.entries), 72);
  sector.writeUInt32LE(0, 16);
  sector.writeUInt32LE(crc32(sector.subarray(0, header.bytes.length)), 16);
  return sector;
}

/** The protective MBR with its one partition as large as the disk (UEFI specification, 5.2.3); undefined where it needs no change. */
function protectiveMbr(mbr: Buffer, sectors: number): Buffer | undefined {
  const changed = Buffer.from(mbr);
  for (let at = 446; at < 510; at += 16) {
    if (mbr[at + 4] === 0xee && mbr.readUInt32LE(at + 8) === 1) {
      changed.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), at + 12);
    }
  }
  return changed.equals(mbr) ? undefined : changed;
}

/** Something to write: where (bytes from the disk's beginning) and what. */
export type Patch = { position: number; bytes: Buffer };

/**
 * What must be written to move the second copy to the end of the disk, in an order in which one valid copy always
 * exists; or why nothing must. `mbr` and `header` are the disk's first two sectors, `entries` the partition entries as
 * the header places them, `sectors` the number of sectors of the whole disk.
 */
export function moveBackupGpt(disk: {
  mbr: Buffer;
  header: GptHeader;
  entries: Buffer;
  sectors: number;
  sectorSize: number;
}): { patches: Patch[] } | { refused: string } {
  const { mbr, header, entries, sectors, sectorSize } = disk;
  if (header.current !== 1) return { refused: 'its header says that it belongs elsewhere' };
  if (crc32(entries) !== header.entriesCrc) return { refused: 'the checksum of its entries is wrong' };
  const last = sectors - 1;
  if (header.backup === last) return { patches: [] };
  if (header.backup > last) return { refused: `it is made for a larger disk (${header.backup + 1} sectors)` };
  const entriesSectors = Math.ceil(header.entriesBytes / sectorSize);
  const lastUsable = last - entriesSectors - 1;
  if (lastUsable < header.lastUsable) return { refused: 'its second copy would cover a partition at the end' };

  const backupEntries = Buffer.alloc(entriesSectors * sectorSize);
  entries.copy(backupEntries);
  const backup = headerSector(header, { current: last, backup: 1, lastUsable, entries: lastUsable + 1 }, sectorSize);
  const primary = headerSector(header, { current: 1, backup: last, lastUsable, entries: header.entries }, sectorSize);
  const protective = protectiveMbr(mbr, sectors);
  const patches: Patch[] = [
    { position: (lastUsable + 1) * sectorSize, bytes: backupEntries },
    { position: last * sectorSize, bytes: backup },
    { position: sectorSize, bytes: primary },
    ...(protective === undefined ? [] : [{ position: 0, bytes: protective }]),
  ];
  // The old second copy lies in usable space now, where a tool that searches for one would take it for true.
  if (header.backup > header.lastUsable && header.backup <= lastUsable) {
    patches.push({ position: header.backup * sectorSize, bytes: Buffer.alloc(sectorSize) });
  }
  return { patches };
}
