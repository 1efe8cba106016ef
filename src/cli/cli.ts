/** The command line: finds the command that the words name, runs it, and says what became of it. */
import yargs, { type ArgumentsCamelCase, type Argv } from 'yargs';
import type { Command } from './command.ts';
import { usage } from './command.ts';
import { COMMANDS, NOUNS } from './commands.ts';
import { writeFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Exit code after Ctrl-C: 128 + SIGINT. */
const INTERRUPTED = 130;

/** A command and what it was given. */
interface Call {
  command: Command;
  args: ArgumentsCamelCase;
}

/**
 * Runs one command line.
 * @param words without the names of Node and of the program.
 * @returns the exit code; whatever went wrong has been said on standard error.
 */
export async function runCommandLine(words: string[], terminal: Terminal): Promise<number> {
  try {
    if (words[0] === '--complete') {
      const { completions } = await import('./complete.ts');
      for (const word of completions(words.slice(1)))
        terminal.stdout.write(`${word}
`);
      return 0;
    }
    const parsed = parse(words, terminal.stdout.columns);
    if ('command' in parsed) return (await parsed.command.run(parsed.args, terminal)) ?? 0;
    terminal.stdout.write(`${parsed.text}\n`);
    return 0;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return INTERRUPTED;
    return writeFailure(error, terminal, wantsJson(words));
  }
}

/**
 * The command that words name, or the text to show instead of running one.
 * @throws TinsmithError USAGE
 */
export function parse(words: string[], columns = 100): Call | { text: string } {
  let call: Call | undefined;
  let text = '';
  const parser = build(columns, (found) => {
    call = found;
  });
  const asked = words.length === 0 ? ['--help'] : words[0] === '--version' ? ['version', ...words.slice(1)] : words;
  // With a callback, yargs gives its help to us in place of writing it.
  parser.parse(asked, (_error: unknown, _args: unknown, output: string) => {
    text = output;
  });
  return call && text === '' ? call : { text };
}

function build(columns: number, found: (call: Call) => void): Argv {
  const parser = yargs()
    .scriptName('tinsmith')
    .usage('$0 COMMAND\n\nA bare-metal provisioner in one executable: plug a machine in, and it is provisioned.')
    .parserConfiguration({ 'parse-positional-numbers': false, 'boolean-negation': false, 'greedy-arrays': false })
    .locale('en')
    .exitProcess(false)
    .strict()
    .recommendCommands()
    .wrap(Math.min(Math.max(columns, 60), 120))
    .help('help', 'Show help')
    .version(false)
    .option('version', { type: 'boolean', global: false, describe: 'Show version, commit and Node version' })
    .example('tinsmith up', 'Start the appliance on this computer')
    .demandCommand(1, 'Which command?')
    .epilogue('Every command has its own help: tinsmith workflow create --help')
    .fail(refuse('tinsmith --help'));
  for (const { noun, aliases = [], summary, commands } of NOUNS) {
    parser.command({
      command: [noun, ...aliases],
      describe: summary,
      builder: (own: Argv) => {
        for (const command of commands) add(own, command, noun, found);
        const [line, meaning] = commands[0]?.examples[0] ?? [`${noun} --help`, ''];
        return own
          .demandCommand(1, 'Which command?')
          .example(`tinsmith ${line}`, meaning)
          .epilogue('')
          .fail(refuse(`tinsmith ${noun} --help`));
      },
      handler: () => {},
    });
  }
  for (const command of COMMANDS) add(parser, command, '', found);
  return parser;
}

function add(parser: Argv, command: Command, noun: string, found: (call: Call) => void): void {
  const words = `${noun} ${command.usage.split(' ')[0]}`.trim();
  parser.command({
    command: [command.usage, ...(command.aliases ?? [])],
    describe: command.summary,
    builder: (own: Argv) => {
      own.epilogue('').fail(refuse(`tinsmith ${words} --help`));
      const flags = command.flags(own);
      for (const [line, meaning] of command.examples) flags.example(`tinsmith ${line}`, meaning);
      return flags;
    },
    handler: (args) => {
      refuseRepeated(args, parser);
      refuseNoNumbers(args, parser);
      found({ command, args });
    },
  });
}

function refuse(help: string): (message: string, error: Error | undefined) => never {
  return (message, error) => {
    if (error) throw error;
    const said = message
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^Did you mean/, 'There is no such command. Did you mean')
      .replace(/^Missing dependent arguments: (\S+) -> (\S+)$/, '--$1 has a meaning with --$2 only')
      .replace(/^Arguments (\S+) and (\S+) are mutually exclusive$/, '--$1 and --$2 can not be given together');
    throw usage(/[.?!]$/.test(said) ? said : `${said}.`, `See: ${help}`);
  };
}

/** A flag given twice that is no list reaches us as an array, which no command expects. */
function refuseRepeated(args: ArgumentsCamelCase, parser: Argv): void {
  const lists = new Set((parser as Argv & { getOptions(): { array: string[] } }).getOptions().array);
  for (const [name, value] of Object.entries(args)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (name !== '_' && Array.isArray(value) && !lists.has(name) && !lists.has(flag))
      throw usage(`--${flag} is given more than once.`, 'Give it once.');
  }
}

/** A flag that counts something, with what is no number, reaches us as NaN. None of them counts below 0. */
function refuseNoNumbers(args: ArgumentsCamelCase, parser: Argv): void {
  for (const flag of (parser as Argv & { getOptions(): { number: string[] } }).getOptions().number) {
    const value = args[flag];
    if (typeof value === 'number' && !(value >= 0)) throw usage(`--${flag} is not a number from 0 up.`, 'Correct it.');
  }
}

/** Whether a command line asks for JSON, told before it is understood: an error in it is to be JSON too. */
function wantsJson(words: string[]): boolean {
  return words.some(
    (word, i) =>
      /^(--output|--format|-o)=json$/.test(word) || (/^(--output|--format|-o)$/.test(word) && words[i + 1] === 'json'),
  );
}
