/** ISO images among the served files, and the files in them: found by reading as little of an image as it takes. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../../errors.ts';
import type { FileSegment } from '../../http/files/index.ts';
import { openRootedHandle } from '../../system/rooted.ts';
import { sameFile, type Version } from '../files/index.ts';
import { type Directories, findFile } from './lookup.ts';
import { IsoFault, type Reading, readLater, readNow, type Wanted } from './reading.ts';
import { readVolume, type Volume } from './volume.ts';

/** Folder of the images below the served files, and in front of the paths of what is in them. */
export const ISOS = 'isos';

/** An image as it lies on the disk: `path` is absolute and without links. */
export interface Image extends Version {
  path: string;
}

/** Why a file of an image is not to be had; `sentence` says it to a person. */
export interface NotInIso {
  refused: 'no-image' | 'bad-image' | 'not-found' | 'not-a-file';
  sentence: string;
}

/** A file in an image: where it lies there, at least one place; `size` bytes in all. */
export interface InIso {
  image: Image;
  segments: FileSegment[];
  size: number;
}

/** Images whose directories are remembered. */
const KNOWN_MAX = 32;

/** Whether a text can be the name of an image: that of a file in the folder itself. */
export function isIsoName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && !/[/\\\0]/.test(name);
}

/** The images of the folder `isos`. What is known of one is forgotten when its file has changed. */
export class IsoImages {
  readonly #root: string;
  readonly #known = new Map<string, { image: Image; volume: Volume; directories: Directories }>();
  /** Where images were found, by name, for who may not wait. */
  readonly #placed = new Map<string, { version: string; image: Image }>();
  #base: string | undefined;

  /** @param root directory of the served files */
  constructor(root: string) {
    this.#root = root;
  }

  /** Finds a file of an image. Never rejects. */
  async find(iso: string, path: string): Promise<InIso | NotInIso> {
    const found = await this.open(iso, path);
    if ('refused' in found) return found;
    const { handle, ...file } = found;
    await handle.close();
    return file;
  }

