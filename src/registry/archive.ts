/**
 * Reads archives of container images: what `docker save` writes, in its old and new form, and OCI image layouts; plain,
 * or compressed with gzip or Zstandard. An archive is read once, as a stream, and never trusted: entry names are only
 * keys, digests are computed from what is there, and nothing is allocated on the word of a header.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { extract, type Header } from 'tar-stream';
import { type Compression, compressionOf, decompress, MAGIC_BYTES, peek } from '../compression/index.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import type { Blobs, Staged } from './blobs.ts';
import {
  type Descriptor,
  imageConfig,
  imageIndex,
  MANIFEST_MAX,
  MEDIA,
  readDocument,
  savedManifest,
} from './manifest.ts';
import { formatReference, parseReference } from './reference.ts';

/** An image of an archive: its names, in full, and its manifest or index. */
export type ArchivedImage = { references: string[]; root: Descriptor };

/** What an archive held. The blobs are staged only: verified against their own digests, not yet against the manifests. */
export type Archive = { images: ArchivedImage[]; staged: Map<string, Staged>; discard(): Promise<void> };

export type ArchiveOptions = {
  /** How to call the archive in messages: its file name. */
  name: string;
  /** The name for the image, in place of those in the archive; required where the archive has none. */
  as?: string;
  /** The most bytes that the entries may have together. */
  limit: number;
};

/** More entries than this are no image, and their names would fill the memory. */
const ENTRIES_MAX = 100_000;
const BLOB_ENTRY = /^blobs\/sha256\/([0-9a-f]{64})$/;

type Entry = { kind: 'file'; staged: Staged } | { kind: 'link'; target: string };

/** The name without `./` and doubled slashes, '' for the archive's root; undefined for one that leads out of it. */
function cleanName(name: string): string | undefined {
  if (name.startsWith('/') || name.includes('\0')) return undefined;
  const clean = posix.normalize(name).replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../')) return undefined;
  return clean === '.' ? '' : clean;
}

function linkTarget(name: string, header: Header): string | undefined {
  const linked = header.linkname ?? '';
  if (linked.startsWith('/')) return undefined;
  return cleanName(header.type === 'symlink' ? posix.join(posix.dirname(name), linked) : linked);
}

/** Stages every file of the tar, under its name. */
class Unpacking {
  readonly entries = new Map<string, Entry>();
  readonly all: Staged[] = [];
  readonly #blobs: Blobs;
  readonly #options: ArchiveOptions;
  #bytes = 0;
  #current: string | undefined;

  constructor(blobs: Blobs, options: ArchiveOptions) {
    this.#blobs = blobs;
    this.#options = options;
  }

  wrong(what: string, cause?: unknown): TinsmithError {
    return new TinsmithError('INVALID_INPUT', `${this.#options.name}: ${what}.`, { cause });
  }

  async run(source: AsyncIterable<Buffer>): Promise<void> {
    try {
      await this.#unpack(await this.#uncompressed(source));
    } catch (error) {
      if (error instanceof TinsmithError) throw error;
      const place = this.#current === undefined ? 'the archive' : `the entry ${JSON.stringify(this.#current)}`;
      throw this.wrong(`${place} cannot be read (${messageOf(error)}): the file is truncated or damaged`, error);
    }
  }

