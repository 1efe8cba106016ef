/** Directories of an ISO image (ECMA-119 section 9.1), with the names of whichever tree is read. Pure. */
import { isUtf8 } from 'node:buffer';
import { IsoFault, READ_MAX, type Reading } from './reading.ts';
import { type Continuations, type RockRidge, readRockRidge } from './system-use.ts';
import type { Place, Volume } from './volume.ts';

/** What a directory has under a name. */
export type Entry =
  | { kind: 'file' /** Its bytes, in order; large files have several places. */; places: Place[] }
  | { kind: 'directory'; place: Place }
  | { kind: 'link'; target: string }
  | { kind: 'unusable' /** Why: the sentence goes on behind "it ". */; why: string };

/** The files of a directory by name, without itself and its parent. */
export type Directory = ReadonlyMap<string, Entry>;

/** ECMA-119 9.1.6 */
const FLAG = { directory: 0x02, associated: 0x04, more: 0x80 } as const;
const RECORD_MIN = 34;
/** POSIX file types (stat.h). */
const TYPE = { mask: 0o170000, link: 0o120000, regular: 0o100000, directory: 0o040000 } as const;

const UNNAMED: RockRidge = { relocated: false, compressed: false };

/**
 * Of what the entries of a directory go on in, so many times its own size is read, and so much more: a writer gives a long
 * link an area of its own. Else few bytes that many records lead to would take minutes.
 */
const CONTINUED = { times: 8, more: 1 << 20 } as const;

/**
 * Reads a directory.
 * @throws IsoFault for one that lies outside of the image, is too large, or is damaged
 */
export function* readDirectory(volume: Volume, { position, length }: Place): Reading<Directory> {
  if (length > READ_MAX) throw new IsoFault(`is damaged: it has a directory of ${length} bytes`);
  if (position + length > volume.fileSize) throw new IsoFault(`is cut short: it has a directory at byte ${position}`);
  const bytes = yield { position, length };
  const found = new Map<string, Entry>();
  const continuations: Continuations = { left: CONTINUED.times * length + CONTINUED.more };
  /** The file that the next record goes on with. */
  let open: { id: string; places: Place[] } | undefined;
  for (let at = 0; at + RECORD_MIN <= bytes.length; ) {
    const size = bytes[at] ?? 0;
    if (size === 0) {
      // Records do not cross blocks; what is left of one is zero.
      at = (Math.floor(at / volume.blockSize) + 1) * volume.blockSize;
      continue;
    }
    const nameLength = bytes[at + 32] ?? 0;
    if (size < 33 + nameLength || at + size > bytes.length)
      throw new IsoFault(`is damaged: its directory at byte ${position} has a bad record at byte ${at}`);
    const record = bytes.subarray(at, at + size);
    at += size;
    const flags = record[25] ?? 0;
    const id = record.subarray(33, 33 + nameLength);
    // A name of one byte, 0 or 1, is the directory itself and its parent.
    if ((nameLength === 1 && (id[0] ?? 0) < 2) || flags & FLAG.associated) continue;
    const place = {
      position: (record.readUInt32LE(2) + (record[1] ?? 0)) * volume.blockSize,
      length: record.readUInt32LE(10),
    };
    const key = id.toString('latin1');
    if (open?.id === key) {
      open.places.push(place);
      if (!(flags & FLAG.more)) open = undefined;
      continue;
    }
    open = undefined;
    const about = yield* aboutRecord(record, volume, continuations);
    if (continuations.left <= 0)
      throw new IsoFault(
        `is damaged: the Rock Ridge entries of its directory at byte ${position} go on without an end`,
      );
    if ('why' in about) {
      found.set(nameOf(id, volume.names), { kind: 'unusable', why: about.why });
      continue;
    }
    if (about.relocated) continue;
    const name = about.name ?? nameOf(id, volume.names);
    // Nobody can ask for it; the others are as good as ever.
    if (NO_NAMES.includes(name) || /[/\0]/.test(name)) continue;
    const entry = yield* entryOf(volume, place, { flags, interleaved: record[26] !== 0 || record[27] !== 0 }, about);
    if (entry.kind === 'file' && flags & FLAG.more) open = { id: key, places: entry.places };
    // Of two with one name the first counts.
    if (!found.has(name)) found.set(name, entry);
  }
  return found;
}

/** What Rock Ridge says of a file, or why that cannot be read: then it is known by the name of ISO 9660 alone. */
function* aboutRecord(
  record: Buffer,
  volume: Volume,
  continuations: Continuations,
): Reading<RockRidge | { why: string }> {
  if (volume.names !== 'rock-ridge') return UNNAMED;
  try {
    return yield* readRockRidge(systemUseArea(record, volume), volume, continuations);
  } catch (error) {
    if (error instanceof IsoFault) return { why: error.message };
    throw error;
  }
}

function* entryOf(
  volume: Volume,
  place: Place,
  { flags, interleaved }: { flags: number; interleaved: boolean },
  { mode = 0, target, child, compressed }: RockRidge,
): Reading<Entry> {
  if (child !== undefined) return { kind: 'directory', place: yield* placeOfSelf(volume, child) };
  if (target !== undefined) return { kind: 'link', target };
  if (flags & FLAG.directory) return { kind: 'directory', place };
  if (interleaved) return { kind: 'unusable', why: 'is interleaved with another' };
  if (compressed) return { kind: 'unusable', why: 'is compressed (zisofs)' };
  const type = mode & TYPE.mask;
  if (type !== 0 && type !== TYPE.regular) return { kind: 'unusable', why: 'is neither a file nor a directory' };
  return { kind: 'file', places: [place] };
}

/** A relocated directory says itself, in its first record, how large it is. */
function* placeOfSelf(volume: Volume, block: number): Reading<Place> {
  const position = block * volume.blockSize;
  if (position + RECORD_MIN > volume.fileSize)
    throw new IsoFault(`is cut short: it has a directory at byte ${position}`);
  const self = yield { position, length: RECORD_MIN };
  return { position, length: self.readUInt32LE(10) };
}

/** Behind the name, which is padded to an even offset. */
function systemUseArea(record: Buffer, { skip }: Volume): Buffer {
  const nameLength = record[32] ?? 0;
  return record.subarray(33 + nameLength + 1 - (nameLength % 2) + skip);
}

/** No file is called so. */
const NO_NAMES: readonly string[] = ['', '.', '..'];

function nameOf(id: Buffer, names: Volume['names']): string {
  if (names === 'joliet') {
    const even = Buffer.from(id.subarray(0, id.length - (id.length % 2)));
    return even.swap16().toString('utf16le').replace(/;\d+$/, '');
  }
  const text = (isUtf8(id) ? id.toString('utf8') : id.toString('latin1')).replace(/;\d+$/, '');
  const bare = text.replace(/\.$/, '');
  return NO_NAMES.includes(bare) ? text : bare;
}
