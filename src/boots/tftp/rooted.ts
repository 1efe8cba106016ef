/** Files of a directory that no name can leave, whatever is renamed or linked while it is looked up. */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import type { TftpFound, TftpRefusal } from './files.ts';

/**
 * open(2): get a descriptor for the place, without opening what is there: a FIFO would wait, a device might act.
 * The value is Linux's on x86-64 and arm64.
 */
const O_PATH = 0o10000000;

const LONGEST_NAME = 255;

/**
 * Opens a regular file of the directory `root`. `name` is relative to it, with `/` between folders; symbolic links are
 * followed as long as they end inside. The place is opened first, and what was opened is then judged by the path the kernel
 * knows it by, so there is no moment between check and use.
 */
export async function rootedFile(root: string, name: string): Promise<TftpFound | TftpRefusal> {
  const fault = faultOf(name);
  if (fault !== undefined) return { refused: 'bad-name', sentence: `the name ${JSON.stringify(name)} ${fault}` };
  let place: FileHandle | undefined;
  try {
    const top = await realpath(root);
    place = await open(`${top}/${name}`, O_PATH);
    const self = `/proc/self/fd/${place.fd}`;
    const real = await readlink(self);
    if (real !== top && !real.startsWith(top === '/' ? top : `${top}/`)) {
      return { refused: 'outside-root', sentence: `${JSON.stringify(name)} leads out of ${root}` };
    }
    const isFile = (await place.stat()).isFile();
    if (!isFile) return { refused: 'not-a-file', sentence: `${JSON.stringify(name)} in ${root} is not a regular file` };
    const handle = await open(self, constants.O_RDONLY);
    return { found: { size: (await handle.stat()).size, handle } };
  } catch (error) {
    return refusalOf(error, root, name);
  } finally {
    await place?.close();
  }
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > LONGEST_NAME) return `is longer than ${LONGEST_NAME} bytes`;
  if (name.includes('\0')) return 'contains a NUL';
  if (name.includes('\\')) return 'contains a backslash';
  if (name.startsWith('/')) return 'is absolute';
  if (name.split('/').includes('..')) return 'contains ".."';
  return undefined;
}

function refusalOf(error: unknown, root: string, name: string): TftpRefusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const what = JSON.stringify(name);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { refused: 'not-found', sentence: `there is no ${what} in ${root}` };
    case 'ELOOP':
      return { refused: 'outside-root', sentence: `${what} in ${root} is a circle of symbolic links` };
    default:
      return { refused: 'unreadable', sentence: `${what} in ${root} can not be opened: ${messageOf(error)}` };
  }
}
