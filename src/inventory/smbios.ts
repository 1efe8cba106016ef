/** SMBIOS structures (DSP0134) that are not in /sys/class/dmi: memory modules, and processors by name. Pure. */
import { LIST_MAX, type MemoryModule, plainText } from './inventory.ts';

const PROCESSOR = 4;
const MEMORY_DEVICE = 17;
const END = 127;

interface Structure {
  type: number;
  /** The formatted part, its header too. */
  data: Buffer;
  strings: string[];
}

/** The structures of a table; a damaged one ends it. */
function structures(table: Buffer): Structure[] {
  const found: Structure[] = [];
  for (let at = 0; at + 4 <= table.length; ) {
    const type = table.readUInt8(at);
    const length = table.readUInt8(at + 1);
    // Section 6.1.2: four bytes of header are the least.
    if (length < 4 || at + length > table.length) break;
    // Section 6.1.3: strings end with a NUL each, the last one with another; without strings there are two NULs.
    const end = table.indexOf('\0\0', at + length, 'latin1');
    if (end === -1) break;
    const strings = end === at + length ? [] : table.toString('latin1', at + length, end).split('\0');
    found.push({ type, data: table.subarray(at, at + length), strings });
    if (type === END) break;
    at = end + 2;
  }
  return found;
}

/** The string whose number, from 1, is at an offset. */
function stringAt({ data, strings }: Structure, offset: number): string | undefined {
  const number = offset < data.length ? data.readUInt8(offset) : 0;
  return number === 0 ? undefined : plainText(strings[number - 1]);
}

/** Modules that are in their slots (section 7.18). */
export function memoryModules(table: Buffer): MemoryModule[] {
  return structures(table)
    .filter(({ type }) => type === MEMORY_DEVICE)
    .flatMap((structure) => {
      const size = moduleSize(structure.data);
      if (size === 0 || isPersistent(structure.data)) return [];
      return [
        {
          locator: stringAt(structure, 0x10),
          size,
          manufacturer: stringAt(structure, 0x17),
          part: stringAt(structure, 0x1a),
          serial: stringAt(structure, 0x18),
        },
      ];
    })
    .slice(0, LIST_MAX);
}

/** Memory technology (section 7.18.6, since SMBIOS 3.2): NVDIMMs, which are rather disks. */
function isPersistent(data: Buffer): boolean {
  const technology = data.length > 0x28 ? data.readUInt8(0x28) : 0;
  return technology >= 4 && technology <= 7;
}

/** Bytes of a module; 0: there is none, or nobody knows. */
function moduleSize(data: Buffer): number {
  if (data.length < 0x0e) return 0;
  const size = data.readUInt16LE(0x0c);
  if (size === 0xffff) return 0;
  // Sections 7.18.2 and 7.18.5: from 32 GiB - 1 MiB on, the size is in the extended field, in MiB.
  if (size === 0x7fff) return data.length < 0x20 ? 0 : (data.readUInt32LE(0x1c) & 0x7fff_ffff) * 2 ** 20;
  return (size & 0x8000) === 0 ? size * 2 ** 20 : (size & 0x7fff) * 1024;
}

/** What the first processor calls itself (section 7.5), where /proc/cpuinfo has no name. */
export function processorName(table: Buffer): string | undefined {
  return structures(table)
    .filter(({ type }) => type === PROCESSOR)
    .map((structure) => stringAt(structure, 0x10))
    .find((name) => name !== undefined);
}
