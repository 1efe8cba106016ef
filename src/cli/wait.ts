/** `tinsmith … wait NAME FIELD VALUE [TIMEOUT]`: staying until something has a value, the same for every noun. */
import type { Argv } from 'yargs';
import { TinsmithError } from '../errors.ts';
import { changes, unlessAway } from './changes.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { outputFlag, say } from './output.ts';
import type { Terminal } from './terminal.ts';

/** What a timer of Node can count. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** The field that says whether there is such a thing at all. */
const EXISTS = 'exists';

/** What is waited for. */
export interface Awaited {
  /** `Machine node1`: whose field it is, for people. */
  called: string;
  /** Which events are looked at. */
  query: Parameters<typeof changes>[1];
  /** As it is now. @throws TinsmithError NOT_FOUND where it is not there (any more) */
  look: () => Promise<object>;
  /** What of it is looked at; its own fields by default. */
  read?: (found: object) => unknown;
  /** A command that shows what it does. */
  next: string;
}

/** The arguments that say what is waited for. */
export interface WaitArguments {
  field: string;
  value: string;
  timeout?: string | undefined;
  output: Parameters<typeof say>[1];
}

/** Adds them to a command whose usage is `wait <name> <field> <value> [timeout]`. */
export function waitFlags<T>(yargs: Argv<T>, fields: string) {
  return yargs
    .positional('field', { type: 'string', demandOption: true, describe: fields })
    .positional('value', {
      type: 'string',
      demandOption: true,
      describe: 'What it is to be; "" is nothing; also Ne(VALUE), In(VALUE,…), Nin(VALUE,…)',
    })
    .positional('timeout', { type: 'string', describe: 'Give up after so many seconds [never]' });
}

/**
 * Stays until it is so.
 * @throws TinsmithError TIMED_OUT, NOT_FOUND (unless `exists` is what is waited for), USAGE
 */
export async function waitUntil(client: Client, terminal: Terminal, args: WaitArguments, of: Awaited): Promise<void> {
  const { field, value, output } = args;
  const wanted = readWanted(value);
  const seconds = args.timeout === undefined ? undefined : Number(args.timeout);
  if (seconds !== undefined && !(seconds >= 0))
    throw usage(`${args.timeout} is not a number of seconds.`, 'Write it like 600.');
  const limit = seconds === undefined ? undefined : AbortSignal.timeout(Math.min(seconds * 1000, LONGEST_WAIT_MS));
  let last = '';
  try {
    for await (const _ of changes(client, of.query, limit)) {
      const found = await unlessAway(standingOf(of, field));
      if (!found) continue;
      last = found.text;
      if (wanted(last)) {
        say(terminal, output, `${of.called}: ${field} ${last}`.trimEnd(), { data: found.data ?? {} });
        return;
      }
    }
  } catch (error) {
    if (!limit?.aborted) throw error;
    const called = of.called.charAt(0).toLowerCase() + of.called.slice(1);
    throw new TinsmithError(
      'TIMED_OUT',
      `${field} of ${called} is ${last === '' ? 'nothing' : last} after ${seconds} s, not ${value}.`,
      { next: `See what it does: ${of.next}` },
    );
  }
}

async function standingOf(of: Awaited, field: string): Promise<{ data: object | undefined; text: string }> {
  const asksWhether = field.toLowerCase() === EXISTS;
  try {
    const data = await of.look();
    return { data, text: asksWhether ? 'true' : textOf(of.read ? of.read(data) : valueAt(data, field)) };
  } catch (error) {
    if (!asksWhether || !(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
    return { data: undefined, text: 'false' };
  }
}

/**
 * The value at a path such as `params.rack/place` or `tasks[0]`; keys whatever their case, and those that have dots
 * themselves too.
 */
export function valueAt(value: unknown, path: string): unknown {
  if (path === '') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const rest = path.replace(/^\./, '');
  const index = /^\[(\d+)\]/.exec(rest);
  if (index) return Array.isArray(value) ? valueAt(value[Number(index[1])], rest.slice(index[0].length)) : undefined;
  const lower = rest.toLowerCase();
  // The longest key that fits.
  const key = Object.keys(value)
    .filter((each) => lower.startsWith(each.toLowerCase()) && /^($|\.|\[)/.test(rest.slice(each.length)))
    .sort((a, b) => b.length - a.length)[0];
  if (key === undefined) return undefined;
  return valueAt((value as Record<string, unknown>)[key], rest.slice(key.length));
}

/** @throws TinsmithError USAGE where a path begins with none of these fields */
export function refuseUnknown(what: string, field: string, known: readonly string[]): void {
  const [first = ''] = /^[^.[]*/.exec(field) ?? [];
  if ([EXISTS, ...known].some((each) => each.toLowerCase() === first.toLowerCase())) return;
  throw usage(`${what} have no field ${field} to wait for.`, `There are ${[...known, EXISTS].join(', ')}.`);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Digital Rebar's words for what a value is to be. */
function readWanted(text: string): (value: string) => boolean {
  const [, word, inner = ''] = /^(Eq|Ne|In|Nin)\((.*)\)$/s.exec(text) ?? [];
  const several = inner.split(',').map((each) => each.trim());
  switch (word) {
    case 'Eq':
      return (value) => value === inner;
    case 'Ne':
      return (value) => value !== inner;
    case 'In':
      return (value) => several.includes(value);
    case 'Nin':
      return (value) => !several.includes(value);
    default:
      return (value) => value === text;
  }
}

/** A command `wait` for things that are named, and have the fields that the API shows. */
export function waitCommand(parts: {
  noun: string;
  /** Several of them, at the beginning of a sentence. */
  plural: string;
  example: [name: string, field: string, value: string];
  /** What may be waited for: the first words of paths. */
  fields: () => Promise<readonly string[]>;
  awaited: (client: Client, name: string) => Promise<Awaited> | Awaited;
}) {
  const { noun, plural, example } = parts;
  return command({
    usage: 'wait <name> <field> <value> [timeout]',
    summary: `Wait until something of one of the ${plural} has a value`,
    examples: [
      [`${noun} wait ${example.join(' ')} 600`, 'Exit code 75 when it is not so after 10 minutes'],
      [`${noun} wait ${example[0]} exists true`, 'Until there is one of that name'],
    ],
    flags: (yargs) =>
      waitFlags(
        serverFlags(outputFlag(yargs)).positional('name', {
          type: 'string',
          demandOption: true,
          describe: 'Name or id',
        }),
        'A field, as get -o json shows it, such as meta.owner or list[0]; or exists',
      ),
    async run(args, terminal) {
      refuseUnknown(plural.charAt(0).toUpperCase() + plural.slice(1), args.field, await parts.fields());
      const client = new Client(args, terminal);
      await waitUntil(client, terminal, args, await parts.awaited(client, args.name));
    },
  });
}
