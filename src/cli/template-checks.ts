/** `tinsmith template lint` and `render`: what a template is, before it does anything. */
import type { Data, RenderedTemplate } from '../api/types.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { placing, readInput } from './files.ts';
import { outputFlag, writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';
import { devices, secretsOf } from './workflow/make.ts';

/** What `lint` says of one file. */
interface Linted {
  file: string;
  name: string;
  warnings: Problem[];
}

export const lint = command({
  usage: 'lint [files..]',
  summary: 'Check templates without an appliance',
  examples: [
    ['template lint ubuntu.yaml', 'What is wrong, with line and column'],
    ['template lint --lenient old/*.yaml', 'Unknown keys are warned of only'],
  ],
  flags: (yargs) =>
    outputFlag(yargs)
      .positional('files', { type: 'string', array: true, describe: 'Files with the YAML [-, standard input]' })
      .option('lenient', { type: 'boolean', describe: 'Take unknown keys, and only warn of them' }),
  async run(args, terminal) {
    const files = args.files?.length ? args.files : ['-'];
    const done: Linted[] = [];
    const failed: TinsmithError[] = [];
    for (const file of files) {
      try {
        done.push(await lintFile(file, args.lenient ?? false, terminal));
      } catch (error) {
        if (!(error instanceof TinsmithError)) throw error;
        failed.push(error);
      }
    }
    if (args.output === 'json' && failed.length === 0) writeJson(terminal, { data: done });
    else if (args.output !== 'json') terminal.stdout.write(done.map(said).join(''));
    const [first] = failed;
    if (first === undefined) return;
    if (failed.length === 1) throw first;
    throw new TinsmithError(first.code, `${failed.length} of ${files.length} templates cannot be used.`, {
      next: 'Correct them at the places named.',
      problems: failed.flatMap(({ problems, message }) => (problems.length > 0 ? problems : [{ field: '', message }])),
    });
  },
});

async function lintFile(file: string, lenient: boolean, terminal: Terminal): Promise<Linted> {
  const { text, name: from } = await readInput(file, terminal);
  const { checkTemplate } = await import('../workflows/template/index.ts');
  const { name, warnings } = await placing(from, (async () => checkTemplate(text, { lenient }))());
  return { file: from, name, warnings };
}

function said({ file, name, warnings }: Linted): string {
  if (warnings.length === 0) return `${file}: template ${name}: nothing wrong\n`;
  return warnings
    .map(({ line, column, message }) => `${file}:${line ?? 1}:${column ?? 1}: warning: ${message}\n`)
    .join('');
}

export const render = command({
  usage: 'render [name]',
  summary: 'Show what a template becomes for a machine; nothing is stored',
  examples: [
    ['template render ubuntu --machine node1', 'With what is known of that machine'],
    [
      `template render -f ubuntu.yaml --machine node1 --hardware '{"device_1":"52:54:00:00:00:01"}' --secret password=x`,
      'A file, with the values of a workflow; secrets are masked',
    ],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', { type: 'string', describe: 'Id or name of a template' })
      .option('file', { alias: 'f', type: 'string', describe: 'File with the YAML instead; - is standard input' })
      .option('machine', { alias: 'm', type: 'string', describe: 'Id, name, MAC or IP address of a machine' })
      .option('hardware', { alias: 'r', type: 'string', describe: 'Names in the template to addresses, as JSON' })
      .option('secret', {
        type: 'string',
        array: true,
        describe: 'NAME=VALUE, NAME=@FILE or NAME=env:VARIABLE; may be given several times',
      })
      .option('lenient', { type: 'boolean', describe: 'Take unknown keys of a file, and only warn of them' }),
  async run(args, terminal) {
    if ((args.name === undefined) === (args.file === undefined)) {
      throw usage('template render needs a template.', 'Give its name, or its file with --file, not both.');
    }
    const file = args.file === undefined ? undefined : await readInput(args.file, terminal);
    const body = {
      ...(file === undefined ? { template: args.name } : { data: file.text, lenient: args.lenient }),
      machine: args.machine,
      hardware: args.hardware === undefined ? undefined : devices(args.hardware),
      secrets: args.secret && secretsOf(args.secret, terminal.environment),
    };
    const client = new Client(args, terminal);
    const rendering = client.post<Data<RenderedTemplate>>('templates/render', body);
    const answer = await (file === undefined ? rendering : placing(file.name, rendering));
    if (args.output === 'json') writeJson(terminal, answer);
    else {
      terminal.stdout.write(answer.data.text.replace(/\n?$/, '\n'));
      for (const warning of answer.data.warnings) terminal.stderr.write(`warning: ${warning}\n`);
    }
  },
});
