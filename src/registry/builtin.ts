/**
 * The images of the built-in actions, made from the running executable: a layer of tools that the executable has
 * embedded, and a layer that is the executable itself as `/usr/bin/tinsmith`, wrapped in a tar archive while it is sent.
 * All of them share both layers, so a worker pulls them once.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { decompress } from '../compression/index.ts';
import { type FileSegment, fileSegment, type Segment, sendingLength } from '../http/files/index.ts';
import { writeFailed } from './blobs.ts';
import type { Served } from './distribution.ts';
import { MEDIA } from './manifest.ts';
import { DIGEST, normaliseRepository } from './reference.ts';
import { tarOfExecutable } from './tar.ts';

/** The built-in actions, by the names that they have as images. */
export const BUILTIN_ACTIONS = ['image2disk', 'writefile', 'cexec', 'wipe', 'kexec'] as const;
export type BuiltinAction = (typeof BUILTIN_ACTIONS)[number];

/** Where Tinkerbell published its actions, and our own short forms: templates name them like this. */
const HOMES = [
  '',
  'tinsmith/',
  'quay.io/tinkerbell/actions/',
  'quay.io/tinkerbell-actions/',
  'ghcr.io/tinkerbell/actions/',
];

const REPOSITORIES = new Map<string, BuiltinAction>(
  HOMES.flatMap((home) =>
    BUILTIN_ACTIONS.map((action): [string, BuiltinAction] => [normaliseRepository(home + action) ?? action, action]),
  ),
);

/** The built-in action that images of this full repository name stand for, whatever their tag. */
export function builtinOf(repository: string): BuiltinAction | undefined {
  return REPOSITORIES.get(repository);
}

export type BuiltinOptions = {
  /** Path of the executable, which runs the actions. */
  executable: string;
  /** The tools layer: a tar.gz with the programs and libraries that executable and actions need. */
  tools: Buffer;
  /** Where the tools layer is laid out as a file, and digests are remembered. */
  directory: string;
  /** Of executable and tools, in Go's terms. */
  architecture: 'amd64' | 'arm64';
};

/** The built-in images, ready to be served. */
export interface Builtins {
  /** The manifest, by the digest of which the image can be pulled too. */
  manifest(action: BuiltinAction): Served;
  /**
   * The same without the layer of the executable, for a worker, which has it already and mounts it. Unpacking 120 MB a
   * second time would cost a small machine its memory and half a minute.
   */
  toolsManifest(action: BuiltinAction): Served;
  /** A layer or configuration of any of them. */
  blob(digest: string): Served | undefined;
}

type Layer = Served & { name: 'tools' | 'executable'; diffId: string };

async function digestOf(source: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of source) hash.update(bytes);
  return `sha256:${hash.digest('hex')}`;
}

async function* bytesOf(segments: readonly Segment[]): AsyncGenerator<Buffer> {
  for (const segment of segments) {
    if (segment.kind === 'bytes') yield segment.bytes;
    else if (segment.length > 0) yield* createReadStream(segment.path, { highWaterMark: 1024 * 1024 });
  }
}

async function writeAtomically(directory: string, name: string, content: Buffer | string): Promise<string> {
  const path = join(directory, name);
  const aside = `${path}.${randomUUID()}`;
  try {
    await writeFile(aside, content, { flush: true });
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true });
    throw writeFailed(directory, cause);
  }
  return path;
}

const remembered = z.object({
  path: z.string(),
  size: z.number(),
  mtimeMs: z.number(),
  digest: z.string().regex(DIGEST),
});

/** The executable's layer. Its digest takes a second per gigabyte, so it is remembered until the file changes. */
async function executableLayer(executable: string, directory: string): Promise<Layer> {
  const file: FileSegment = await fileSegment(executable);
  const segments = tarOfExecutable('usr/bin/tinsmith', file);
  const layer = (digest: string): Layer => ({
    name: 'executable',
    kind: 'blob',
    digest,
    diffId: digest,
    mediaType: MEDIA.dockerLayer,
    segments,
  });
  const memory = await readFile(join(directory, 'executable.json'), 'utf8')
    .then((text) => remembered.parse(JSON.parse(text)))
    .catch(() => undefined);
  const { path, size, mtimeMs } = file;
  if (memory?.path === path && memory.size === size && memory.mtimeMs === mtimeMs) return layer(memory.digest);
  const digest = await digestOf(bytesOf(segments));
  await writeAtomically(directory, 'executable.json', JSON.stringify({ path, size, mtimeMs, digest }));
  return layer(digest);
}

async function toolsLayer(tools: Buffer, directory: string): Promise<Layer> {
  const digest = await digestOf(Readable.from([tools]));
  const diffId = await digestOf(decompress(Readable.from([tools]), 'gzip'));
  const name = 'tools.tar.gz';
  const there = await readFile(join(directory, name)).catch(() => undefined);
  if (there === undefined || !there.equals(tools)) await writeAtomically(directory, name, tools);
  const segments = [await fileSegment(join(directory, name))];
  return { name: 'tools', kind: 'blob', digest, diffId, mediaType: MEDIA.dockerLayerGzip, segments };
}

function document(kind: Served['kind'], mediaType: string, content: unknown): Served {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { kind, digest, mediaType, segments: [{ kind: 'bytes', bytes }] };
}

function configuration(action: BuiltinAction, architecture: string, layers: readonly Layer[]): Served {
  return document('blob', MEDIA.dockerConfig, {
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/'],
      Entrypoint: ['/usr/bin/tinsmith', 'action', action],
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created: '1970-01-01T00:00:00Z', created_by: `tinsmith: ${name}` })),
  });
}

function descriptorOf({ mediaType, digest, segments }: Served): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: sendingLength(segments) };
}

/**
 * Makes the built-in images. Reads the whole executable the first time and after it changed. Rejects NOT_FOUND for an
 * executable that cannot be read, STORE_WRITE_FAILED for a directory that cannot be written.
 */
export async function openBuiltins(options: BuiltinOptions): Promise<Builtins> {
  const { executable, directory, architecture } = options;
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw writeFailed(directory, cause);
  });
  const tools = await toolsLayer(options.tools, directory);
  const layers = [tools, await executableLayer(executable, directory)];
  const blobs = new Map<string, Served>(layers.map((layer) => [layer.digest, layer]));
  const image = (action: BuiltinAction, parts: readonly Layer[]): Served => {
    const config = configuration(action, architecture, parts);
    blobs.set(config.digest, config);
    const manifest = { schemaVersion: 2, mediaType: MEDIA.dockerManifest, config: descriptorOf(config) };
    return document('manifest', MEDIA.dockerManifest, { ...manifest, layers: parts.map(descriptorOf) });
  };
  const manifests = new Map(
    BUILTIN_ACTIONS.map((action) => [action, { whole: image(action, layers), tools: image(action, [tools]) }]),
  );
  const find = (action: BuiltinAction): { whole: Served; tools: Served } => {
    const found = manifests.get(action);
    if (found === undefined) throw new RangeError(`${action} is no built-in action`);
    return found;
  };
  return {
    manifest: (action) => find(action).whole,
    toolsManifest: (action) => find(action).tools,
    blob: (digest) => blobs.get(digest),
  };
}
