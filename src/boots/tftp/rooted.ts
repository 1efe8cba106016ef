/** Files of a directory that no name can leave, in TFTP's terms. */
import type { FileHandle } from 'node:fs/promises';
import { openRootedHandle, type RootedRefusal } from '../../system/rooted.ts';
import type { TftpRefusal } from './files.ts';

const REFUSALS: Record<RootedRefusal, TftpRefusal['refused']> = {
  empty: 'bad-name',
  'too-long': 'bad-name',
  nul: 'bad-name',
  backslash: 'bad-name',
  encoded: 'bad-name',
  absolute: 'bad-name',
  'dot-dot': 'bad-name',
  outside: 'outside-root',
  'not-found': 'not-found',
  directory: 'not-a-file',
  'not-a-file': 'not-a-file',
  unreadable: 'unreadable',
};

/** A regular file that was opened; whoever gets it closes the handle. */
export interface RootedFound {
  found: { size: number; handle: FileHandle };
}

/** Opens a regular file of the directory `root`; see {@link openRootedHandle}. */
export async function rootedFile(root: string, name: string): Promise<RootedFound | TftpRefusal> {
  const file = await openRootedHandle(root, name);
  if ('refused' in file) return { refused: REFUSALS[file.refused], sentence: file.sentence };
  return { found: { size: file.size, handle: file.handle } };
}
