/** Folders below the served directory, held open while something is changed in them: no link can lead away meanwhile. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { TinsmithError } from '../../errors.ts';
import { isWithin, O_PATH } from '../../system/rooted.ts';

/** A folder that is open. */
export interface Folder {
  /** Path by which the kernel knows it as long as it is open, whatever becomes of its name. */
  at: string;
  /** Puts what was changed in it on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the folder with these names below `root`.
 * @param make folders that are not there are made (mode 0755), and are on the disk before this resolves
 * @throws TinsmithError NOT_FOUND, CONFLICT (a file is in a folder's place), FORBIDDEN (a link leads out of the root)
 */
export async function openFolder(root: string, names: readonly string[], make = false): Promise<Folder> {
  const base = await realpath(root);
  let handle = await open(base, O_PATH | constants.O_DIRECTORY);
  try {
    for (const [depth, name] of names.entries()) {
      const at = selfPath(handle);
      const path = names.slice(0, depth + 1).join('/');
      if (make && (await made(`${at}/${name}`))) await sync(at);
      const next = await open(`${at}/${name}`, O_PATH | constants.O_DIRECTORY).catch((cause: unknown) => {
        throw notOpened(path, cause);
      });
      await handle.close();
      handle = next;
      const real = await readlink(selfPath(handle));
      if (!isWithin(base, real))
        throw new TinsmithError('FORBIDDEN', `The folder ${path} is a link that leads out of the served files.`, {
          next: 'Name a path that stays below them.',
        });
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  const at = selfPath(handle);
  return { at, sync: () => sync(at), close: () => handle.close() };
}

const selfPath = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;

async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path, 0o755);
    return true;
  } catch (error) {
    // What is in its place is looked at next.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function notOpened(path: string, cause: unknown): unknown {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return new TinsmithError('NOT_FOUND', `There is no folder ${path}.`, { cause });
    case 'ENOTDIR':
      return new TinsmithError('CONFLICT', `${path} is a file, and can have nothing below it.`, {
        next: 'Choose another path, or delete that file.',
        cause,
      });
    default:
      return cause;
  }
}
