/** Secrets of the appliance that lie in files of their own in its data directory. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, TinsmithError } from '../errors.ts';

/**
 * Reads a secret, making it when its file is not there: whole and on disk, or not at all, with mode 0600.
 * @throws TinsmithError DATA_DIRECTORY_UNUSABLE
 */
export function secretFile(file: string, make: () => string): string {
  if (!existsSync(file)) {
    const partial = `${file}.${process.pid}`;
    try {
      // Flushed: what is sealed for a key that a power cut takes away can never be opened.
      writeFileSync(partial, `${make()}\n`, { mode: 0o600, flush: true });
      renameSync(partial, file);
    } catch (cause) {
      rmSync(partial, { force: true });
      throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${file} cannot be written: ${messageOf(cause)}`, {
        next: 'Make the data directory writable, or free space on its disk.',
        cause,
      });
    }
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${file} cannot be read: ${messageOf(cause)}`, {
      next: 'Make it readable for the user that the appliance runs as.',
      cause,
    });
  }
}
