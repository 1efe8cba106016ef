/** Container images of one layer, made from Debian's static busybox. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

const TOOLS = ['sh', 'sleep', 'test', 'touch', 'cat', 'httpd', 'true', 'mkdir', 'rm', 'sed', 'mv'];

async function tar(files: Record<string, { content: Buffer | string } | { link: string }>): Promise<Buffer> {
  const archive = pack();
  for (const [name, file] of Object.entries(files)) {
    if ('link' in file) archive.entry({ name, type: 'symlink', linkname: file.link });
    else archive.entry({ name, mode: 0o755 }, file.content);
  }
  archive.finalize();
  return buffer(archive);
}

/**
 * An archive as `docker save` writes it.
 * @param config of the image, such as `{ Cmd: […], Healthcheck: {…} }`
 * @param files beside the tools, by path
 */
export async function busyboxImage(
  names: string[],
  config: object,
  files: Record<string, string> = {},
): Promise<Buffer> {
  const layer = await tar({
    'bin/busybox': { content: readFileSync('/bin/busybox') },
    ...Object.fromEntries(TOOLS.map((tool) => [`bin/${tool}`, { link: 'busybox' }])),
    ...Object.fromEntries(Object.entries(files).map(([path, content]) => [path, { content }])),
  });
  const image = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], ...config },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
  };
  return tar({
    'layer.tar': { content: layer },
    'config.json': { content: JSON.stringify(image) },
    'manifest.json': { content: JSON.stringify([{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }]) },
  });
}
