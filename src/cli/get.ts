/** `tinsmith get`: what there is, as documents that can be applied again. */
import type { Data } from '../api/types.ts';
import type { AnyDocument, Kind } from '../manifests/index.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { writeJson } from './output.ts';

/** Words for each kind. */
const NOUNS: Readonly<Record<string, Kind | 'subnet' | 'all'>> = {
  hardware: 'hardware',
  machine: 'hardware',
  machines: 'hardware',
  subnet: 'subnet',
  subnets: 'subnet',
  template: 'template',
  templates: 'template',
  workflow: 'workflow',
  workflows: 'workflow',
  all: 'all',
};

export const get = command({
  usage: 'get <noun> [names..]',
  summary: 'Show machines, subnets, templates or workflows as documents to be applied',
  examples: [
    ['get hardware', 'All machines, as Tinkerbell’s Hardware in YAML'],
    ['get template ubuntu -o json', 'One template'],
    ['get subnet > subnets.yaml', 'All subnets'],
    ['get all > everything.yaml', 'Everything that apply can bring back'],
  ],
  flags: (yargs) =>
    serverFlags(yargs)
      .positional('noun', {
        type: 'string',
        demandOption: true,
        choices: Object.keys(NOUNS),
        describe: 'What to show',
      })
      .positional('names', { type: 'string', array: true, describe: 'Id or name; NAMESPACE/NAME as documents have it' })
      .option('output', {
        alias: ['format', 'o'],
        type: 'string',
        choices: ['yaml', 'json'] as const,
        default: 'yaml' as const,
        describe: 'Form of the documents',
      }),
  async run(args, terminal) {
    const kind = NOUNS[args.noun];
    const names = args.names ?? [];
    if (kind === 'all' && names.length > 0)
      throw usage('get all takes no names.', 'Say what they are: get machine NAME');
    const client = new Client(args, terminal);
    const documents: AnyDocument[] = [];
    for (const name of names.length === 0 ? [undefined] : names) {
      const query = { kind: kind === 'all' ? undefined : kind, name };
      documents.push(...(await client.find<Data<AnyDocument[]>>('manifests', query)).data);
    }
    if (args.output === 'yaml') {
      const { toYaml } = await import('../manifests/documents.ts');
      terminal.stdout.write(toYaml(documents));
    } else if (documents.length === 1 && names.length === 1) writeJson(terminal, documents[0]);
    else writeJson(terminal, { apiVersion: 'v1', kind: 'List', items: documents });
  },
});
