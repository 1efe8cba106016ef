/** The documents that describe an image: Docker's schema 2 and OCI's image specification, which differ in media types. */
import { z } from 'zod';
import { TinsmithError } from '../errors.ts';
import { DIGEST } from './reference.ts';

export const MEDIA = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
} as const;

/** The most that a manifest may have, bytes (OCI distribution specification, "Pushing manifests"). */
export const MANIFEST_MAX = 4 * 1024 * 1024;

const digest = z.string().regex(DIGEST, 'is not sha256: and 64 hexadecimal digits');
const platform = z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() });

export const descriptor = z.object({
  mediaType: z.string().min(1).max(255),
  digest,
  size: z.int().min(0),
  platform: platform.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Descriptor = z.infer<typeof descriptor>;

export const imageIndex = z.object({ manifests: z.array(descriptor).max(1000) });
export const imageManifest = z.object({ config: descriptor, layers: z.array(descriptor).max(1000) });
export const imageConfig = z.object({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  rootfs: z.object({ diff_ids: z.array(digest) }),
});
/** `manifest.json` of `docker save`. */
export const savedManifest = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).max(1000) }),
);

export function isIndex(mediaType: string): boolean {
  return mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerList;
}

export function isManifest(mediaType: string): boolean {
  return mediaType === MEDIA.ociManifest || mediaType === MEDIA.dockerManifest;
}

/** Reads a JSON document. Throws a TinsmithError (INVALID_INPUT) that begins with `where` and names the field. */
export function readDocument<T>(schema: z.ZodType<T>, bytes: Buffer, where: string): T {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new TinsmithError('INVALID_INPUT', `${where} is not JSON.`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const first = problems[0];
  throw new TinsmithError('INVALID_INPUT', `${where} is not what it should be: ${first?.field} ${first?.message}.`, {
    problems,
  });
}

/** `linux/arm64/v8` */
export function formatPlatform({ os, architecture, variant }: z.infer<typeof platform>): string {
  return [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join('/');
}

/** One document or layer that an image is made of. `kind` says under which URL it is asked for. */
export type Part = { kind: 'manifest' | 'blob'; digest: string; mediaType: string; size: number; platform?: string };

/** An image taken apart: everything it is made of by digest, and the platforms it runs on. */
export type Anatomy = { parts: Map<string, Part>; platforms: string[] };

/**
 * Follows a manifest or index down to all that it is made of. `size` tells how large a blob is, or undefined where there
 * is none; `read` gives a small one. Throws a TinsmithError (INVALID_INPUT), naming the image as `where`, for what is
 * missing or of another size than stated. An index may name manifests that are not there (an export of one platform
 * keeps the index of all), but one must be.
 */
export async function dissect(
  root: Descriptor,
  blobs: { size(digest: string): number | undefined; read(digest: string): Promise<Buffer> },
  where: string,
): Promise<Anatomy> {
  const parts = new Map<string, Part>();
  const platforms: string[] = [];
  const wrong = (what: string): TinsmithError => new TinsmithError('INVALID_INPUT', `${where}: ${what}.`);

  const take = (kind: Part['kind'], { digest, mediaType, size }: Descriptor, what: string): Part => {
    const actual = blobs.size(digest);
    if (actual === undefined) throw wrong(`${what} ${digest} is missing`);
    if (actual !== size) throw wrong(`${what} ${digest} has ${actual} bytes, not ${size} as stated`);
    const part = { kind, digest, mediaType, size };
    parts.set(digest, part);
    return part;
  };
  const document = async <T>(schema: z.ZodType<T>, { digest, size }: Descriptor, what: string): Promise<T> => {
    if (size > MANIFEST_MAX) throw wrong(`the ${what} ${digest} is larger than 4 MiB`);
    return readDocument(schema, await blobs.read(digest), `${where}: the ${what} ${digest}`);
  };

  const followManifest = async (from: Descriptor): Promise<void> => {
    const part = take('manifest', from, 'the manifest');
    const manifest = await document(imageManifest, from, 'manifest');
    take('blob', manifest.config, 'the configuration');
    for (const layer of manifest.layers) take('blob', layer, 'the layer');
    const { mediaType } = manifest.config;
    if (mediaType !== MEDIA.dockerConfig && mediaType !== MEDIA.ociConfig) return; // an attestation or another artefact
    if (from.platform?.architecture === 'unknown') return;
    const config = await document(imageConfig, manifest.config, 'configuration');
    if (config.rootfs.diff_ids.length !== manifest.layers.length) {
      throw wrong(`the configuration ${manifest.config.digest} does not have one diff_id for each layer`);
    }
    part.platform = formatPlatform(config);
    platforms.push(part.platform);
  };

  const followIndex = async (from: Descriptor, depth: number): Promise<void> => {
    if (depth > 3) throw wrong('its indexes are nested too deep');
    take('manifest', from, 'the index');
    for (const child of (await document(imageIndex, from, 'index')).manifests) {
      if (blobs.size(child.digest) === undefined || parts.has(child.digest)) continue;
      await follow(child, depth + 1);
    }
  };

  const follow = async (from: Descriptor, depth: number): Promise<void> => {
    if (isIndex(from.mediaType)) return await followIndex(from, depth);
    if (isManifest(from.mediaType)) return await followManifest(from);
    throw wrong(`${from.digest} is of the kind ${from.mediaType}, which is no image`);
  };

  await follow(root, 0);
  if (platforms.length === 0) throw wrong('it holds no complete image for any platform');
  return { parts, platforms };
}
