/** Secrets on command lines: given as they are, in a file, or in a variable of the environment. */
import { usage } from './command.ts';
import { readTextFile } from './files.ts';
import type { Terminal } from './terminal.ts';

/** What a flag takes for a secret, for its help. */
export const SECRET_FORMS = 'VALUE, @FILE or env:VARIABLE';

/**
 * The secret that was given. No error says what it is.
 * @param flag how to name it in errors
 * @throws TinsmithError NOT_FOUND, USAGE
 */
export function secretOf(flag: string, given: string, environment: Terminal['environment']): string {
  // A file ends with a newline that nobody means.
  if (given.startsWith('@')) return readTextFile(given.slice(1)).replace(/\r?\n$/, '');
  if (!given.startsWith('env:')) return given;
  const variable = given.slice('env:'.length);
  const found = environment[variable];
  if (found === undefined) throw usage(`${flag}: the environment has no ${variable}.`, `Set ${variable}.`);
  return found;
}
