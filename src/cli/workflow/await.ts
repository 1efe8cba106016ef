/** `tinsmith workflow watch` and `wait`: staying until it has ended. */

import type { Workflow } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { outputFlag, say } from '../output.ts';
import { refuseUnknown, waitUntil } from '../wait.ts';
import { EXAMPLE, fetchWorkflow, ID } from './named.ts';

export const watch = command({
  usage: 'watch <id>',
  summary: 'Watch a workflow live: boot, actions, progress, output',
  examples: [[`workflow watch ${EXAMPLE}`, 'Ends when it ends, with exit code 0 if it succeeded']],
  flags: (yargs) => serverFlags(outputFlag(yargs)).positional('id', ID),
  async run(args, terminal) {
    const { watchWorkflow } = await import('../follow.ts');
    await watchWorkflow(new Client(args, terminal), args, terminal);
  },
});

const FIELDS = [
  ...[
    'state',
    'progress',
    'currentTask',
    'currentAction',
    'currentActionState',
    'currentWorker',
    'waitsFor',
    'message',
  ],
  ...['name', 'stage', 'tasks', 'actions', 'services', 'pausedAt', 'outcome', 'installed'],
] as const satisfies readonly (keyof Workflow)[];

export const wait = command({
  usage: 'wait <id> [field] [value] [limit]',
  summary: 'Wait until a workflow has ended, or something of it has a value',
  examples: [
    [
      `workflow wait ${EXAMPLE} --timeout 600`,
      'Exit code 0: it succeeded; 1: it failed, timed out or was cancelled; 75: still running after 10 minutes',
    ],
    [`workflow wait ${EXAMPLE} currentAction install-grub 600`, 'Exit code 75 when it is not so after 10 minutes'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', ID)
      .positional('field', { type: 'string', describe: `A path that begins with ${FIELDS.join(', ')}; or exists` })
      .positional('value', { type: 'string', describe: 'What it is to be; also Ne(VALUE), In(VALUE,…), Nin(VALUE,…)' })
      .positional('limit', { type: 'string', describe: 'As --timeout' })
      .option('timeout', { type: 'number', describe: 'Give up after so many seconds [never]' }),
  async run(args, terminal) {
    const { id, field, value } = args;
    const client = new Client(args, terminal);
    if (field !== undefined) {
      if (value === undefined)
        throw usage(`What should ${field} be?`, `Write it like: workflow wait ${id} ${field} VALUE`);
      refuseUnknown('Workflows', field, FIELDS);
      const timeout = args.limit ?? (args.timeout === undefined ? undefined : String(args.timeout));
      await waitUntil(
        client,
        terminal,
        { field, value, timeout, output: args.output },
        {
          called: `Workflow ${id}`,
          query: { workflow: id },
          look: () => fetchWorkflow(client, id),
          next: `tinsmith workflow state ${id}`,
        },
      );
      return;
    }
    const { waitForWorkflow } = await import('../follow.ts');
    const ended = await waitForWorkflow(client, id, args.timeout);
    say(terminal, args.output, `Workflow ${ended.id}: ${ended.state}`, { data: ended });
  },
});
