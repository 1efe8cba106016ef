/** `tinsmith machine param`: values of params for one machine. */
import type { ContentObject, Data, MachineParams, SealingKey } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { rowFlags, say, write } from '../output.ts';
import { SECRET_FORMS, secretOf } from '../secrets.ts';
import type { Terminal } from '../terminal.ts';
import { tell } from './life.ts';
import { NAME, pathOf } from './named.ts';

export const param = command({
  usage: 'param <name> [action] [key] [value]',
  summary: 'Show the params of a machine, set one, or take it away',
  examples: [
    ['machine param node1', 'Those that are set for the machine itself'],
    ['machine param node1 --aggregate', 'All that count for it, with where each comes from'],
    [`machine param node1 set change-stage/map '{"discover":"install:Reboot"}'`, 'JSON; what is none is a text'],
    ['machine param node1 set root-password env:ROOT_PASSWORD', 'A secure one is sealed before it is sent'],
    ['machine param node1 unset root-password', 'What a profile, its stage or the default says counts then'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('name', NAME)
      .positional('action', {
        type: 'string',
        choices: ['list', 'get', 'set', 'unset'] as const,
        default: 'list' as const,
        describe: 'What to do',
      })
      .positional('key', { type: 'string', describe: 'Name of the param' })
      .positional('value', { type: 'string', describe: `JSON or text; of a secure param ${SECRET_FORMS}` })
      .option('aggregate', {
        type: 'boolean',
        describe: 'Those too that come from profiles, the stage and the params’ own defaults',
      }),
  async run(args, terminal) {
    const { name, action, key, value, aggregate } = args;
    refuseMissing(action, key, value);
    const client = new Client(args, terminal);
    if (action === 'set' && key !== undefined && value !== undefined) {
      const set = { [key]: await valueFor(client, key, value, terminal) };
      const answer = await tell(client, name, 'params', { set });
      return say(terminal, textFormat(args.output), `Set ${key} of ${name}`, answer);
    }
    if (action === 'unset' && key !== undefined) {
      const answer = await tell(client, name, 'params', { unset: [key] });
      return say(terminal, textFormat(args.output), `Unset ${key} of ${name}`, answer);
    }
    const query = { aggregate: aggregate ? 'true' : undefined };
    const { data } = await client.find<Data<MachineParams>>(pathOf(name, 'params'), query);
    const chosen = key === undefined ? data : only(data, key, name);
    if (action === 'get' && key !== undefined && args.output === 'table')
      terminal.stdout.write(`${textOf(chosen[key]?.value)}\n`);
    else {
      const rows = Object.entries(chosen).map(([each, of]) => [each, textOf(of.value), of.from]);
      write(terminal, args, { headers: ['Param', 'Value', 'From'], rows, json: { data: chosen } });
    }
  },
});

function refuseMissing(action: string, key: string | undefined, value: string | undefined): void {
  if (action === 'list' && key !== undefined) throw usage('list takes no name.', `Say get ${key}.`);
  if (action !== 'list' && key === undefined) throw usage(`Which param should it ${action}?`);
  if (action === 'set' && value === undefined)
    throw usage('Which value should it set?', 'Give it as JSON, or as text.');
  if (action !== 'set' && value !== undefined) throw usage(`${action} takes no value.`);
}

/** The value to be sent: as the param's schema has it, and sealed where the param is secure. */
async function valueFor(client: Client, key: string, text: string, terminal: Terminal): Promise<unknown> {
  const { secure, schema } = await paramNamed(client, key);
  if (!secure) return valueIn(text, schema);
  const value = valueIn(secretOf(`The value of ${key}`, text, terminal.environment), schema);
  const { data } = await client.get<Data<SealingKey>>('sealing-key');
  const { seal } = await import('../../life/seal.ts');
  return seal(data.key, value);
}

/** What is told of a param; one that nobody has described takes any value. */
async function paramNamed(client: Client, key: string): Promise<{ secure: boolean; schema?: unknown }> {
  try {
    const { object } = (await client.get<Data<ContentObject>>('content', 'params', key)).data;
    return 'secure' in object ? object : { secure: false };
  } catch (error) {
    if (error instanceof TinsmithError && error.code === 'NOT_FOUND') return { secure: false };
    throw error;
  }
}

/** A text as a value: as JSON where it is some. Where texts are wanted, `12345` is one. */
export function valueIn(text: string, schema: unknown): unknown {
  const parsed = parseJson(text);
  const wantsText = typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'string';
  return parsed === undefined || (wantsText && typeof parsed !== 'string') ? text : parsed;
}

function only(params: MachineParams, key: string, machine: string): MachineParams {
  const found = params[key];
  if (found) return { [key]: found };
  throw new TinsmithError('NOT_FOUND', `Machine ${machine} has no param ${key}.`, {
    next: `See which there are: tinsmith machine param ${machine} --aggregate`,
  });
}

/** A text as it is, anything else as JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textFormat(output: 'table' | 'json' | 'csv'): 'table' | 'json' {
  return output === 'json' ? 'json' : 'table';
}
