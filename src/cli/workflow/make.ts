/** Making workflows, and deleting them. */
import type { Data, NewWorkflow, Workflow } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { deleteEach, readJson } from '../files.ts';
import { outputFlag, say } from '../output.ts';
import { secretOf } from '../secrets.ts';
import type { Terminal } from '../terminal.ts';
import { EXAMPLE, IDS } from './named.ts';

export const create = command({
  usage: 'create',
  summary: 'Start a template on machines',
  examples: [
    [`workflow create -t ubuntu -r '{"device_1":"52:54:00:00:00:01"}'`, 'The machine is named by a MAC or IP address'],
    [
      `workflow create -t ubuntu -r '{"device_1":"52:54:00:00:00:01"}' --secret password=env:ROOT_PASSWORD`,
      'With a value for the template that is never shown',
    ],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .option('template', { alias: 't', type: 'string', demandOption: true, describe: 'Id or name of the template' })
      .option('hardware', {
        alias: 'r',
        type: 'string',
        demandOption: true,
        describe: 'Names in the template to MAC or IP addresses, as JSON',
      })
      .option('secret', {
        type: 'string',
        array: true,
        describe: 'NAME=VALUE, NAME=@FILE or NAME=env:VARIABLE; may be given several times',
      }),
  async run(args, terminal) {
    const body: NewWorkflow = {
      template: args.template,
      hardware: devices(args.hardware),
      ...(args.secret ? { secrets: secretsOf(args.secret, terminal.environment) } : {}),
    };
    const answer = await new Client(args, terminal).post<Data<Workflow>>('workflows', body);
    say(terminal, args.output, `Created Workflow:  ${answer.data.id}`, answer);
    if (answer.data.waitsFor && args.output === 'table') terminal.stderr.write(`It waits: ${answer.data.waitsFor}\n`);
  },
});

export const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete workflows; one that runs is stopped',
  examples: [[`workflow delete ${EXAMPLE}`, 'With its history']],
  flags: (yargs) => serverFlags(yargs).positional('ids', IDS),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'workflows', args.ids, terminal),
});

/** What `--hardware` gives. @throws TinsmithError INVALID_INPUT */
export function devices(text: string): Record<string, string> {
  const given = readJson(text, '--hardware');
  const entries = typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.entries(given) : [];
  const wrong = entries
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => ({ field: name, message: 'is not a MAC or IP address in quotes' }));
  if (entries.length > 0 && wrong.length === 0) return Object.fromEntries(entries) as Record<string, string>;
  throw new TinsmithError('INVALID_INPUT', '--hardware is not an object of names and addresses.', {
    next: `Write it like '{"device_1":"52:54:00:00:00:01"}'.`,
    problems: wrong,
  });
}

/** Secrets by name. No error says what was given: it may be the secret. */
export function secretsOf(given: string[], environment: Terminal['environment']): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [i, text] of given.entries()) {
    const [, name, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined)
      throw usage(
        `--secret number ${i + 1} is not NAME=VALUE.`,
        'NAME has letters, digits and _, as in a template; VALUE, @FILE or env:VARIABLE follows the =.',
      );
    if (Object.hasOwn(secrets, name)) throw usage(`--secret ${name} is given more than once.`, 'Give it once.');
    secrets[name] = secretOf(`--secret ${name}`, value, environment);
  }
  return secrets;
}
