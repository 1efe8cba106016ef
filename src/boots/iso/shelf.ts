/** The ISO images that boot environments name: which there are, which are wanted, and whether each is the right one. */
import { messageOf, TinsmithError } from '../../errors.ts';
import { openRooted } from '../../system/rooted.ts';
import type { Checksums } from '../files/index.ts';
import { type InIso, ISOS, IsoImages, inspectIso, isIsoName, type NotInIso } from './images.ts';
import type { Volume } from './volume.ts';

/** An image that a boot environment names. */
export interface IsoNeed {
  environment: string;
  /** Name of the image. */
  iso: string;
  /** SHA-256 that it must have, in hexadecimal digits; empty: any. */
  sha256: string;
  /** Where it is to be had; empty: that is not said. */
  url: string;
}

/** An image of the folder, or one that is missing there. */
export interface Shelved {
  name: string;
  /** Undefined: it is missing. */
  file?: { size: number; modifiedAt: number; sha256: string | undefined };
  volume?: Volume;
  /** Names of the boot environments that are installed from it. */
  environments: string[];
  url: string;
  /** Why it is of no use. */
  problem?: string;
}

export interface ShelfParts {
  /** Directory of the served files. */
  root: string;
  checksums: Checksums;
  /** What all boot environments name now. */
  needs: () => readonly IsoNeed[];
}

export class IsoShelf {
  readonly #parts: ShelfParts;
  readonly #images: IsoImages;
  readonly #verifying = new Map<string, Promise<string | undefined>>();

  constructor(parts: ShelfParts) {
    this.#parts = parts;
    this.#images = new IsoImages(parts.root);
  }

  /** A file of an image; see {@link IsoImages.open}. */
  open(iso: string, path: string): ReturnType<IsoImages['open']> {
    return this.#images.open(iso, path);
  }

  /** A file of an image. Never rejects. */
  find(iso: string, path: string): Promise<InIso | NotInIso> {
    return this.#images.find(iso, path);
  }

  /** A file of an image, for who may not wait. Never throws. */
  findNow(iso: string, path: string): InIso | NotInIso {
    return this.#images.findNow(iso, path);
  }

  /**
   * Why an image is of no use for what it is needed for, for who may not wait: it is missing, is none, or is another one. Where
   * its checksum is not known yet it is taken for the right one, and is read beside; see {@link verify}.
   */
  refusalNow(need: IsoNeed): string | undefined {
    const found = this.#images.lookNow(need.iso);
    if ('refused' in found) return this.#refusal(need, found);
    if (need.sha256 === '') return undefined;
    const sha256 = this.#parts.checksums.knownNow(nameOf(need.iso), found.image);
    if (sha256 === undefined) void this.verify(need);
    return sha256 === undefined ? undefined : mismatch(need, sha256);
  }

  /**
   * The same, for a whole image that is read for it where its checksum is not known: that takes a second for each GB or two.
   * Never rejects.
   */
  verify(need: IsoNeed): Promise<string | undefined> {
    // Thousands of machines may wait for one image.
    const key = `${need.iso}/${need.sha256}/${need.environment}`;
    const under = this.#verifying.get(key) ?? this.#verify(need).finally(() => this.#verifying.delete(key));
    this.#verifying.set(key, under);
    return under;
  }

  async #verify(need: IsoNeed): Promise<string | undefined> {
    const found = this.#images.lookNow(need.iso);
    if ('refused' in found) return this.#refusal(need, found);
    if (need.sha256 === '') return undefined;
    try {
      return mismatch(need, await this.#parts.checksums.of(nameOf(need.iso), found.image.path));
    } catch (error) {
      return `the image ${need.iso} cannot be read: ${messageOf(error)}`;
    }
  }

  #refusal({ iso, url }: IsoNeed, { refused, sentence }: NotInIso): string {
    return refused === 'no-image' ? missing(iso, url) : sentence.replace(/\.$/, '').replace(/^T/, 't');
  }

  /**
   * Looks at an upload into the folder of the images: it must be one, and the one that is named.
   * @throws TinsmithError INVALID_INPUT
   */
  async accept({ name, path, sha256 }: { name: string; path: string; sha256: string }): Promise<void> {
    const [folder, iso = '', ...deeper] = name.split('/');
    if (folder !== ISOS || deeper.length > 0) return;
    await inspectIso(path, iso);
    const wrong = this.#needsOf(iso).flatMap((need) => mismatch(need, sha256) ?? []);
    if (wrong.length === 0) return;
    throw new TinsmithError('INVALID_INPUT', `The image ${iso} is not the one that is needed.`, {
      next: 'Send the image that the boot environment means, or correct its isoSha256; nothing was stored.',
      problems: wrong.map((message) => ({ field: 'body', message })),
    });
  }

  /** Images by name, those among them that are missing. @param names of all served files */
  async list(names: readonly string[]): Promise<Shelved[]> {
    const there = names.filter((name) => /^isos\/[^/]+$/.test(name)).map((name) => name.slice(ISOS.length + 1));
    const all = new Set([...there, ...this.#parts.needs().map(({ iso }) => iso)]);
    const shelved: Shelved[] = [];
    for (const name of [...all].sort()) shelved.push(await this.look(name));
    return shelved;
  }

  /** What there is of an image. */
  async look(iso: string): Promise<Shelved> {
    const needs = this.#needsOf(iso);
    const url = needs.find((need) => need.url !== '')?.url ?? '';
    const about = { name: iso, environments: [...new Set(needs.map(({ environment }) => environment))].sort(), url };
    const image = isIsoName(iso) ? await openRooted(this.#parts.root, nameOf(iso)) : undefined;
    if (!image || 'refused' in image) return { ...about, problem: missing(iso, url) };
    const { path, size, mtimeMs } = image;
    const file = { size, modifiedAt: mtimeMs, sha256: await this.#parts.checksums.known(nameOf(iso), path) };
    try {
      const volume = await inspectIso(path, iso);
      const sha256 = file.sha256 ?? '';
      const [wrong] = sha256 === '' ? [] : needs.flatMap((need) => mismatch(need, sha256) ?? []);
      return { ...about, file, volume, ...(wrong === undefined ? {} : { problem: wrong }) };
    } catch (error) {
      return { ...about, file, problem: messageOf(error) };
    }
  }

  #needsOf(iso: string): IsoNeed[] {
    return this.#parts.needs().filter((need) => need.iso === iso);
  }
}

/** What to do about an image that is not there, for the end of a sentence. */
export function missing(iso: string, url: string): string {
  const command = `tinsmith iso upload ${/^[\w.+-]+$/.test(iso) ? iso : `'${iso.replaceAll("'", `'\\''`)}'`}`;
  return `the image ${iso} is not there: ${url === '' ? '' : `fetch it from ${url}, and `}give it to the appliance with ${command}`;
}

const nameOf = (iso: string): string => `${ISOS}/${iso}`;

/** Why an image with this checksum is not the one that is needed. */
function mismatch({ environment, iso, sha256 }: IsoNeed, found: string): string | undefined {
  const wanted = sha256.toLowerCase();
  if (wanted === '' || wanted === found) return undefined;
  return `the SHA-256 of the image ${iso} is ${found}, and boot environment ${environment} says ${wanted}`;
}
