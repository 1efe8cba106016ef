import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';

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

/** A file below the root (`path` is real: absolute and without symbolic links; `size` in bytes), or why there is none. */
export type Rooted =
  | { path: string; size: number; mtimeMs: number }
  | { refused: RootedRefusal /** The refusal for a person, naming the file asked for. */; sentence: string };

const SENTENCES: Record<RootedRefusal, string> = {
  empty: 'it is empty',
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

/** What can be said against a name without looking at the disk. */
function refusalOfName(name: string): RootedRefusal | undefined {
  if (name === '') return 'empty';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'nul';
  if (name.includes('\\')) return 'backslash';
  if (/%(2e|2f|5c|25|00)/i.test(name)) return 'encoded';
  if (name.startsWith('/')) return 'absolute';
  const parts = name.split('/');
  if (parts.includes('..')) return 'dot-dot';
  if (Buffer.byteLength(name) > PATH_MAX || parts.some((part) => Buffer.byteLength(part) > NAME_MAX)) return 'too-long';
  return undefined;
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
 * Finds the regular file called `name` below `root`. `name` is relative, with `/` between its parts, and already
 * decoded (once) from a URL. No name leads out of `root`: not by `..`, nor absolute, nor by a symbolic link, nor by a
 * second layer of percent-encoding; links that stay inside are followed. Directories are never listed. Never rejects.
 */
export async function openRooted(root: string, name: string): Promise<Rooted> {
  const refuse = (refused: RootedRefusal): Rooted => {
    const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
    return { refused, sentence: `The file ${shown} is not served: ${SENTENCES[refused]}.` };
  };
  const refused = refusalOfName(name);
  if (refused !== undefined) return refuse(refused);
  try {
    const base = await realpath(root);
    const path = await realpath(`${base}${sep}${name}`);
    if (path !== base && !path.startsWith(base === sep ? sep : base + sep)) return refuse('outside');
    const found = await stat(path);
    if (found.isDirectory()) return refuse('directory');
    if (!found.isFile()) return refuse('not-a-file');
    return { path, size: found.size, mtimeMs: found.mtimeMs };
  } catch (error) {
    return refuse(refusalOfError(error));
  }
}
