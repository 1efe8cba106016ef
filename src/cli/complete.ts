/** What could come next on a command line: the words that shells ask for (`completion.ts`). */
import yargs, { type Argv } from 'yargs';
import type { Command } from './command.ts';
import { COMMANDS, NOUNS } from './commands.ts';

/** @param words what is written after `tinsmith`, the last of them perhaps half. */
export function completions(words: string[]): string[] {
  const last = words.at(-1) ?? '';
  return candidates(words.slice(0, -1)).filter(
    (word) => word.startsWith(last) && (last.startsWith('-') || !word.startsWith('-')),
  );
}

function candidates(before: string[]): string[] {
  const [first, second] = before;
  if (first === undefined)
    return [
      ...NOUNS.flatMap(({ noun, aliases = [] }) => [noun, ...aliases]),
      ...COMMANDS.map(wordOf),
      '--help',
      '--version',
    ];
  const noun = NOUNS.find(({ noun: name, aliases = [] }) => [name, ...aliases].includes(first));
  if (noun && second === undefined) return [...noun.commands.map(wordOf), '--help'];
  const command = noun
    ? noun.commands.find((each) => wordOf(each) === second)
    : COMMANDS.find((each) => wordOf(each) === first);
  if (!command) return [];
  const { key, choices } = (
    command.flags(yargs()) as Argv & {
      getOptions(): { key: Record<string, unknown>; choices: Record<string, string[]> };
    }
  ).getOptions();
  const flag = before.at(-1)?.replace(/^--?/, '') ?? '';
  const positional = /\[(\w+)\]/.exec(command.usage)?.[1] ?? '';
  if (before.at(-1)?.startsWith('-') && choices[flag]) return choices[flag];
  return [
    ...(choices[positional] ?? []),
    ...Object.keys(key)
      .filter((name) => name.length > 1 && name !== positional && !name.includes(' '))
      .map((name) => `--${name}`),
    '--help',
  ];
}

function wordOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? usage;
}
