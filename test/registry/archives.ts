/** Archives of images, made by hand. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';

export type TarEntry = Partial<Header> & { name: string; content?: Buffer | string };

export async function tar(entries: TarEntry[]): Promise<Buffer> {
  const packing = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) packing.entry(header);
    else packing.entry(header, content);
  }
  packing.finalize();
  return await buffer(packing as unknown as AsyncIterable<Buffer>);
}

export function digest(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function hex(bytes: Buffer | string): string {
  return digest(bytes).slice('sha256:'.length);
}

export function config(layers: Buffer[], more: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/hello'] },
      rootfs: { type: 'layers', diff_ids: layers.map(digest) },
      ...more,
    }),
  );
}

/** One layer with one file. */
export async function layer(name: string, content: string): Promise<Buffer> {
  return await tar([{ name, content, mode: 0o755, mtime: new Date(0) }]);
}

/** What `docker save` wrote before version 25. */
export function saved(
  tags: string[] | null,
  layers: Buffer[],
  stored: Buffer[] = layers,
  settings = config(layers),
): TarEntry[] {
  const names = layers.map((bytes) => `${hex(`id of ${digest(bytes)}`)}/layer.tar`);
  return [
    ...stored.map((content, index) => ({ name: names[index] ?? '', content })),
    { name: `${hex(settings)}.json`, content: settings },
    {
      name: 'manifest.json',
      content: JSON.stringify([{ Config: `${hex(settings)}.json`, RepoTags: tags, Layers: names }]),
    },
    { name: 'repositories', content: '{}' },
  ];
}

export function blob(content: Buffer): TarEntry {
  return { name: `blobs/sha256/${hex(content)}`, content };
}

export const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};

export function descriptor(mediaType: string, content: Buffer, more: object = {}): object {
  return { mediaType, digest: digest(content), size: content.length, ...more };
}

/** The manifest of an OCI image, and the blobs it is made of. */
export function ociImage(layers: Buffer[], more: object = {}): { manifest: Buffer; blobs: Buffer[] } {
  const settings = config(layers, more);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: descriptor(OCI.config, settings),
      layers: layers.map((bytes) => descriptor(OCI.layer, bytes)),
    }),
  );
  return { manifest, blobs: [manifest, settings, ...layers] };
}

export function layout(manifests: object[], blobs: Buffer[]): TarEntry[] {
  const distinct = [...new Map(blobs.map((bytes) => [digest(bytes), bytes])).values()];
  return [
    { name: 'blobs', type: 'directory' },
    ...distinct.map(blob),
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests }) },
  ];
}

export const NAMED = (name: string): object => ({ annotations: { 'org.opencontainers.image.ref.name': name } });