  /** As {@link find}, with the image open for reading; the caller closes the handle. Never rejects. */
  async open(iso: string, path: string): Promise<(InIso & { handle: FileHandle }) | NotInIso> {
    if (!isIsoName(iso)) return noImage(iso);
    const opened = await openRootedHandle(this.#root, `${ISOS}/${iso}`);
    if ('refused' in opened) return opened.refused === 'not-found' ? noImage(iso) : badImage(opened.sentence);
    const { handle, ...image } = opened;
    try {
      const found = await readLater(this.#search(iso, path, image), (wanted) => readFrom(handle, wanted));
      if (!('refused' in found)) return { ...found, handle };
      await handle.close();
      return found;
    } catch (error) {
      await handle.close();
      return refusalOf(iso, error);
    }
  }

  /** As {@link find}, for who may not wait: a few short reads where the directories are not known yet. Never throws. */
  findNow(iso: string, path: string): InIso | NotInIso {
    return this.#now(iso, (image) => this.#search(iso, path, image));
  }

  /** Whether there is an image, and it is one, for who may not wait. Never throws. */
  lookNow(iso: string): { image: Image } | NotInIso {
    return this.#now(iso, (image) => this.#volumeOf(image));
  }

  #now<T>(iso: string, search: (image: Image) => Reading<T>): T | NotInIso {
    if (!isIsoName(iso)) return noImage(iso);
    let fd: number | undefined;
    try {
      this.#base ??= realpathSync(this.#root);
      const { dev, ino, size, mtimeMs } = statSync(join(this.#base, ISOS, iso));
      // What lists of thousands of machines ask again and again costs no more than that.
      const version = [dev, ino, size, mtimeMs].join();
      const placed = this.#placed.get(iso);
      const image = placed?.version === version ? placed.image : this.#place(this.#base, iso);
      if ('refused' in image) return image;
      this.#placed.set(iso, { version, image });
      if (this.#placed.size > KNOWN_MAX) this.#placed.clear();
      return readNow(search(image), ({ position, length }) => {
        fd ??= openSync(image.path, constants.O_RDONLY | constants.O_NONBLOCK);
        const buffer = Buffer.allocUnsafe(length);
        return whole(buffer, readSync(fd, buffer, 0, length, position));
      });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? noImage(iso) : refusalOf(iso, error);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Where an image really is. @throws the error of the system */
  #place(base: string, iso: string): Image | NotInIso {
    // Without O_NONBLOCK a named pipe in its place would wait for ever.
    const fd = openSync(join(base, ISOS, iso), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      const stats = fstatSync(fd);
      if (!path.startsWith(base === '/' ? base : `${base}/`))
        return badImage(`The image ${iso} is a link that leads out of the served directory.`);
      if (!stats.isFile()) return badImage(`The image ${iso} is not a regular file.`);
      const { size, mtimeMs, ino } = stats;
      return { path, size, mtimeMs, ino };
    } finally {
      closeSync(fd);
    }
  }

  *#search(iso: string, path: string, image: Image): Reading<InIso | NotInIso> {
    const { volume, directories } = yield* this.#volumeOf(image);
    const found = yield* findFile(volume, path, directories);
    if (found.kind !== 'file') {
      const udf = found.kind === 'none' && volume.udf ? ' (what only its UDF file system has is not read)' : '';
      const sentence = `The file ${shown(path)} of the image ${iso} is not served: it ${found.why}${udf}.`;
      return { refused: found.kind === 'none' ? 'not-found' : 'not-a-file', sentence };
    }
    const { mtimeMs, size } = image;
    const segments = found.places.map(
      ({ position, length }): FileSegment => ({
        kind: 'file',
        path: image.path,
        start: position,
        length,
        size,
        mtimeMs,
      }),
    );
    return { image, segments, size: found.length };
  }

  *#volumeOf(image: Image): Reading<{ image: Image; volume: Volume; directories: Directories }> {
    const known = this.#known.get(image.path);
    if (known && sameFile(known.image, image)) return known;
    const read = { image, volume: yield* readVolume(image.size), directories: new Map() };
    this.#known.delete(image.path);
    this.#known.set(image.path, read);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KNOWN_MAX) break;
      this.#known.delete(oldest);
    }
    return read;
  }
}

/**
 * What a file says of itself as an ISO image, its root directory read.
 * @throws TinsmithError INVALID_INPUT where it is none, or is damaged
 */
export async function inspectIso(file: string, name: string): Promise<Volume> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    const read = (wanted: Wanted) => readFrom(handle, wanted);
    const volume = await readLater(readVolume(size), read);
    // Whatever is looked for, the root directory is read.
    await readLater(findFile(volume, 'any', new Map()), read);
    return volume;
  } catch (error) {
    if (!(error instanceof IsoFault)) throw error;
    throw new TinsmithError('INVALID_INPUT', `The file ${name} ${error.message}.`, {
      next: 'Send the image as its maker publishes it, whole; files of other kinds belong into another folder than isos.',
      problems: [{ field: 'body', message: error.message }],
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

async function readFrom(handle: FileHandle, { position, length }: Wanted): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return whole(buffer, bytesRead);
}

function whole(buffer: Buffer, read: number): Buffer {
  if (read === buffer.length) return buffer;
  throw new IsoFault('has become shorter while it was read');
}

function refusalOf(iso: string, error: unknown): NotInIso {
  return error instanceof IsoFault
    ? badImage(`The image ${iso} ${error.message}.`)
    : badImage(`The image ${iso} cannot be read: ${messageOf(error)}.`);
}

const badImage = (sentence: string): NotInIso => ({ refused: 'bad-image', sentence });
const noImage = (iso: string): NotInIso => ({ refused: 'no-image', sentence: `There is no image ${shown(iso)}.` });
const shown = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
