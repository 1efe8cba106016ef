/** Splits the command lines of `cexec`. Pure. */
import { ActionFailure, EXIT_USAGE } from './action.ts';

/**
 * The commands of a line without a shell: separated by `;`, their words by white space. Quotes of both kinds and
 * backslashes take a character for itself, as in a shell; nothing is expanded. Throws an ActionFailure (exit code 64).
 */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [];
  let command: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) command.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (command.length > 0) commands.push(command);
    command = [];
  };
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== undefined && character === quote) quote = undefined;
    else if (quote === "'" || (quote === '"' && character !== '\\')) word = (word ?? '') + character;
    else if (character === '\\') {
      const next = line.charAt(++at);
      if (next === '') throw new ActionFailure('the command line ends with a backslash', EXIT_USAGE);
      // In double quotes a backslash is one, but before these (POSIX shell, 2.2.3).
      word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next);
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (character === ';') endCommand();
    else if (/\s/.test(character)) endWord();
    else word = (word ?? '') + character;
  }
  if (quote !== undefined)
    throw new ActionFailure(`the command line has an opening ${quote} without a closing one`, EXIT_USAGE);
  endCommand();
  return commands;
}

/** What `cexec` runs: the line's commands, or one command where an interpreter takes the line as it is. */
export function commandsOf(line: string, interpreter: string | undefined): string[][] {
  if (interpreter === undefined) return splitCommands(line);
  return splitCommands(interpreter)
    .slice(0, 1)
    .map((command) => [...command, line]);
}
