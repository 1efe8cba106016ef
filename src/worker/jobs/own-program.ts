/** The program that this process is, as one that scripts can call. */
import { fileURLToPath } from 'node:url';
import { packaged } from '../../executable/embedded.ts';

/** What scripts call: the executable itself, or a script in its place where the sources run. */
export type OwnProgram = { path: string } | { script: string };

/** @param running where the program runs from; this process by default */
export function ownProgram({
  isPackaged = packaged,
  executable = process.execPath,
  main = fileURLToPath(new URL('../../main.ts', import.meta.url)),
} = {}): OwnProgram {
  if (isPackaged) return { path: executable };
  return { script: `#!/bin/sh\nexec ${[executable, main].map(quoted).join(' ')} "$@"\n` };
}

/** As one word of a shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
