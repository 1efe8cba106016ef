/** System use entries (SUSP, IEEE P1281) and those of Rock Ridge among them (RRIP, IEEE P1282). Pure. */
import { IsoFault, type Reading } from './reading.ts';

interface SystemUse {
  /** Two letters. */
  kind: string;
  /** What is behind signature, length and version. */
  data: Buffer;
}

/** What Rock Ridge says of a file; undefined: nothing. */
export interface RockRidge {
  name?: string | undefined;
  /** Of a symbolic link: where it leads. */
  target?: string | undefined;
  /** POSIX file mode. */
  mode?: number | undefined;
  /** Block of the directory that this stands for, which lies elsewhere because it would be too deep. */
  child?: number | undefined;
  /** Its directory is shown in another place. */
  relocated: boolean;
  /** It is compressed (zisofs). */
  compressed: boolean;
}

/** Areas that one record's entries go on in. Some writers use one for each long link. */
const CONTINUATIONS_MAX = 32;
/** Bytes of a name, and of what a link leads to, in Linux. */
const NAME_MAX = 255;
const TARGET_MAX = 4095;

/** The entries of one area, as far as they are well formed. */
export function systemUseOf(area: Buffer): SystemUse[] {
  const found: SystemUse[] = [];
  for (let at = 0; at + 4 <= area.length; ) {
    const length = area[at + 2] ?? 0;
    if (length < 4 || at + length > area.length) break;
    const kind = area.toString('latin1', at, at + 2);
    if (kind === 'ST') break;
    found.push({ kind, data: area.subarray(at + 4, at + length) });
    at += length;
  }
  return found;
}

/** What may still be read of the areas that the entries of one directory go on in, bytes. */
export interface Continuations {
  left: number;
}

/**
 * Reads what Rock Ridge says of one file.
 * @param area the system use area of its directory record
 * @throws IsoFault where its entries go on without an end, or outside of the image
 */
export function* readRockRidge(
  area: Buffer,
  volume: { blockSize: number; fileSize: number },
  continuations: Continuations,
): Reading<RockRidge> {
  const about: RockRidge = { relocated: false, compressed: false };
  const link = new Target();
  const name: Buffer[] = [];
  let areas = 0;
  for (let next: Buffer | undefined = area; next !== undefined; ) {
    let goesOn: Buffer | undefined;
    for (const { kind, data } of systemUseOf(next)) {
      switch (kind) {
        case 'NM':
          // "." and ".." by flags: the record's own name says that too.
          if (((data[0] ?? 0) & 0b110) === 0) name.push(data.subarray(1));
          break;
        case 'SL':
          link.add(data.subarray(1));
          break;
        case 'PX':
          if (data.length >= 4) about.mode = data.readUInt32LE(0);
          break;
        case 'CL':
          if (data.length >= 4) about.child = data.readUInt32LE(0);
          break;
        case 'RE':
          about.relocated = true;
          break;
        case 'ZF':
          about.compressed = true;
          break;
        case 'CE':
          goesOn = data;
          break;
      }
    }
    next = undefined;
    if (goesOn === undefined) break;
    if (++areas > CONTINUATIONS_MAX || continuations.left <= 0 || goesOn.length < 20)
      throw new IsoFault('is damaged: the Rock Ridge entries of a file go on without an end');
    const position = goesOn.readUInt32LE(0) * volume.blockSize + goesOn.readUInt32LE(8);
    const length = goesOn.readUInt32LE(16);
    if (length > volume.blockSize || position + length > volume.fileSize)
      throw new IsoFault(`is damaged: the Rock Ridge entries of a file go on at byte ${position}, which is not there`);
    continuations.left -= length;
    next = yield { position, length };
  }
  // Writers split names at any byte, also within a character; Linux takes a NUL for their end.
  const whole = Buffer.concat(name);
  const nul = whole.indexOf(0);
  const bytes = nul === -1 ? whole : whole.subarray(0, nul);
  if (bytes.length > NAME_MAX) throw new IsoFault('is damaged: a file has a name of more than 255 bytes');
  return { ...about, name: whole.length === 0 ? undefined : bytes.toString('utf8'), target: link.text };
}

const HERE = Buffer.from('.');
const UP = Buffer.from('..');
const ROOT = Buffer.alloc(0);

/** A link's target, put together of its components, each of which may go on in the next entry. */
class Target {
  #parts: Buffer[] = [];
  #goesOn = false;
  #isThere = false;

  add(components: Buffer): void {
    this.#isThere = true;
    for (let at = 0; at + 2 <= components.length; ) {
      const flags = components[at] ?? 0;
      const length = components[at + 1] ?? 0;
      this.#component(flags, components.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }

  #component(flags: number, text: Buffer): void {
    const part = flags & 0b10 ? HERE : flags & 0b100 ? UP : flags & 0b1000 ? ROOT : text;
    const last = this.#parts.at(-1);
    if (this.#goesOn && last !== undefined) this.#parts.splice(-1, 1, Buffer.concat([last, part]));
    else this.#parts.push(part);
    this.#goesOn = (flags & 1) !== 0;
  }

  /** @throws IsoFault for what is longer than a path can be */
  get text(): string | undefined {
    if (!this.#isThere) return undefined;
    // The root alone is a component without text: what follows it stands behind a slash.
    if (this.#parts.length === 1 && this.#parts[0]?.length === 0) return '/';
    const bytes = this.#parts.reduce((sum, { length }) => sum + length + 1, -1);
    if (bytes > TARGET_MAX) throw new IsoFault('is damaged: a link leads to an endless path');
    return this.#parts.map(String).join('/');
  }
}
