/** `tinsmith workflow watch` and `wait`: staying until it has ended. */
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { outputFlag, say } from '../output.ts';
import { EXAMPLE, ID } from './named.ts';

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

export const wait = command({
  usage: 'wait <id>',
  summary: 'Wait until a workflow has ended',
  examples: [
    [
      `workflow wait ${EXAMPLE} --timeout 600`,
      'Exit code 0: it succeeded; 1: it failed, timed out or was cancelled; 75: still running after 10 minutes',
    ],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', ID)
      .option('timeout', { type: 'number', describe: 'Give up after so many seconds [never]' }),
  async run(args, terminal) {
    const { waitForWorkflow } = await import('../follow.ts');
    const ended = await waitForWorkflow(new Client(args, terminal), args.id, args.timeout);
    say(terminal, args.output, `Workflow ${ended.id}: ${ended.state}`, { data: ended });
  },
});
