/**
 * Whether firmware could boot from a disk, by its first bytes. Pure. BIOS runs the code of sector 0 if it ends in 55 AA;
 * UEFI looks for an EFI system partition in a GUID partition table (UEFI specification 2.10, section 5.3) or, in a table
 * of the MBR kind, for one of type 0xEF (section 5.2).
 */

/** Bytes of a disk's beginning that hold boot sector and partition table, with sectors of 512 or 4096 bytes. */
export const BOOT_BYTES = 64 << 10;

const CODE_BYTES = 440;
const PARTITIONS_AT = 446;
/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B as stored: the first three fields are little-endian. */
const EFI_SYSTEM_PARTITION = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const EFI_SYSTEM_MBR_TYPE = 0xef;

/** What a firmware finds there. */
export function bootableBy(bytes: Buffer): { bios: boolean; uefi: boolean } {
  const signed = bytes.length >= 512 && bytes.readUInt16LE(510) === 0xaa55;
  const bios = signed && bytes.subarray(0, CODE_BYTES).some((byte) => byte !== 0);
  const mbrTypes = signed ? [0, 1, 2, 3].map((index) => bytes[PARTITIONS_AT + 16 * index + 4]) : [];
  return {
    bios,
    uefi: mbrTypes.includes(EFI_SYSTEM_MBR_TYPE) || [512, 4096].some((sector) => hasEfiPartition(bytes, sector)),
  };
}

function hasEfiPartition(bytes: Buffer, sector: number): boolean {
  if (bytes.length < sector + 92 || bytes.toString('latin1', sector, sector + 8) !== 'EFI PART') return false;
  const table = Number(bytes.readBigUInt64LE(sector + 72)) * sector;
  const count = Math.min(bytes.readUInt32LE(sector + 80), 1024);
  const size = bytes.readUInt32LE(sector + 84);
  if (size < 128) return false;
  for (let entry = 0; entry < count; entry += 1) {
    const at = table + entry * size;
    if (at + 16 > bytes.length) return false;
    if (bytes.subarray(at, at + 16).equals(EFI_SYSTEM_PARTITION)) return true;
  }
  return false;
}
