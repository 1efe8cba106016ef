import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';

/** Why a name is not served out of a rooted directory. */
export type RootedRefusal =
  | 'empty'
  | 'too-long'
  | 'nul'
  | 'backslash'
  | 'encoded'
  | 'absolute'
  | 'dot-dot'
  | 'outside'
  | 'not-found'
  | 'directory'
  | 'not-a-file'
  | 'unreadable';

/** Why there is no file for a name; `sentence` says it to a person, naming the file asked for. */
export type NotRooted = { refused: RootedRefusal; sentence: string };

/** A file below the root: `path` is real (absolute, without symbolic links), `size` in bytes. */
export type RootedFile = { path: string; size: number; mtimeMs: number; ino: number };

const SENTENCES: Record<RootedRefusal, string> = {
  empty: 'it, or a part of it, is empty',
  'too-long': 'it is longer than a path can be',
  nul: 'it holds a control character',
  backslash: 'it holds a backslash, which is no separator here',
  encoded: 'it holds an encoded path character after decoding',
  absolute: 'it is absolute; names are relative to the served directory',
  'dot-dot': 'it climbs with ".."',
  outside: 'it is a link that leads out of the served directory',
  'not-found': 'there is no such file',
  directory: 'it is a directory, and directories are not listed',
  'not-a-file': 'it is not a regular file',
  unreadable: 'it cannot be read',
};

/** Linux's PATH_MAX and NAME_MAX. */
const PATH_MAX = 4095;
const NAME_MAX = 255;

/** How names begin of what is being uploaded, and is nobody's yet. */
export const PARTIAL = '.tinsmith-upload-';

/** What can be said against a name without looking at the disk. */
export function refusalOfName(name: string): RootedRefusal | undefined {
  if (name === '') return 'empty';
  if (/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(name)) return 'nul';
  if (name.includes('\\')) return 'backslash';
  if (/%(2e|2f|5c|25|00)/i.test(name)) return 'encoded';
  if (name.startsWith('/')) return 'absolute';
  const parts = name.split('/');
  if (parts.includes('..')) return 'dot-dot';
  if (Buffer.byteLength(name) > PATH_MAX || parts.some((part) => Buffer.byteLength(part) > NAME_MAX)) return 'too-long';
  if (parts.some((part) => part.startsWith(PARTIAL))) return 'not-found';
  return undefined;
}

/** Says of a name why it is not served. */
export function refusalSentence(name: string, refused: RootedRefusal): string {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return `The file ${shown} is not served: ${SENTENCES[refused]}.`;
}

function refusalOfError(error: unknown): RootedRefusal {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'not-found';
    case 'ENAMETOOLONG':
      return 'too-long';
    default:
      return 'unreadable';
  }
}

/**
 * open(2): a descriptor for the place without opening what is there, where a FIFO would wait and a device might act.
 * The value is Linux's on x86-64 and arm64; node:fs has no name for it.
 */
export const O_PATH = 0o10000000;

/** Whether a real path is below a real directory, or that itself. */
export function isWithin(base: string, path: string): boolean {
  return path === base || path.startsWith(base === '/' ? base : `${base}/`);
}

/** Closes what was not written to, which has nothing to lose, without a wait for the pool. */
function letGo(handle: FileHandle | undefined): void {
  handle?.close().catch(() => {});
}

/**
 * Opens the regular file called `name` below `root`, for reading; the caller closes the handle. `name` is relative, with
 * `/` between its parts, and already decoded (once) from a URL. No name leads out of `root`: not by `..`, nor absolute,
 * nor by a symbolic link, nor by a second layer of percent-encoding; links that stay inside are followed. The place is
 * opened first and then judged by the path that the kernel knows it by, so no moment lies between check and use.
 * Directories are never listed. Never rejects.
 */
export async function openRootedHandle(
  root: string,
  name: string,
): Promise<(RootedFile & { handle: FileHandle }) | NotRooted> {
  const refuse = (refused: RootedRefusal): NotRooted => ({ refused, sentence: refusalSentence(name, refused) });
  const refused = refusalOfName(name);
  if (refused !== undefined) return refuse(refused);
  let place: FileHandle | undefined;
  try {
    const base = await realpath(root);
    place = await open(`${base}/${name}`, O_PATH);
    const self = `/proc/self/fd/${place.fd}`;
    const [path, found] = await Promise.all([readlink(self), place.stat()]);
    if (!isWithin(base, path)) return refuse('outside');
    if (found.isDirectory()) return refuse('directory');
    if (!found.isFile()) return refuse('not-a-file');
    const handle = await open(self, constants.O_RDONLY);
    return { path, size: found.size, mtimeMs: found.mtimeMs, ino: found.ino, handle };
  } catch (error) {
    return refuse(refusalOfError(error));
  } finally {
    letGo(place);
  }
}

/** As {@link openRootedHandle}, for who opens the file by its path later. */
export async function openRooted(root: string, name: string): Promise<RootedFile | NotRooted> {
  const found = await openRootedHandle(root, name);
  if ('refused' in found) return found;
  const { handle, ...file } = found;
  letGo(handle);
  return file;
}
