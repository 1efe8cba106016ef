/** Paths on a mounted file system, which may have symbolic links that mean its own root and not ours. */
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { ActionFailure } from './action.ts';

/** As many links as the kernel follows (path_resolution(7)). */
const LINKS_MAX = 40;

/**
 * Finds `path` below `root` as a system with that root would: absolute links begin at `root`, and `..` never leads above
 * it. Links are followed, the last part's too. The last part need not exist; for a directory before it that is not there,
 * `missing` is called (with its real path) and must make it or throw. Resolves to the real path. Throws an ActionFailure.
 */
export async function resolveInside(
  root: string,
  path: string,
  missing: (directory: string) => Promise<void>,
): Promise<string> {
  const left = path.split('/').filter((part) => part !== '' && part !== '.');
  const at: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '.' || part === '') continue;
    if (part === '..') {
      at.pop();
      continue;
    }
    const here = join(root, ...at, part);
    const found = await lstat(here).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw new ActionFailure(`${path} cannot be reached: ${messageOf(cause)}`, 1, cause);
    });
    if (found?.isSymbolicLink()) {
      if (++links > LINKS_MAX) throw new ActionFailure(`${path} cannot be reached: its links lead in a circle`);
      const target = await readlink(here);
      if (target.startsWith('/')) at.length = 0;
      left.unshift(...target.split('/'));
      continue;
    }
    const isLast = left.every((rest) => rest === '' || rest === '.');
    if (found === undefined && !isLast) await missing(here);
    if (found !== undefined && !found.isDirectory() && !isLast) {
      throw new ActionFailure(`${path} cannot be reached: /${[...at, part].join('/')} is not a directory`);
    }
    at.push(part);
  }
  return join(root, ...at);
}

/** For `resolveInside`: nothing is made, what is not there is an error. */
export async function mustExist(directory: string): Promise<never> {
  throw new ActionFailure(`${directory} does not exist`);
}
