/** `tinsmith content …`: packs of tasks, stages and all else that belongs together. */
import type { Data, PackAdded, PackInfo, PackRemoved } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { warnOfUnsupported } from './objects.ts';
import { outputFlag, rowFlags, say, write } from './output.ts';
import { readFolder, readPack } from './pack-files.ts';
import { waitCommand } from './wait.ts';

const NAME = { type: 'string', demandOption: true, describe: 'Name of the pack' } as const;

const list = command({
  usage: 'list',
  summary: 'List the content packs',
  examples: [['content list', 'Those that are built in, and those that were uploaded']],
  flags: (yargs) => serverFlags(rowFlags(yargs)),
  async run(args, terminal) {
    const json = await new Client(args, terminal).get<Data<PackInfo[]>>('packs');
    const rows = json.data.map(({ name, version, objects, layer, updatedAt, description }) => [
      name,
      version,
      objects,
      layer === 'builtin' ? 'built in' : updatedAt,
      description,
    ]);
    write(terminal, args, { headers: ['Name', 'Version', 'Objects', 'Updated At', 'Description'], rows, json });
  },
});

const show = command({
  usage: 'show <name>',
  summary: 'Show what is in a content pack',
  examples: [['content show drp-community-content', 'Its objects by section, and what of it is not used']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('name', NAME),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const info = await fetchInfo(client, args.name);
    const path = `packs/${encodeURIComponent(args.name)}`;
    const pack = await client.find<{ sections?: Record<string, object> }>(path, { format: 'json' });
    const sections = Object.entries(pack.sections ?? {}).map(
      ([section, objects]) => [section, Object.keys(objects)] as const,
    );
    const rows = [
      ['Name', info.name],
      ['Version', info.version],
      ['Description', info.description],
      ['From', info.layer === 'builtin' ? 'built in' : `uploaded ${info.updatedAt ?? ''}`],
      ...sections.filter(([, names]) => names.length > 0).map(([section, names]) => [section, names.join('\n')]),
      ...(info.unsupported.length > 0 ? [['Nothing is done with', info.unsupported.join('\n')]] : []),
    ];
    const json = { data: { ...info, sections: Object.fromEntries(sections) } };
    write(terminal, args, { headers: ['Field Name', 'Values'], rows, json });
  },
});

const upload = command({
  usage: 'upload [file]',
  summary: 'Add a content pack, or replace the one of its name',
  examples: [
    ['content upload pack.yaml --dry-run', 'Which objects would come, change and go'],
    ['content upload pack.yaml', 'A bundle as drpcli makes it, YAML or JSON'],
    ['content upload rack/', 'A folder as drpcli bundles it: tasks/*.yaml, templates/*.tmpl, ._Name.meta and so on'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('file', { type: 'string', describe: 'The pack: a file, or its folder [standard input]' })
      .option('dry-run', { type: 'boolean', describe: 'Show what would change, and do nothing' }),
  async run(args, terminal) {
    // `-` alone comes as an empty text.
    const { text, placed } = await readPack(args.file || undefined, terminal);
    const query = { dryRun: args.dryRun ? 'true' : undefined };
    let answer: Data<PackAdded>;
    try {
      answer = await new Client(args, terminal).sendText<Data<PackAdded>>('packs', query, text);
    } catch (error) {
      throw placed(error);
    }
    const { pack, changes } = answer.data;
    warnOfUnsupported(terminal, pack.unsupported);
    const done = args.dryRun ? 'Would Upload Pack' : 'Uploaded Pack';
    const lines = [`${done}:  ${pack.name} ${pack.version}`.trimEnd(), ...changes.map(changeLine)];
    say(terminal, args.output, lines.join('\n'), answer);
  },
});

const bundle = command({
  usage: 'bundle <folder>',
  summary: 'Write the pack that a folder is as one file in YAML',
  examples: [['content bundle rack/ > rack.yaml', 'Without asking an appliance; upload says what is wrong with it']],
  flags: (yargs) => yargs.positional('folder', { type: 'string', demandOption: true, describe: 'Folder of the pack' }),
  async run(args, terminal) {
    const { document } = await readFolder(args.folder);
    const { stringify } = await import('yaml');
    terminal.stdout.write(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
  },
});

const remove = command({
  usage: 'delete <name>',
  summary: 'Remove a content pack with its objects',
  examples: [['content delete drp-community-content', 'One that nothing uses any more']],
  flags: (yargs) => serverFlags(outputFlag(yargs)).positional('name', NAME),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).delete<Data<PackRemoved>>('packs', args.name);
    const lines = [`Deleted Pack:  ${args.name}`, ...answer.data.changes.map(changeLine)];
    say(terminal, args.output, lines.join('\n'), answer);
  },
});

const exporting = command({
  usage: 'export <name>',
  summary: 'Write a content pack as YAML, which upload takes',
  examples: [['content export drp-community-content > pack.yaml', 'To a file']],
  flags: (yargs) => serverFlags(yargs).positional('name', NAME),
  async run(args, terminal) {
    const { bytes } = await new Client(args, terminal).bytes(`packs/${encodeURIComponent(args.name)}`);
    terminal.stdout.write(bytes);
  },
});

const FIELDS = ['name', 'version', 'description', 'objects', 'layer'] as const satisfies readonly (keyof PackInfo)[];

const wait = waitCommand({
  ...{ noun: 'content', plural: 'packs', example: ['drp-community-content', 'version', 'v4.14.0'] },
  fields: async () => FIELDS,
  awaited: (client, name) => ({
    called: `Pack ${name}`,
    query: { kind: ['pack.*'] },
    look: () => fetchInfo(client, name),
    next: `tinsmith content show ${name}`,
  }),
});

export const content: Noun = {
  noun: 'content',
  summary: 'Content packs: tasks, stages and so on that belong together',
  commands: [list, show, upload, bundle, remove, exporting, wait],
};

/** @throws TinsmithError NOT_FOUND */
async function fetchInfo(client: Client, name: string): Promise<PackInfo> {
  const { data: packs } = await client.get<Data<PackInfo[]>>('packs');
  const info = packs.find((each) => each.name === name);
  if (info) return info;
  throw new TinsmithError('NOT_FOUND', `There is no pack ${name}.`, {
    next: 'See which there are: tinsmith content list',
  });
}

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;

function changeLine({ section, name, change }: PackAdded['changes'][number]): string {
  return `${SIGNS[change]} ${section}/${name}`;
}
