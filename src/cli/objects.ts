/** `tinsmith stage …`, `task …`, `bootenv …`, `profile …`, `param …` and so on: the objects of content, all alike. */
import type { ContentObject, ContentPut, Data } from '../api/types.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { readObjects, writeObjects } from './documents.ts';
import { deleteEach } from './files.ts';
import { outputFlag, rowFlags, say, write, writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';
import { waitCommand } from './wait.ts';

/** A kind of objects. */
interface Kind {
  section: ContentObject['section'];
  noun: string;
  /** Several of them. */
  plural: string;
  summary: string;
  /** The name in examples. */
  example: string;
}

const ALL: readonly Kind[] = [
  {
    ...{ section: 'stages', noun: 'stage', plural: 'stages', example: 'install' },
    summary: 'Stages: Tasks in their order, and the environment to run them in',
  },
  {
    ...{ section: 'tasks', noun: 'task', plural: 'tasks', example: 'wipe-disks' },
    summary: 'Tasks: scripts and files for machines, as templates',
  },
  {
    ...{ section: 'bootenvs', noun: 'bootenv', plural: 'boot environments', example: 'debian-12-install' },
    summary: 'Boot environments: kernels, their arguments, and the files that go with them',
  },
  {
    ...{ section: 'profiles', noun: 'profile', plural: 'profiles', example: 'global' },
    summary: 'Profiles: values of params for many machines',
  },
  {
    ...{ section: 'params', noun: 'param', plural: 'params', example: 'change-stage/map' },
    summary: 'Params: what may be set for machines, and what their values must be',
  },
  {
    ...{ section: 'workflows', noun: 'stage-list', plural: 'lists of stages', example: 'discover-base' },
    summary: 'Lists of stages for machines to go through; Digital Rebar’s workflows',
  },
  {
    ...{ section: 'templates', noun: 'shared-template', plural: 'shared templates', example: 'set-hostname.tmpl' },
    summary: 'Texts that tasks, stages and boot environments share',
  },
];

/** What tells making from replacing. */
interface Writing {
  word: 'create' | 'update';
  done: string;
  summary(plural: string): string;
  condition: Record<string, string>;
}
const CREATE: Writing = {
  ...{ word: 'create', done: 'Created', condition: { 'if-none-match': '*' } },
  summary: (plural) => `Add ${plural} from YAML or JSON`,
};
const UPDATE: Writing = {
  ...{ word: 'update', done: 'Updated', condition: { 'if-match': '*' } },
  summary: (plural) => `Replace ${plural} by what YAML or JSON says`,
};

/** Nouns of all kinds of objects. */
export const objectNouns: readonly Noun[] = ALL.map((kind) => ({
  noun: kind.noun,
  summary: kind.summary,
  commands: [list(kind), get(kind), put(kind, CREATE), put(kind, UPDATE), remove(kind), wait(kind)],
}));

function list({ section, noun, plural }: Kind) {
  return command({
    usage: 'list',
    summary: `List the ${plural}`,
    examples: [
      [`${noun} list`, 'With the pack that each comes from'],
      [`${noun} list -q`, 'Only the names'],
    ],
    flags: (yargs) =>
      serverFlags(rowFlags(yargs)).option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the names only' }),
    async run(args, terminal) {
      const json = await new Client(args, terminal).list<ContentObject>(`content/${section}`);
      if (args.quiet) terminal.stdout.write(json.data.map(({ name }) => `${name}\n`).join(''));
      else {
        const rows = json.data.map(({ name, object, layer, pack }) => [name, object.description, pack ?? layer]);
        write(terminal, args, { headers: ['Name', 'Description', 'From'], rows, json });
      }
    },
  });
}

function get({ section, noun, plural, example }: Kind) {
  return command({
    usage: 'get <names..>',
    summary: `Show ${plural} as documents, which create, update and apply take`,
    examples: [
      [`${noun} get ${example}`, 'As YAML'],
      [`${noun} get ${example} -o json`, 'With where it comes from'],
    ],
    flags: (yargs) =>
      serverFlags(yargs)
        .positional('names', { type: 'string', array: true, demandOption: true, describe: 'Name' })
        .option('output', {
          alias: ['format', 'o'],
          type: 'string',
          choices: ['yaml', 'json'] as const,
          default: 'yaml' as const,
          describe: 'Form of the answer',
        }),
    async run(args, terminal) {
      const client = new Client(args, terminal);
      const data: ContentObject[] = [];
      for (const name of args.names) data.push((await client.get<Data<ContentObject>>('content', section, name)).data);
      if (args.output === 'json') writeJson(terminal, { data });
      else terminal.stdout.write(await writeObjects(data));
    },
  });
}

function put({ section, noun, plural, example }: Kind, { word, done, summary, condition }: Writing) {
  const file = `${example.replaceAll('/', '-').replace(/\.tmpl$/, '')}.yaml`;
  return command({
    usage: word,
    summary: summary(plural),
    examples: [
      [`${noun} ${word} --file ${file}`, 'One document or several; names are in them'],
      [`${noun} ${word} < ${file}`, 'The same from standard input'],
    ],
    flags: (yargs) =>
      serverFlags(outputFlag(yargs)).option('file', {
        alias: ['path', 'f', 'p'],
        type: 'string',
        nargs: 1,
        describe: 'File with the documents [standard input]',
      }),
    async run(args, terminal) {
      const client = new Client(args, terminal);
      for (const { name, object, placed } of await readObjects(args.file, section, terminal)) {
        let answer: ContentPut;
        try {
          answer = await client.put<ContentPut>(object, condition, 'content', section, name);
        } catch (error) {
          throw placed(error);
        }
        warnOfUnsupported(terminal, answer.unsupported);
        say(terminal, args.output, `${done} ${OBJECT_KINDS[section].kind}:  ${name}`, answer);
      }
    },
  });
}

function remove({ section, noun, plural, example }: Kind) {
  return command({
    usage: 'delete <names..>',
    summary: `Delete ${plural}`,
    examples: [[`${noun} delete ${example}`, 'One that is not from a pack, and that nothing uses']],
    flags: (yargs) =>
      serverFlags(yargs).positional('names', { type: 'string', array: true, demandOption: true, describe: 'Name' }),
    run: (args, terminal) => deleteEach(new Client(args, terminal), ['content', section], args.names, terminal),
  });
}

function wait({ section, noun, plural, example }: Kind) {
  return waitCommand({
    ...{ noun, plural, example: [example, 'meta.reviewed', 'true'] },
    async fields() {
      const { SHAPES } = await import('../content/objects.ts');
      return [...Object.keys(SHAPES[section].shape), 'layer', 'pack'];
    },
    awaited: (client, name) => ({
      called: `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${name}`,
      // The packs may bring it, or take it away.
      query: { kind: ['content.changed', 'pack.*'] },
      async look() {
        const { object, layer, pack } = (await client.get<Data<ContentObject>>('content', section, name)).data;
        return { ...object, layer, pack };
      },
      next: `tinsmith ${noun} get ${name}`,
    }),
  });
}

/** Says of what was taken that nothing is done with it. */
export function warnOfUnsupported(terminal: Terminal, unsupported: readonly string[]): void {
  for (const what of unsupported) terminal.stderr.write(`warning: nothing is done with ${what}\n`);
}
