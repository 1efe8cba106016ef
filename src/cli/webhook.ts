/** `tinsmith webhook …`: events posted to programs that would rather be called. */
import type { Data, Machine, Webhook, WebhookMade, WebhookTested } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { deleteEach } from './files.ts';
import { type Answer, outputFlag, rowFlags, say, write } from './output.ts';
import { SECRET_FORMS, secretOf } from './secrets.ts';

const EXAMPLE = '7c1e6a0b-5a0e-4f0e-9d57-1f2d3c4b5a69';
const ID = { type: 'string', demandOption: true, describe: 'Id of the webhook' } as const;

const create = command({
  usage: 'create <url>',
  summary: 'Have events from now on posted to a URL',
  examples: [
    ['webhook create https://ci.example/hook --kind workflow.ended', 'Whenever a workflow ends'],
    ['webhook create https://ci.example/hook --secret env:HOOK_SECRET', 'Everything, signed with a secret of your own'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('url', { type: 'string', demandOption: true, describe: 'http or https' })
      .option('kind', {
        alias: 'k',
        type: 'string',
        array: true,
        describe: 'Only events of this kind, such as workflow.ended or action.*; may be given several times',
      })
      .option('machine', {
        type: 'string',
        array: true,
        describe: 'Only about this machine: id, name, MAC or IP address; may be given several times',
      })
      .option('workflow', {
        type: 'string',
        array: true,
        describe: 'Only about this workflow; may be given several times',
      })
      .option('secret', {
        type: 'string',
        describe: `What deliveries are signed with: ${SECRET_FORMS} [one is made]`,
      }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const machines: string[] = [];
    for (const name of args.machine ?? []) machines.push((await client.get<Data<Machine>>('machines', name)).data.id);
    const secret = args.secret === undefined ? undefined : secretOf('--secret', args.secret, terminal.environment);
    const body = { url: args.url, kinds: args.kind ?? [], machines, workflows: args.workflow ?? [], secret };
    const answer = await client.post<Data<WebhookMade>>('webhooks', body);
    const lines = [`Created Webhook:  ${answer.data.id}`];
    // A secret of one's own is known; one that was made is shown this once.
    if (secret === undefined) lines.push(`Secret:  ${answer.data.secret}`);
    say(terminal, args.output, lines.join('\n'), answer);
  },
});

const list = command({
  usage: 'list',
  summary: 'List the webhooks, and how far each is',
  examples: [['webhook list', 'One that fails says since when']],
  flags: (yargs) => serverFlags(rowFlags(yargs)),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Webhook[]>>('webhooks');
    write(terminal, args, { ...rowsOf(answer.data), json: answer });
  },
});

const get = command({
  usage: 'get <id>',
  summary: 'Show a webhook',
  examples: [[`webhook get ${EXAMPLE}`, 'What it wants, and how far it is']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('id', ID),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Webhook>>('webhooks', args.id);
    write(terminal, args, { ...rowsOf([answer.data]), json: answer });
  },
});

const test = command({
  usage: 'test <id>',
  summary: 'Post a test event to a webhook now',
  examples: [[`webhook test ${EXAMPLE}`, 'Exit code 0: it was taken; 69: it was not']],
  flags: (yargs) => serverFlags(outputFlag(yargs)).positional('id', ID),
  async run(args, terminal) {
    const path = `webhooks/${encodeURIComponent(args.id)}/test`;
    const answer = await new Client(args, terminal).post<Data<WebhookTested>>(path, {});
    const { delivered, status, error } = answer.data;
    if (!delivered) {
      throw new TinsmithError('UNREACHABLE', `Webhook ${args.id} did not take the test event: ${error}.`, {
        next: 'Events that it wants wait for it, and are posted again and again. Correct the target, or delete the webhook.',
      });
    }
    say(terminal, args.output, `Delivered to Webhook:  ${args.id} (it answered ${status})`, answer);
  },
});

const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete webhooks',
  examples: [[`webhook delete ${EXAMPLE}`, 'What it has not been told yet is not told']],
  flags: (yargs) =>
    serverFlags(yargs).positional('ids', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Id of a webhook',
    }),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'webhooks', args.ids, terminal),
});

export const webhook: Noun = {
  noun: 'webhook',
  summary: 'Webhooks: events posted to programs',
  commands: [create, list, get, test, remove],
};

function rowsOf(webhooks: Webhook[]): Pick<Answer, 'headers' | 'rows'> {
  return {
    headers: ['ID', 'URL', 'Kinds', 'Delivered', 'Behind', 'State'],
    rows: webhooks.map(({ id, url, kinds, cursor, behind, failing }) => [
      id,
      url,
      kinds.length === 0 ? 'all' : kinds.join('\n'),
      cursor.delivered,
      behind,
      failing ? `failing since ${failing.since}: ${failing.lastError}` : 'good',
    ]),
  };
}
