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

/**
 * Reads what Rock Ridge says of one file.
 * @param area the system use area of its directory record
 * @throws IsoFault where its entries go on without an end, or outside of the image
 */
export function* readRockRidge(area: Buffer, volume: { blockSize: number; fileSize: number }): Reading<RockRidge> {
  const about: RockRidge = { relocated: false, compressed: false };
  const link = new Target();
  let name = '';
  let areas = 0;
  for (let next: Buffer | undefined = area; next !== undefined; ) {
    let goesOn: Buffer | undefined;
    for (const { kind, data } of systemUseOf(next)) {
      switch (kind) {
        case 'NM':
          // "." and ".." by flags: the record's own name says that too.
          if (((data[0] ?? 0) & 0b110) === 0) name += data.toString('utf8', 1);
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
    if (++areas > CONTINUATIONS_MAX || goesOn.length < 20)
      throw new IsoFault('is damaged: the Rock Ridge entries of a file go on without an end');
    const position = goesOn.readUInt32LE(0) * volume.blockSize + goesOn.readUInt32LE(8);
    const length = goesOn.readUInt32LE(16);
    if (length > volume.blockSize || position + length > volume.fileSize)
      throw new IsoFault(`is damaged: the Rock Ridge entries of a file go on at byte ${position}, which is not there`);
    next = yield { position, length };
  }
  if (Buffer.byteLength(name) > NAME_MAX) throw new IsoFault('is damaged: a file has a name of more than 255 bytes');
  return { ...about, name: name === '' ? undefined : name, target: link.text };
}

/** A link's target, put together of its components, each of which may go on in the next entry. */
class Target {
  #parts: string[] = [];
  #goesOn = false;
  #isThere = false;

  add(components: Buffer): void {
    this.#isThere = true;
    for (let at = 0; at + 2 <= components.length; ) {
      const flags = components[at] ?? 0;
      const length = components[at + 1] ?? 0;
      this.#component(flags, components.toString('utf8', at + 2, at + 2 + length));
      at += 2 + length;
    }
  }

  #component(flags: number, text: string): void {
    const part = flags & 0b10 ? '.' : flags & 0b100 ? '..' : flags & 0b1000 ? '' : text;
    const last = this.#parts.length - 1;
    if (this.#goesOn && last >= 0) this.#parts[last] += part;
    else this.#parts.push(part);
    this.#goesOn = (flags & 1) !== 0;
  }

  /** @throws IsoFault for what is longer than a path can be */
  get text(): string | undefined {
    if (!this.#isThere) return undefined;
    // The root alone is a component without text: what follows it stands behind a slash.
    const target = this.#parts.length === 1 && this.#parts[0] === '' ? '/' : this.#parts.join('/');
    if (Buffer.byteLength(target) > TARGET_MAX) throw new IsoFault('is damaged: a link leads to an endless path');
    return target;
  }
}
