/** `tinsmith template …` */
import type { Data, Template } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { deleteEach, placing, readInput } from './files.ts';
import { type Answer, outputFlag, rowFlags, say, write } from './output.ts';
import { lint, render } from './template-checks.ts';
import { waitCommand } from './wait.ts';

const create = command({
  usage: 'create',
  summary: 'Add a template from YAML',
  examples: [
    ['template create --file ubuntu.yaml', 'Its name is in the YAML'],
    ['template create < ubuntu.yaml', 'The same from standard input'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs)).option('file', {
      alias: ['path', 'f', 'p'],
      type: 'string',
      nargs: 1,
      describe: 'File with the YAML [standard input]',
    }),
  async run(args, terminal) {
    const { text, name } = await readInput(args.file, terminal);
    const answer = await placing(name, new Client(args, terminal).sendYaml<Data<Template>>('POST', text, 'templates'));
    say(terminal, args.output, `Created Template:  ${answer.data.id}`, answer);
  },
});

const get = command({
  usage: 'get [ids..]',
  summary: 'Show templates: all, or those named',
  examples: [
    ['template get', 'All templates'],
    ['template get ubuntu --yaml', 'The YAML of one'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('ids', { type: 'string', array: true, describe: 'Id or name' })
      .option('yaml', { type: 'boolean', describe: 'Show the YAML itself' }),
  async run(args, terminal) {
    const templates = await templatesNamed(new Client(args, terminal), args.ids ?? []);
    if (args.yaml) terminal.stdout.write(templates.map(({ data }) => data.replace(/\n?$/, '\n')).join('---\n'));
    else write(terminal, args, answer(templates, ['ID', 'Name', 'Created At', 'Updated At']));
  },
});

const list = command({
  usage: 'list',
  summary: 'List the templates',
  examples: [
    ['template list', 'All templates'],
    ['template list -q', 'Only the ids'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the ids only' }),
  async run(args, terminal) {
    const templates = await templatesNamed(new Client(args, terminal), []);
    if (args.quiet) terminal.stdout.write(templates.map(({ id }) => `${id}\n`).join(''));
    else write(terminal, args, answer(templates, ['Template ID', 'Template Name', 'Created At', 'Updated At']));
  },
});

const update = command({
  usage: 'update <id>',
  summary: 'Replace the YAML of a template',
  examples: [['template update ubuntu --path ubuntu.yaml', 'Workflows made before keep what they were made from']],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', { type: 'string', demandOption: true, describe: 'Id or name' })
      .option('path', {
        alias: ['file', 'p', 'f'],
        type: 'string',
        nargs: 1,
        describe: 'File with the YAML [standard input]',
      }),
  async run(args, terminal) {
    const { text, name } = await readInput(args.path, terminal);
    const answered = await placing(
      name,
      new Client(args, terminal).sendYaml<Data<Template>>('PUT', text, 'templates', args.id),
    );
    say(terminal, args.output, `Updated Template:  ${answered.data.id}`, answered);
  },
});

const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete templates',
  examples: [['template delete ubuntu', 'Workflows made from it stay']],
  flags: (yargs) =>
    serverFlags(yargs).positional('ids', { type: 'string', array: true, demandOption: true, describe: 'Id or name' }),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'templates', args.ids, terminal),
});

const FIELDS = ['id', 'name', 'data', 'createdAt', 'updatedAt'] as const satisfies readonly (keyof Template)[];

const wait = waitCommand({
  ...{ noun: 'template', plural: 'templates', example: ['ubuntu', 'name', 'ubuntu'] },
  fields: async () => FIELDS,
  awaited: (client, name) => ({
    called: `Template ${name}`,
    query: { kind: ['template.*'] },
    look: async () => (await client.get<Data<Template>>('templates', name)).data,
    next: `tinsmith template get ${name}`,
  }),
});

export const template: Noun = {
  noun: 'template',
  summary: 'Templates: what can be done to machines',
  commands: [create, get, list, update, remove, lint, render, wait],
};

async function templatesNamed(client: Client, names: string[]): Promise<Template[]> {
  if (names.length === 0) return (await client.list<Template>('templates')).data;
  const templates: Template[] = [];
  for (const name of names) templates.push((await client.get<Data<Template>>('templates', name)).data);
  return templates;
}

function answer(templates: Template[], headers: string[]): Answer {
  return {
    headers,
    rows: templates.map(({ id, name, createdAt, updatedAt }) => [id, name, createdAt, updatedAt]),
    json: { data: templates },
  };
}
