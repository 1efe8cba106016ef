/**
 * The archive format of an initramfs, "newc" (Linux: Documentation/driver-api/early-userspace/buffer-format.rst),
 * written around files that stay where they are: only headers and padding are bytes.
 */
import { TinsmithError } from '../../errors.ts';
import { type FileSegment, fileSegment, type Segment, sendingLength } from '../../http/files/index.ts';

/** One file of an archive; `mode` are its permissions, `mtime` in seconds since 1970. */
export type CpioEntry = { name: string; mode: number; mtime: number; content: Segment };

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
/** Alignment of an archive's end: cpio's block, and more than the 4 that UEFI firmware needs between two archives. */
const BLOCK = 512;
/** Sizes are eight hexadecimal digits. */
const SIZE_MAX = 0xffff_ffff;

function zeros(length: number): Segment[] {
  return length === 0 ? [] : [{ kind: 'bytes', bytes: Buffer.alloc(length) }];
}

function padding(length: number, to: number): number {
  return (to - (length % to)) % to;
}

/** The 110 ASCII bytes of a header and the name, padded with NUL to a multiple of 4. */
function header(name: string, ino: number, mode: number, nlink: number, mtime: number, size: number): Segment {
  const encoded = Buffer.from(`${name}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [ino, mode, 0, 0, nlink, mtime, size, 0, 0, 0, 0, encoded.length, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const bytes = Buffer.concat([Buffer.from(`070701${digits}`, 'latin1'), encoded]);
  return { kind: 'bytes', bytes: Buffer.concat([bytes, Buffer.alloc(padding(bytes.length, 4))]) };
}

function parentsOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Neighbouring bytes become one segment, so that a header travels and is written with its padding. */
function joined(segments: Segment[]): Segment[] {
  const out: Segment[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (segment.kind === 'bytes' && last?.kind === 'bytes') {
      out[out.length - 1] = { kind: 'bytes', bytes: Buffer.concat([last.bytes, segment.bytes]) };
    } else out.push(segment);
  }
  return out;
}

/**
 * A newc archive of these files, owned by root, each after the directories (mode 0755) that it lies in, a multiple of
 * 512 bytes long. Names are relative, without `.` and `..`. Throws a TinsmithError (INVALID_INPUT) naming an entry that
 * does not fit the format: a bad name, or 4 GiB and more.
 */
export function cpioSegments(entries: readonly CpioEntry[]): Segment[] {
  const out: Segment[] = [];
  const seen = new Set<string>();
  let ino = 1;
  for (const { name, mode, mtime, content } of entries) {
    const size = sendingLength([content]);
    if (name.includes('\0') || name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw new TinsmithError('INVALID_INPUT', `${JSON.stringify(name)} is no name for a file in an archive.`);
    }
    if (size > SIZE_MAX) {
      throw new TinsmithError(
        'INVALID_INPUT',
        `${name} is too large for an archive (${size} bytes; the most is 4 GiB).`,
      );
    }
    for (const parent of parentsOf(name)) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      out.push(header(parent, ino++, DIRECTORY | 0o755, 2, Math.floor(mtime), 0));
    }
    out.push(header(name, ino++, REGULAR | mode, 1, Math.floor(mtime), size), content, ...zeros(padding(size, 4)));
  }
  out.push(header('TRAILER!!!', 0, 0, 1, 0, 0));
  return joined([...out, ...zeros(padding(sendingLength(out), BLOCK))]);
}

function executableArchive(executable: FileSegment): Segment[] {
  const mtime = executable.mtimeMs / 1000;
  return cpioSegments([{ name: 'usr/bin/tinsmith', mode: 0o755, mtime, content: executable }]);
}

/** An archive with the executable alone, as `usr/bin/tinsmith`. Rejects like {@link fileSegment}. */
export async function workerArchive(executable: string): Promise<Segment[]> {
  return executableArchive(await fileSegment(executable));
}

/**
 * The initramfs that machines boot: the OSIE's, zeros up to a multiple of 512, and the archive with the executable.
 * One response under one name is what both firmwares' iPXE load in every case; two `initrd` lines are not.
 * Rejects like {@link fileSegment}.
 */
export async function osieInitrd(files: { initrd: string; executable: string }): Promise<Segment[]> {
  const [initrd, executable] = await Promise.all([fileSegment(files.initrd), fileSegment(files.executable)]);
  return joined([initrd, ...zeros(padding(initrd.length, BLOCK)), ...executableArchive(executable)]);
}
