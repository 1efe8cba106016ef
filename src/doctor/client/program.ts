/** What kind of file firmware was given, by its first bytes. Pure. */

export type Program =
  | { kind: 'efi'; machine: string }
  /** `#!ipxe` */
  | { kind: 'ipxe-script' }
  | { kind: 'html' }
  | { kind: 'empty' }
  /** A file system of FAT, or a disk with partitions. */
  | { kind: 'disk' }
  /** A boot program of BIOS has no mark of its own. */
  | { kind: 'other' };

/** How much of a file is enough to tell. */
export const ENOUGH_BYTES = 4096;

/** PE/COFF machine types, as UEFI uses them. */
const MACHINES: Readonly<Record<number, string>> = {
  332: 'x86',
  34404: 'x86-64',
  43620: 'arm64',
  450: 'arm',
  452: 'arm',
  20580: 'riscv64',
  25188: 'loongarch64',
};
/** Offset of the offset of the PE header in a DOS header. */
const PE_OFFSET = 0x3c;
const PE_MAGIC = 'PE\0\0';

export function programOf(head: Buffer): Program {
  if (head.length === 0) return { kind: 'empty' };
  const begin = head.toString('latin1', 0, 512).trimStart();
  if (begin.startsWith('#!ipxe')) return { kind: 'ipxe-script' };
  if (/^<(!doctype html|html)/i.test(begin)) return { kind: 'html' };
  if (head.toString('latin1', 0, 2) === 'MZ' && head.length >= PE_OFFSET + 4) {
    const at = head.readUInt32LE(PE_OFFSET);
    if (at + 6 <= head.length && head.toString('latin1', at, at + 4) === PE_MAGIC) {
      const machine = head.readUInt16LE(at + 4);
      return { kind: 'efi', machine: MACHINES[machine] ?? `machine type 0x${machine.toString(16)}` };
    }
  }
  return isDisk(head) ? { kind: 'disk' } : { kind: 'other' };
}

/** Where the type of a FAT12 or FAT16, or of a FAT32, stands in its first sector. */
const FAT_TYPES = [0x36, 0x52];
/** The four partitions of a master boot record; in front of a GPT, one of them is for all of the disk. */
const PARTITIONS = [446, 462, 478, 494];
const SECTOR_END = 510;

function isDisk(head: Buffer): boolean {
  if (head.length < SECTOR_END + 2 || head.readUInt16BE(SECTOR_END) !== 0x55aa) return false;
  if (FAT_TYPES.some((at) => /^FAT(12|16|32)? /.test(head.toString('latin1', at, at + 8)))) return true;
  // Old kernels end their first sector so too, and have other bytes where partitions are active or not.
  return (
    PARTITIONS.every((at) => head[at] === 0 || head[at] === 0x80) && PARTITIONS.some((at) => (head[at + 4] ?? 0) !== 0)
  );
}

/** In words. */
export function nameOf(program: Program): string {
  switch (program.kind) {
    case 'efi':
      return `an EFI program for ${program.machine}`;
    case 'ipxe-script':
      return 'an iPXE script';
    case 'html':
      return 'a web page';
    case 'empty':
      return 'empty';
    case 'disk':
      return 'an image of a disk';
    case 'other':
      return 'no EFI program and no script';
  }
}
