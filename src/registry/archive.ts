/**
 * Reads archives of container images: what `docker save` writes, in its old and new form, and OCI image layouts; plain,
 * or compressed with gzip or Zstandard.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { compressionOf, decompress, MAGIC_BYTES } from '../compression/index.ts';
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
import { type ArchiveOptions, Unpacking } from './unpacking.ts';

/** An image of an archive: its names, in full, and its manifest or index. */
export type ArchivedImage = { references: string[]; root: Descriptor };

/** What an archive held. The blobs are staged only: verified against their own digests, not yet against the manifests. */
export type Archive = { images: ArchivedImage[]; staged: Map<string, Staged>; discard(): Promise<void> };

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
      throw wrong(
        `the image ${root.digest} has no name in it`,
        'Say the name that it shall have: tinsmith image load FILE --as NAME',
      );
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
