import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** What the build makes. */
export const DIST = join(REPOSITORY, 'dist');
/** What may be thrown away and is then fetched or made again. */
export const CACHE = join(REPOSITORY, '.cache');

/** Says one line of progress, on standard error: seconds since the build started, the part, and what it does. */
export function progress(part: string, text: string): void {
  process.stderr.write(`${process.uptime().toFixed(1).padStart(6)}s  ${part}: ${text}\n`);
}

/** SHA-256 of a file, in hex. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Size for people: `84.0 MB` (10^6 bytes). */
export function megabytes(path: string): string {
  return `${(statSync(path).size / 1e6).toFixed(1)} MB`;
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** One digest over the content of files and folders (paths from the repository's top) and other values. */
export function digestOf(paths: readonly string[], values: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(join(REPOSITORY, path)))
      hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.update(values.join('\0')).digest('hex');
}

/**
 * Makes `outputs` unless they are there already from the same `inputs` digest. The digest is kept beside the cache,
 * written last, so that a build cut short is made again. Returns true when something was made.
 */
export async function whenChanged(
  name: string,
  inputs: string,
  outputs: readonly string[],
  make: () => Promise<void>,
): Promise<boolean> {
  const stamp = join(CACHE, 'stamps', name);
  if (outputs.every((path) => existsSync(path)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) {
    progress(name, 'unchanged');
    return false;
  }
  await mkdir(dirname(stamp), { recursive: true });
  await make();
  await writeFile(stamp, inputs);
  return true;
}