  async #uncompressed(source: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
    const { first, all } = await peek(source, MAGIC_BYTES);
    const compression: Compression = compressionOf(first);
    if (first.length === 0) throw this.wrong('it is empty');
    if (compression === 'xz' || compression === 'bzip2') {
      throw this.wrong(`it is compressed with ${compression}; unpack it first (gzip and zstd are read as they are)`);
    }
    return decompress(all, compression);
  }

  async #unpack(source: AsyncIterable<Buffer>): Promise<void> {
    const tar = extract();
    let broken: unknown;
    const feed = async (): Promise<void> => {
      try {
        for await (const bytes of source) {
          if (tar.destroyed) return;
          if (tar.write(bytes)) continue;
          await new Promise<void>((resolve) => {
            tar.once('drain', resolve);
            tar.once('close', resolve);
          });
        }
        tar.end(undefined);
      } catch (error) {
        broken = error;
        tar.destroy(error as Error);
      }
    };
    const feeding = feed();
    try {
      // streamx's types know no element type; tar-stream's entries give Buffers.
      for await (const entry of tar) await this.#entry(entry.header, entry as AsyncIterable<Buffer>);
    } catch (error) {
      // Reading an entry of a stream that broke off fails with "destroyed" only.
      throw error instanceof TinsmithError ? error : (broken ?? error);
    } finally {
      tar.destroy(null);
      await feeding;
    }
    if (broken !== undefined) throw broken;
  }

  async #entry(header: Header, content: AsyncIterable<Buffer>): Promise<void> {
    this.#current = header.name.slice(0, 300);
    const shown = JSON.stringify(this.#current);
    const name = cleanName(header.name);
    if (name === undefined) throw this.wrong(`the entry ${shown} leads out of the archive`);
    if (this.entries.size >= ENTRIES_MAX) throw this.wrong(`it has more than ${ENTRIES_MAX} entries`);
    if (this.entries.has(name)) throw this.wrong(`the entry ${shown} is there twice`);
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        await this.#file(name, content);
        return;
      case 'symlink':
      case 'link': {
        const target = linkTarget(name, header);
        if (target === undefined) throw this.wrong(`the entry ${shown} is a link that leads out of the archive`);
        this.entries.set(name, { kind: 'link', target });
        break;
      }
      case 'directory':
        break;
      default:
        throw this.wrong(`the entry ${shown} is a ${header.type}, which no image archive has`);
    }
    for await (const _ of content); // nothing is left in the stream before the next header
  }

  async #file(name: string, content: AsyncIterable<Buffer>): Promise<void> {
    const counted = async function* (this: Unpacking): AsyncGenerator<Buffer> {
      for await (const bytes of content) {
        this.#bytes += bytes.length;
        if (this.#bytes > this.#options.limit) {
          throw new TinsmithError(
            'STORE_WRITE_FAILED',
            `${this.#options.name} unpacks to more than the ${this.#options.limit} bytes there is room for.`,
            { next: 'Free some space, or remove images that are no longer needed.' },
          );
        }
        yield bytes;
      }
    };
    const staged = await this.#blobs.stage(counted.call(this));
    this.all.push(staged);
    const stated = BLOB_ENTRY.exec(name)?.[1];
    if (stated !== undefined && staged.digest !== `sha256:${stated}`) {
      throw this.wrong(`the entry ${name} is damaged: its content has the digest ${staged.digest}`);
    }
    this.entries.set(name, { kind: 'file', staged });
  }

  /** The file of this name, through links. */
  file(name: string): Staged | undefined {
    let at = cleanName(name);
    for (let hops = 0; at !== undefined && hops < 16; hops++) {
      const entry = this.entries.get(at);
      if (entry?.kind !== 'link') return entry?.staged;
      at = entry.target;
    }
    return undefined;
  }
}

async function contentOf(staged: Staged, where: string): Promise<Buffer> {
  if (staged.size > MANIFEST_MAX) throw new TinsmithError('INVALID_INPUT', `${where} is larger than 4 MiB.`);
  return await readFile(staged.path);
}

/** Finds out how a layer is compressed, and that it is the one which the configuration speaks of. */
async function layerType(layer: Staged, diffId: string): Promise<string | undefined> {
  if (layer.digest === diffId) return MEDIA.dockerLayer;
  const handle = await open(layer.path, 'r');
  const { buffer } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0).finally(() => handle.close());
  const compression = compressionOf(buffer);
  if (compression !== 'gzip' && compression !== 'zstd') return undefined;
  const hash = createHash('sha256');
  try {
    for await (const bytes of decompress(createReadStream(layer.path), compression)) hash.update(bytes);
  } catch {
    return undefined;
  }
  if (`sha256:${hash.digest('hex')}` !== diffId) return undefined;
  return compression === 'gzip' ? MEDIA.dockerLayerGzip : MEDIA.dockerLayerZstd;
}

/** The images of `manifest.json`, each with a manifest made for it, as the archive has none. */
async function savedImages(unpacked: Unpacking, blobs: Blobs, name: string): Promise<ArchivedImage[]> {
  const listed = unpacked.file('manifest.json');
  if (listed === undefined) return [];
  const where = `${name}: manifest.json`;
  const images: ArchivedImage[] = [];
  for (const saved of readDocument(savedManifest, await contentOf(listed, where), where)) {
    const file = (entry: string): Staged => {
      const staged = unpacked.file(entry);
      if (staged === undefined) throw unpacked.wrong(`the entry ${JSON.stringify(entry)} is missing`);
      return staged;
    };
    const config = file(saved.Config);
    const stated = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(saved.Config)?.[1];
    if (stated !== undefined && config.digest !== `sha256:${stated}`) {
      throw unpacked.wrong(`the entry ${saved.Config} is damaged: its content has the digest ${config.digest}`);
    }
    const at = `${name}: ${saved.Config}`;
    const { rootfs } = readDocument(imageConfig, await contentOf(config, at), at);
    if (rootfs.diff_ids.length !== saved.Layers.length) {
      throw unpacked.wrong(
        `${saved.Config} speaks of ${rootfs.diff_ids.length} layers, there are ${saved.Layers.length}`,
      );
    }
    const layers: Descriptor[] = [];
    for (const [index, entry] of saved.Layers.entries()) {
      const layer = file(entry);
      const mediaType = await layerType(layer, rootfs.diff_ids[index] ?? '');
      if (mediaType === undefined) {
        throw unpacked.wrong(`the layer ${entry} is damaged: it does not have the digest ${rootfs.diff_ids[index]}`);
      }
      layers.push({ mediaType, digest: layer.digest, size: layer.size });
    }
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifest,
      config: { mediaType: MEDIA.dockerConfig, digest: config.digest, size: config.size },
      layers,
    };
    images.push({ references: saved.RepoTags ?? [], root: await stageDocument(unpacked, blobs, manifest) });
  }
  return images;
}

