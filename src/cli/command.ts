/** What a command is: its words, its flags, its examples, and what it does. `cli.ts` makes the command line of them. */
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { TinsmithError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

export interface Command {
  /** Its word and positional arguments, in yargs' notation: `get [ids..]`. */
  usage: string;
  aliases?: string[];
  summary: string;
  /** A command line without `tinsmith`, and what it does. */
  examples: [line: string, meaning: string][];
  flags(yargs: Argv): Argv;
  /** @returns the exit code, where it is another than 0. */
  run(args: ArgumentsCamelCase, terminal: Terminal): Promise<void> | Promise<number>;
}

/** Commands about one thing: `tinsmith machine …`. */
export interface Noun {
  noun: string;
  aliases?: string[];
  summary: string;
  commands: Command[];
}

/** Declares a command, with `run` typed by its flags. */
export function command<Flags>(
  definition: Omit<Command, 'flags' | 'run'> & {
    flags(yargs: Argv): Argv<Flags>;
    run(args: ArgumentsCamelCase<Flags>, terminal: Terminal): Promise<void> | Promise<number>;
  },
): Command {
  return {
    ...definition,
    flags: (yargs) => definition.flags(yargs) as Argv,
    run: (args, terminal) => definition.run(args as ArgumentsCamelCase<Flags>, terminal),
  };
}

/** Refuses flags and arguments that are well-formed one by one and make no sense together. */
export function usage(message: string, next?: string): TinsmithError {
  return new TinsmithError('USAGE', message, { next });
}
