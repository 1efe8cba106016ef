/** Container images of one layer, made from Debian's static busybox. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { config, saved, type TarEntry, tar } from '../registry/archives.ts';

const TOOLS = ['sh', 'sleep', 'test', 'touch', 'cat', 'httpd', 'true', 'mkdir', 'mkfifo', 'rm', 'sed', 'mv'];

/**
 * An archive as `docker save` writes it.
 * @param settings of the image, such as `{ Cmd: […], Healthcheck: {…} }`
 * @param files beside the tools, by path
 */
export async function busyboxImage(
  names: string[],
  settings: object = {},
  files: Record<string, string> = {},
): Promise<Buffer> {
  const layer = await tar([
    { name: 'bin/busybox', content: readFileSync('/bin/busybox'), mode: 0o755 },
    ...TOOLS.map((tool): TarEntry => ({ name: `bin/${tool}`, type: 'symlink', linkname: 'busybox' })),
    ...Object.entries(files).map(([name, content]): TarEntry => ({ name, content, mode: 0o755 })),
  ]);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const described = config([layer], { architecture, config: { Env: ['PATH=/bin'], ...settings } });
  return tar(saved(names, [layer], [layer], described));
}

/** Gives such an image to an engine. */
export async function loadBusybox(docker: Docker, name: string, settings: object = {}): Promise<void> {
  const answer = await docker.loadImage(Readable.from([await busyboxImage([name], settings)]));
  for await (const _ of answer as Readable);
}