async function stageDocument(unpacked: Unpacking, blobs: Blobs, document: { mediaType: string }): Promise<Descriptor> {
  const staged = await blobs.stage(
    (async function* () {
      yield Buffer.from(JSON.stringify(document));
    })(),
  );
  unpacked.all.push(staged);
  return { mediaType: document.mediaType, digest: staged.digest, size: staged.size };
}

/** The name that an index gives an image: containerd's annotation, or OCI's where it is more than a tag. */
function nameIn({ annotations = {} }: Descriptor): string | undefined {
  const oci = annotations['org.opencontainers.image.ref.name'];
  return annotations['io.containerd.image.name'] ?? (oci !== undefined && /[/:]/.test(oci) ? oci : undefined);
}

/** The images of `index.json`. Several manifests of one name are one image for several platforms. */
async function layoutImages(unpacked: Unpacking, blobs: Blobs, name: string): Promise<ArchivedImage[]> {
  const listed = unpacked.file('index.json');
  if (listed === undefined) return [];
  const where = `${name}: index.json`;
  const groups = new Map<string | undefined, Descriptor[]>();
  for (const manifest of readDocument(imageIndex, await contentOf(listed, where), where).manifests) {
    const called = nameIn(manifest);
    groups.set(called, [...(groups.get(called) ?? []), manifest]);
  }
  const images: ArchivedImage[] = [];
  for (const [called, group] of groups) {
    const distinct = [...new Map(group.map((manifest) => [manifest.digest, manifest])).values()];
    const [only, ...others] = distinct;
    if (only === undefined) continue;
    const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: distinct };
    const root = others.length === 0 ? only : await stageDocument(unpacked, blobs, index);
    images.push({ references: called === undefined ? [] : [called], root });
  }
  return images;
}

function named(images: ArchivedImage[], { name, as }: ArchiveOptions): ArchivedImage[] {
  const wrong = (what: string, next?: string): TinsmithError =>
    new TinsmithError('INVALID_INPUT', `${name}: ${what}.`, { next });
  if (images.length === 0)
    throw wrong('it is no image archive: it has neither manifest.json nor index.json with an image');
  if (as !== undefined && images.length > 1)
    throw wrong(`it holds ${images.length} images, which cannot all be called ${as}`);
  return images.map(({ references, root }) => {
    const given = as === undefined ? references : [as];
    if (given.length === 0) {
      throw wrong(`the image ${root.digest} has no name in it`, 'Say the name that it shall have when you load it.');
    }
    const full = (text: string): string => {
      try {
        return formatReference({ ...parseReference(text), digest: undefined });
      } catch (error) {
        throw wrong(messageOf(error).replace(/\.$/, ''));
      }
    };
    return { root, references: given.map(full) };
  });
}

/**
 * Reads an archive and stages its blobs. Rejects with a TinsmithError naming archive and entry: INVALID_INPUT for what
 * is damaged, truncated or no image archive, STORE_WRITE_FAILED where it does not fit; nothing staged is left then.
 */
export async function readArchive(
  source: AsyncIterable<Buffer>,
  blobs: Blobs,
  options: ArchiveOptions,
): Promise<Archive> {
  const unpacked = new Unpacking(blobs, options);
  const discard = async (): Promise<void> => {
    for (const staged of unpacked.all) await blobs.discard(staged);
  };
  try {
    await unpacked.run(source);
    const layout = await layoutImages(unpacked, blobs, options.name);
    // Docker writes both since version 25: the layout has the true manifests; manifest.json may alone have the names.
    const unnamed = layout.length === 1 && layout[0]?.references.length === 0 && options.as === undefined;
    const saved = layout.length === 0 || unnamed ? await savedImages(unpacked, blobs, options.name) : [];
    const [only] = layout;
    const images =
      only !== undefined && unnamed && saved.length === 1
        ? [{ root: only.root, references: saved[0]?.references ?? [] }]
        : layout.length > 0
          ? layout
          : saved;
    const staged = new Map<string, Staged>();
    for (const blob of unpacked.all) staged.set(blob.digest, blob);
    return { images: named(images, options), staged, discard };
  } catch (error) {
    await discard();
    throw error;
  }
}
