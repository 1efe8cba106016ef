/** `tinsmith get`: what there is, as documents that can be applied again. */
import type { ContentObject, Data } from '../api/types.ts';
import type { AnyDocument, Kind } from '../manifests/index.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { documentsOf } from './documents.ts';
import { writeJson } from './output.ts';

type Section = ContentObject['section'];
const SECTIONS = Object.keys(OBJECT_KINDS) as Section[];

/** Words for machines and what is done to them, and for subnets. */
const MANIFESTS: Readonly<Record<string, Kind | 'subnet'>> = {
  hardware: 'hardware',
  machine: 'hardware',
  machines: 'hardware',
  subnet: 'subnet',
  subnets: 'subnet',
  template: 'template',
  templates: 'template',
  workflow: 'workflow',
  workflows: 'workflow',
};
/** Words for the objects of content: `task`, `tasks` and so on. */
const OBJECTS = new Map(
  SECTIONS.flatMap((section) =>
    [OBJECT_KINDS[section].noun, `${OBJECT_KINDS[section].noun}s`].map((noun) => [noun, section]),
  ),
);

export const get = command({
  usage: 'get <noun> [names..]',
  summary: 'Show machines, subnets, templates, workflows and content as documents to be applied',
  examples: [
    ['get hardware', 'All machines, as Tinkerbell’s Hardware in YAML'],
    ['get template ubuntu -o json', 'One template'],
    ['get stages', 'All stages that are neither built in nor of a pack: these are not applied one by one'],
    ['get all > everything.yaml', 'Everything that apply can bring back, but for packs: content export'],
  ],
  flags: (yargs) =>
    serverFlags(yargs)
      .positional('noun', {
        type: 'string',
        demandOption: true,
        choices: [...Object.keys(MANIFESTS), ...OBJECTS.keys(), 'all'],
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
    const { noun, names = [] } = args;
    if (noun === 'all' && names.length > 0)
      throw usage('get all takes no names.', 'Say what they are: get machine NAME');
    const client = new Client(args, terminal);
    const section = OBJECTS.get(noun);
    const documents: object[] = [];
    for (const each of noun === 'all' ? SECTIONS : section ? [section] : [])
      documents.push(...(await documentsOf(await objectsOf(client, each, names))));
    if (section === undefined) documents.push(...(await manifestsOf(client, MANIFESTS[noun], names)));
    if (args.output === 'yaml') {
      const { toYaml } = await import('../manifests/documents.ts');
      terminal.stdout.write(toYaml(documents));
    } else if (documents.length === 1 && names.length === 1) writeJson(terminal, documents[0]);
    else writeJson(terminal, { apiVersion: 'v1', kind: 'List', items: documents });
  },
});

/** Those named, wherever they come from; else all that are not of a pack. */
async function objectsOf(client: Client, section: Section, names: readonly string[]): Promise<ContentObject[]> {
  if (names.length === 0) {
    const { data } = await client.list<ContentObject>(`content/${section}`);
    return data.filter(({ layer }) => layer === 'local');
  }
  const named: ContentObject[] = [];
  for (const name of names) named.push((await client.get<Data<ContentObject>>('content', section, name)).data);
  return named;
}

async function manifestsOf(
  client: Client,
  kind: Kind | 'subnet' | undefined,
  names: readonly string[],
): Promise<AnyDocument[]> {
  const documents: AnyDocument[] = [];
  for (const name of names.length === 0 ? [undefined] : names)
    documents.push(...(await client.find<Data<AnyDocument[]>>('manifests', { kind, name })).data);
  return documents;
}
