/** `tinsmith workflow data`: what the actions of a workflow share, with the flags that `tink` had. */
import type { Data, DataVersion, DataWritten } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { readBytes } from '../files.ts';
import { rowFlags, say, write } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { EXAMPLE, ID, pathOf } from './named.ts';

export const data = command({
  usage: 'data <id>',
  summary: 'Show the data that the actions of a workflow share, or write it',
  examples: [
    [`workflow data ${EXAMPLE}`, 'As the last action left it'],
    [`workflow data ${EXAMPLE} --version 3 --metadata`, 'Who wrote the third version'],
    [`workflow data ${EXAMPLE} --set data.json --base 3`, 'What others wrote since is kept, or it is refused'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('id', ID)
      .option('version', { alias: 'v', type: 'number', describe: 'This version [the latest]' })
      .option('metadata', { alias: 'm', type: 'boolean', describe: 'Who wrote it, and when, as JSON' })
      // `latest version`, with the space, is what tink called it.
      .option('latest', {
        alias: ['l', 'latest version'],
        type: 'boolean',
        describe: 'The number of the latest version',
      })
      .option('history', { type: 'boolean', describe: 'Every version, and who wrote it' })
      .option('set', { type: 'string', nargs: 1, describe: 'Write what is in this file; - is standard input' })
      .option('base', { type: 'number', describe: 'With --set: the version that it was made from' }),
  async run(args, terminal) {
    const asked = (['metadata', 'latest', 'history', 'set'] as const).filter((name) => args[name] !== undefined);
    if (asked.length > 1) throw usage(`--${asked.join(' and --')} do not go together.`, 'Give one of them.');
    if (args.base !== undefined && args.set === undefined)
      throw usage('--base belongs to what is written.', 'Give it with --set.');
    if (args.version !== undefined && asked[0] !== undefined && asked[0] !== 'metadata')
      throw usage(`--version does not go with --${asked[0]}.`, 'Leave it out.');
    const client = new Client(args, terminal);
    switch (asked[0]) {
      case 'set':
        return set(client, args, terminal);
      case 'latest': {
        const latest = (await versionsOf(client, args.id)).at(-1)?.version ?? 0;
        return say(terminal, textOrJson(args.output), `Latest workflow data version: ${latest}`, { data: latest });
      }
      case 'metadata':
        terminal.stdout.write(`${JSON.stringify(await metadata(client, args.id, args.version))}\n`);
        return;
      case 'history':
        return write(terminal, args, historyOf(await versionsOf(client, args.id)));
      case undefined: {
        const query = { version: args.version?.toString() };
        terminal.stdout.write((await client.bytes(pathOf(args.id, 'data'), query)).bytes);
      }
    }
  },
});

async function set(
  client: Client,
  args: { id: string; set?: string | undefined; base?: number | undefined; output: 'table' | 'json' | 'csv' },
  terminal: Terminal,
): Promise<void> {
  const bytes = await readBytes(args.set ?? '-', terminal);
  const query = { base: args.base?.toString() };
  const answer = await client.sendBytes<Data<DataWritten>>(pathOf(args.id, 'data'), query, bytes);
  const { version, merged } = answer.data;
  const how = merged ? ', merged with what others wrote' : '';
  say(terminal, textOrJson(args.output), `Written workflow data version: ${version}${how}`, answer);
}

/** In the words of `tink`. */
async function metadata(client: Client, id: string, version: number | undefined): Promise<Record<string, unknown>> {
  const versions = await versionsOf(client, id);
  const found = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
  if (!found) {
    throw new TinsmithError(
      'NOT_FOUND',
      version === undefined
        ? `Workflow ${id} has no data yet.`
        : `The data of workflow ${id} has no version ${version}.`,
      { next: `See which there are: tinsmith workflow data ${id} --history` },
    );
  }
  const { worker, action, task, at, sha256 } = found;
  return { workerID: worker ?? '', actionName: action ?? '', taskName: task ?? '', updatedAt: at, sha256 };
}

async function versionsOf(client: Client, id: string): Promise<DataVersion[]> {
  return (await client.get<Data<DataVersion[]>>('workflows', id, 'data', 'versions')).data;
}

function historyOf(versions: DataVersion[]) {
  return {
    headers: ['Version', 'Written At', 'Bytes', 'Written By', 'Worker ID', 'SHA-256'],
    rows: versions.map(({ version, at, size, by, worker, sha256 }) => [version, at, size, by, worker, sha256]),
    json: { data: versions },
  };
}

function textOrJson(output: 'table' | 'json' | 'csv'): 'table' | 'json' {
  return output === 'json' ? 'json' : 'table';
}
