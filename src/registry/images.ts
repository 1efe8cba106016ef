/** The images that were loaded: which names there are, and what each is made of. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { messageOf, TinsmithError } from '../errors.ts';
import { type FileSegment, wholeFile } from '../http/files/index.ts';
import { type Archive, readArchive } from './archive.ts';
import { type Blobs, openBlobs, type StoredBlob, syncDirectory, writeFailed } from './blobs.ts';
import { type Anatomy, type Descriptor, dissect, type Part, readDocument } from './manifest.ts';
import { DIGEST, formatReference, parseReference } from './reference.ts';

/** An image in the store. */
export type StoredImage = {
  /** In full: `docker.io/library/busybox:latest`. */
  reference: string;
  repository: string;
  tag: string;
  /** Digest of its manifest or index. */
  digest: string;
  mediaType: string;
  /** Bytes of all that it is made of; images share layers, so sizes do not add up. */
  size: number;
  /** `linux/amd64` */
  platforms: string[];
  /** ISO 8601 */
  loadedAt: string;
  /** Manifests and blobs by digest. */
  parts: Map<string, StoredPart>;
};
export type StoredPart = Part & { segment: FileSegment };

/** Bytes of the archive read so far; `total` where it is known. */
export type LoadProgress = { read: number; total?: number };

export type LoadOptions = {
  /** How to call the archive in messages; of a file, its own name. */
  name?: string;
  /** The name for the image, in place of those in the archive; required where the archive has none. */
  as?: string;
  onProgress?: (progress: LoadProgress) => void;
};

export interface Images {
  /**
   * Loads an archive (the path of a file, or a stream) and returns its images, complete and durable. Rejects with a
   * TinsmithError naming archive and entry; nothing of it is seen then.
   */
  load(source: string | Readable, options?: LoadOptions): Promise<StoredImage[]>;
  /** Every image, by name. */
  list(): StoredImage[];
  /** The image of this name, short or full, by tag or digest. Throws a TinsmithError for what is no image name. */
  resolve(reference: string): StoredImage | undefined;
  /** Removes a name, and the blobs that no other image needs: the bytes that freed. Rejects NOT_FOUND. */
  remove(reference: string): Promise<{ freed: number }>;
  /** Images that were in the store but cannot be used, found when it was opened. */
  readonly damaged: readonly { file: string; reason: string }[];
}

const record = z.object({
  reference: z.string().min(1),
  digest: z.string().regex(DIGEST),
  mediaType: z.string(),
  size: z.int().min(0),
  loadedAt: z.string(),
});
type Record = z.infer<typeof record>;

/** Part of the free space that an archive may fill: the rest of the appliance writes to the same disk. */
const SHARE_OF_FREE = 0.9;

function imageOf(found: Record, { parts, platforms }: Anatomy, blobs: ReadonlyMap<string, StoredBlob>): StoredImage {
  const { repository, tag = 'latest' } = parseReference(found.reference);
  const stored = new Map<string, StoredPart>();
  for (const [digest, part] of parts) {
    const blob = blobs.get(digest);
    if (blob === undefined)
      throw new TinsmithError('STORE_CORRUPT', `The blob ${digest} of ${found.reference} is gone.`);
    stored.set(digest, { ...part, segment: wholeFile(blob) });
  }
  const size = [...stored.values()].reduce((sum, part) => sum + part.size, 0);
  const { reference, digest, mediaType, loadedAt } = found;
  return { reference, repository, tag, digest, mediaType, size, platforms, loadedAt, parts: stored };
}

class ImageStore implements Images {
  readonly damaged: { file: string; reason: string }[] = [];
  readonly #directory: string;
  readonly #blobs: Blobs;
  readonly #images = new Map<string, StoredImage>();
  /** What changes the store is done one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string, blobs: Blobs) {
    this.#directory = directory;
    this.#blobs = blobs;
  }

  get #records(): string {
    return join(this.#directory, 'references');
  }

  /** Reference names are anything; the file's name is their digest. */
  #recordPath(reference: string): string {
    return join(this.#records, `${createHash('sha256').update(reference).digest('hex')}.json`);
  }

  async open(): Promise<this> {
    await mkdir(this.#records, { recursive: true }).catch((cause: unknown) => {
      throw writeFailed(this.#directory, cause);
    });
    const blobs = await this.#blobs.all();
    const size = (digest: string): number | undefined => blobs.get(digest)?.size;
    const read = async (digest: string): Promise<Buffer> => await this.#blobs.read(digest);
    for (const file of await readdir(this.#records)) {
      const path = join(this.#records, file);
      try {
        const found = readDocument(record, await readFile(path), path);
        const anatomy = await dissect(found, { size, read }, found.reference);
        this.#images.set(found.reference, imageOf(found, anatomy, blobs));
      } catch (error) {
        this.damaged.push({ file: path, reason: messageOf(error) });
      }
    }
    // What a damaged record refers to is not known; its blobs may still be of use to whoever repairs it.
    if (this.damaged.length === 0) await this.#sweep();
    return this;
  }

  async #sweep(): Promise<number> {
    return await this.#blobs.sweep(new Set([...this.#images.values()].flatMap(({ parts }) => [...parts.keys()])));
  }

  #oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const next = this.#last.then(change, change);
    this.#last = next.catch(() => undefined);
    return next;
  }

