/** `tinsmith apply`: files of documents, made true. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Applied } from '../api/shapes/manifest.ts';
import type { Data } from '../api/types.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { readInput, readTextFile, unreadable } from './files.ts';
import { outputFlag, writeJson } from './output.ts';
import { printable, type Terminal, wantsColours } from './terminal.ts';

interface File {
  name: string;
  text: string;
}

export const apply = command({
  usage: 'apply',
  summary: 'Make machines, subnets, templates, workflows and content be what files say',
  examples: [
    ['apply -f lab/ --dry-run', 'What would change, file by file'],
    ['apply -f hardware.yaml', 'Hardware, Template and Workflow documents of Tinkerbell, or our own'],
    ['apply -f subnets.yaml', 'Documents of kind Subnet, or Digital Rebar’s own'],
    ['apply -f stages.yaml', 'Content: whole packs, and documents of kind Stage, Task, BootEnv, Profile and Param'],
    ['apply -f - < everything.yaml', 'The same from standard input'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .option('file', {
        alias: 'f',
        type: 'string',
        describe: 'File, or folder whose *.yaml, *.yml and *.json are read; - is standard input [standard input]',
      })
      .option('dry-run', { type: 'boolean', describe: 'Show what would be done, as a diff, and do nothing' })
      .option('lenient', { type: 'boolean', describe: 'Take unknown keys, and only warn of them' }),
  async run(args, terminal) {
    const files = await readFiles(args.file ?? '-', terminal);
    const { text, placeOf } = joined(files);
    const query = { dryRun: args.dryRun ? 'true' : undefined, lenient: args.lenient ? 'true' : undefined };
    const { data } = await placing(placeOf, new Client(args, terminal).sendText<Data<Applied>>('apply', query, text));
    const answer = {
      ...data,
      objects: data.objects.map((object) => ({ ...object, ...placeOf(object.line) })),
      warnings: data.warnings.map((warning) => ({ ...warning, ...placeOf(warning.line ?? 1) })),
    };
    for (const { file, line, column, field, message } of answer.warnings) {
      const at = field === '' ? '' : `${field} `;
      terminal.stderr.write(`warning: ${printable(`${file}:${line}:${column ?? 1}: ${at}${message}`)}\n`);
    }
    if (answer.objects.length === 0) {
      const where = args.file === undefined || args.file === '-' ? 'standard input' : args.file;
      throw new TinsmithError('INVALID_INPUT', `There is no document in ${where}.`, {
        next: 'See what may be in it: tinsmith apply --help',
      });
    }
    if (args.output === 'json') writeJson(terminal, { data: answer });
    else show(answer, terminal);
  },
});

function show({ dryRun, objects }: Applied, terminal: Terminal): void {
  const colours = wantsColours(terminal, terminal.stdout);
  for (const { kind, name, action, diff } of objects) {
    const would = dryRun && (action === 'created' || action === 'changed') ? ' (dry run)' : '';
    terminal.stdout.write(`${kind}/${printable(name)} ${action}${would}\n`);
    if (!dryRun || diff === '') continue;
    for (const line of diff.split('\n')) terminal.stdout.write(`${coloured(printable(line), colours)}\n`);
  }
}

function coloured(line: string, colours: boolean): string {
  const colour = { '+': 32, '-': 31, '@': 36 }[line[0] ?? ''];
  return colours && colour !== undefined ? `\x1b[${colour}m${line}\x1b[0m` : line;
}

/** @throws TinsmithError NOT_FOUND, USAGE */
async function readFiles(name: string, terminal: Terminal): Promise<File[]> {
  return name !== '-' && isFolder(name) ? readFolder(name) : [await readInput(name, terminal)];
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

/** The files of a folder, by name; folders in it are left alone. */
function readFolder(folder: string): File[] {
  const names = readdirSync(folder)
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .toSorted()
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile());
  if (names.length === 0) throw usage(`${folder} has no file *.yaml, *.yml or *.json.`);
  return names.map((name) => ({ name, text: readTextFile(name) }));
}

/** Several files as one, so that all of them are applied or none, and where each line of it comes from. */
export function joined(files: readonly File[]): {
  text: string;
  placeOf: (line: number) => { file: string; line: number };
} {
  let text = '';
  const starts: { file: string; line: number }[] = [];
  let line = 1;
  for (const file of files) {
    const separator = text === '' ? '' : text.endsWith('\n') ? '---\n' : '\n---\n';
    text += separator;
    line += separator.split('\n').length - 1;
    starts.push({ file: file.name, line });
    text += file.text;
    line += file.text.split('\n').length - 1;
  }
  return {
    text,
    placeOf: (at) => {
      const start = starts.findLast((each) => each.line <= at) ?? { file: 'standard input', line: 1 };
      return { file: start.file, line: at - start.line + 1 };
    },
  };
}

/** Waits for an answer; problems with the text are placed in the files that it came from. */
async function placing<T>(placeOf: (line: number) => { file: string; line: number }, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    const problems = error.problems.map((problem): Problem => {
      return problem.line === undefined ? problem : { ...problem, ...placeOf(problem.line) };
    });
    const [first] = problems;
    const count = problems.length === 1 ? 'There is a problem' : `There are ${problems.length} problems`;
    const message = first?.file === undefined ? error.message : `${count} with the documents.`;
    throw new TinsmithError(error.code, message, { next: error.next, problems });
  }
}
