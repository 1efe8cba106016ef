/** Files that are part of the executable: one way to read them in the source tree and in the packaged file. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const sea = createRequire(import.meta.url)('node:sea') as typeof import('node:sea');

/** Whether this is the single executable, rather than Node running the sources. */
export const packaged = sea.isSea();

/** In the executable, pkg's file system; in the source tree, what the build made, and the assets. */
const roots = packaged ? ['../'] : ['../../dist/', '../../assets/'];

function pathOf(name: string): string | undefined {
  return roots
    .map((root) => fileURLToPath(new URL(`${root}${name}`, import.meta.url)))
    .find((path) => existsSync(path));
}

/** Reads an embedded file. @throws when the build has not made it. */
export function readEmbedded(name: string): Buffer {
  const content = readEmbeddedIfThere(name);
  if (!content) throw new Error(`${name} is not embedded; run \`npm run build\``);
  return content;
}

/** Reads an embedded file, or nothing when it is not there: in the source tree before a build. */
export function readEmbeddedIfThere(name: string): Buffer | undefined {
  const path = pathOf(name);
  return path === undefined ? undefined : readFileSync(path);
}

/** The same of a file that may be there as `NAME.gz`, packed. */
export function readPacked(name: string): Buffer | undefined {
  const plain = readEmbeddedIfThere(name);
  const packed = plain === undefined ? readEmbeddedIfThere(`${name}.gz`) : undefined;
  return packed === undefined ? plain : gunzipSync(packed);
}

/** The executable that machines run as their worker, when this is one. */
export function workerExecutable(): string | undefined {
  return packaged ? process.execPath : undefined;
}
