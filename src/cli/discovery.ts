/** `tinsmith discovery …`: what becomes of machines that nobody knew. */
import type { Data, DiscoveryRule } from '../api/types.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { readInput } from './files.ts';
import { say, writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';

const rules = command({
  usage: 'rules [action]',
  summary: 'Show or replace the rules by which discovered machines get their names, profiles, stage and params',
  examples: [
    ['discovery rules > rules.yaml', 'All of them, as set takes them; the first that fits counts'],
    ['discovery rules set -f rules.yaml', 'Those of a file, YAML or JSON, and no others'],
  ],
  flags: (yargs) =>
    serverFlags(yargs)
      .positional('action', {
        type: 'string',
        choices: ['get', 'set'] as const,
        default: 'get' as const,
        describe: 'What to do',
      })
      .option('file', {
        alias: 'f',
        type: 'string',
        nargs: 1,
        describe: 'With set: file with the rules [standard input]',
      })
      .option('output', {
        alias: ['format', 'o'],
        type: 'string',
        choices: ['yaml', 'json'] as const,
        default: 'yaml' as const,
        describe: 'Form of the answer',
      }),
  async run({ action, file, output, ...args }, terminal) {
    const client = new Client(args, terminal);
    switch (action) {
      case 'get': {
        if (file !== undefined) throw usage('--file belongs to set.', 'Leave it out, or say: discovery rules set');
        const answer = await client.get<Data<DiscoveryRule[]>>('discovery', 'rules');
        if (output === 'json') return writeJson(terminal, answer);
        const { toYaml } = await import('../manifests/documents.ts');
        terminal.stdout.write(toYaml([answer.data.map(spare)]));
        return;
      }
      case 'set': {
        const { value, placed } = await readRules(file, terminal);
        const answer = await client
          .put<Data<DiscoveryRule[]>>(value, {}, 'discovery', 'rules')
          .catch((error: unknown) => {
            throw placed(error);
          });
        say(terminal, output === 'json' ? 'json' : 'table', `Discovery Rules:  ${answer.data.length}`, answer);
      }
    }
  },
});

export const discovery: Noun = {
  noun: 'discovery',
  summary: 'Discovery: what becomes of machines that nobody knew (tinsmith up --unknown discover)',
  commands: [rules],
};

/** A rule without what it does not say. */
function spare(rule: DiscoveryRule): object {
  return Object.fromEntries(
    Object.entries(rule).filter(([, value]) => typeof value !== 'object' || Object.keys(value ?? {}).length > 0),
  );
}

/** @throws TinsmithError NOT_FOUND, USAGE, INVALID_INPUT */
async function readRules(
  file: string | undefined,
  terminal: Terminal,
): Promise<{ value: unknown; placed: (error: unknown) => unknown }> {
  const { text, name } = await readInput(file, terminal);
  const { pathOf, Source, splitDocuments } = await import('../manifests/source.ts');
  const [chunk, ...more] = splitDocuments(text);
  const source = chunk && new Source(chunk);
  const refuse = (what: string, problems: Problem[]): TinsmithError =>
    new TinsmithError('INVALID_INPUT', `${name} ${what}.`, {
      next: 'Correct it and try again; nothing has been changed.',
      problems,
    });
  if (!source || more.length > 0) throw refuse('is not one document with a list of rules', []);
  if (source.problems.length > 0)
    throw refuse(
      'is not usable',
      source.problems.map((problem) => ({ ...problem, file: name })),
    );
  return {
    value: source.value,
    placed(error) {
      if (!(error instanceof TinsmithError) || error.problems.length === 0) return error;
      const { code, message, next, cause, problems } = error;
      const places = problems.map((each) => ({ ...each, ...source.placeOf(pathOf(each.field)), file: name }));
      return new TinsmithError(code, message, { next, cause, problems: places });
    },
  };
}