  list(): StoredImage[] {
    return [...this.#images.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
  }

  resolve(text: string): StoredImage | undefined {
    const { repository, tag, digest } = parseReference(text);
    if (digest === undefined) return this.#images.get(formatReference({ repository, tag }));
    return this.list().find((image) => image.repository === repository && image.digest === digest);
  }

  async load(source: string | Readable, options: LoadOptions = {}): Promise<StoredImage[]> {
    const file = typeof source === 'string' ? source : undefined;
    const total = file === undefined ? undefined : await sizeOf(file);
    const stream = typeof source === 'string' ? createReadStream(source, { highWaterMark: 1024 * 1024 }) : source;
    const counted = async function* (): AsyncGenerator<Buffer> {
      let read = 0;
      for await (const bytes of stream) {
        read += bytes.length;
        options.onProgress?.({ read, total });
        yield bytes;
      }
    };
    const name = options.name ?? (file === undefined ? 'the archive' : basename(file));
    const free = await statfs(this.#directory);
    const limit = Math.floor(free.bavail * free.bsize * SHARE_OF_FREE);
    const archive = await readArchive(counted(), this.#blobs, { name, as: options.as, limit });
    try {
      const anatomies = await verify(archive, name);
      return await this.#oneByOne(async () => await this.#commit(archive, anatomies));
    } finally {
      await archive.discard();
    }
  }

  async #commit(archive: Archive, anatomies: Map<Descriptor, Anatomy>): Promise<StoredImage[]> {
    const loadedAt = new Date().toISOString();
    const loaded: StoredImage[] = [];
    for (const { references, root } of archive.images) {
      const anatomy = anatomies.get(root);
      if (anatomy === undefined) continue;
      const blobs = new Map<string, StoredBlob>();
      for (const digest of anatomy.parts.keys()) {
        const staged = archive.staged.get(digest);
        // Kept once already, for an image before this one in the archive.
        if (staged !== undefined) blobs.set(digest, await this.#blobs.keep(staged));
      }
      for (const reference of references) {
        const { digest, mediaType, size } = root;
        const image = imageOf({ reference, digest, mediaType, size, loadedAt }, anatomy, blobs);
        await this.#write({ reference, digest, mediaType, size, loadedAt });
        this.#images.set(reference, image);
        loaded.push(image);
      }
    }
    await this.#sweep(); // what an image of the same name needed before
    return loaded;
  }

  async #write(content: Record): Promise<void> {
    const path = this.#recordPath(content.reference);
    const aside = join(this.#directory, 'incoming', randomUUID());
    try {
      const handle = await open(aside, 'wx');
      await handle
        .writeFile(JSON.stringify(content))
        .then(async () => await handle.sync())
        .finally(async () => await handle.close());
      await rename(aside, path);
      await syncDirectory(this.#records);
    } catch (cause) {
      throw writeFailed(this.#directory, cause);
    }
  }

  async remove(text: string): Promise<{ freed: number }> {
    return await this.#oneByOne(async () => {
      const image = this.resolve(text);
      if (image === undefined) {
        throw new TinsmithError('NOT_FOUND', `There is no image ${formatReference(parseReference(text))}.`, {
          next: 'See which there are with: tinsmith image list',
        });
      }
      await rm(this.#recordPath(image.reference), { force: true });
      await syncDirectory(this.#records);
      this.#images.delete(image.reference);
      return { freed: await this.#sweep() };
    });
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new TinsmithError('NOT_FOUND', `The file ${file} cannot be read.`, { cause });
  });
  if (!found.isFile()) throw new TinsmithError('INVALID_INPUT', `${file} is not a regular file.`);
  return found.size;
}

async function verify(archive: Archive, name: string): Promise<Map<Descriptor, Anatomy>> {
  const anatomies = new Map<Descriptor, Anatomy>();
  const size = (digest: string): number | undefined => archive.staged.get(digest)?.size;
  const read = async (digest: string): Promise<Buffer> => await readFile(archive.staged.get(digest)?.path ?? '');
  for (const { root } of archive.images) anatomies.set(root, await dissect(root, { size, read }, name));
  return anatomies;
}

/** Opens the image store in this directory, made where there is none. Rejects STORE_WRITE_FAILED. */
export async function openImages(directory: string): Promise<Images> {
  return await new ImageStore(directory, await openBlobs(directory)).open();
}
