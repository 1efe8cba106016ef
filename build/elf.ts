import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Names of the shared libraries a 64-bit little-endian ELF file asks for (DT_NEEDED, in the file's order);
 * empty for a static program, `undefined` for a file that is not ELF. Layout: System V ABI, chapters 4 and 5.
 */
export function neededLibraries(path: string): string[] | undefined {
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length);
      const got = readSync(file, buffer, 0, length, offset);
      return buffer.subarray(0, got);
    };
    const header = read(0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2) return undefined;
    const segments = programHeaders(header, read);
    const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
    if (dynamic === undefined) return [];
    return namesIn(read(dynamic.offset, dynamic.size), segments, read);
  } finally {
    closeSync(file);
  }
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

type Read = (offset: number, length: number) => Buffer;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;

function programHeaders(header: Buffer, read: Read): Segment[] {
  const start = Number(header.readBigUInt64LE(32));
  const entry = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = read(start, entry * count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * entry;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

function namesIn(dynamic: Buffer, segments: readonly Segment[], read: Read): string[] {
  const needed: number[] = [];
  let strings = 0;
  let size = 0;
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = Number(dynamic.readBigInt64LE(at));
    const value = Number(dynamic.readBigUInt64LE(at + 8));
    if (tag === DT_NEEDED) needed.push(value);
    if (tag === DT_STRTAB) strings = value;
    if (tag === DT_STRSZ) size = value;
  }
  // DT_STRTAB is an address; the loadable segment around it tells where that lies in the file.
  const home = segments.find(
    (each) => each.type === PT_LOAD && strings >= each.address && strings < each.address + each.size,
  );
  if (home === undefined) return [];
  const table = read(strings - home.address + home.offset, size);
  return needed.map((start) => table.toString('latin1', start, table.indexOf(0, start)));
}
