/** Writes a file of a Task. */
import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { messageOf } from '../../errors.ts';
import { ActionFailure } from '../images.ts';

/**
 * Writes it, mode 0644, and the folders above it.
 * @param folder the Job's: a relative path is below it
 * @returns where, and how many bytes
 * @throws ActionFailure when it can't be written, or would lie outside the folder though its path is relative
 */
export async function writeTaskFile(
  folder: string,
  path: string,
  content: string,
): Promise<{ path: string; bytes: number }> {
  const full = placeOf(folder, path);
  if (full === undefined)
    throw new ActionFailure(
      `file ${path} is not written: it would lie outside the Job's folder; give an absolute path`,
    );
  const bytes = Buffer.from(content);
  try {
    await mkdir(dirname(full), { recursive: true });
    if (!isAbsolute(path) && !isBelow(await realpath(folder), await realpath(dirname(full))))
      throw new Error('a link in its path leads out of the Job’s folder');
    await writeFile(full, bytes, { mode: 0o644 });
    await chmod(full, 0o644);
  } catch (error) {
    throw new ActionFailure(`file ${path} could not be written: ${messageOf(error)}`);
  }
  return { path: full, bytes: bytes.length };
}

/** Where a file lies; undefined: its relative path leads out of the folder, or names no file in it. Pure. */
export function placeOf(folder: string, path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  if (isAbsolute(path)) return normalize(path);
  const full = join(folder, path);
  return full !== folder && isBelow(folder, full) ? full : undefined;
}

const isBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);
