/** Telling workflows what to do: cancel, pause, resume, retry, skip. */
import type { Data, Workflow } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { outputFlag, say } from '../output.ts';
import { EXAMPLE, ID, IDS, pathOf } from './named.ts';

export const cancel = forEach('cancel', 'Cancelled', {
  summary: 'Stop workflows for good: what runs is stopped, and their services',
  meaning: 'Its state is then CANCELLED',
});
export const pause = forEach('pause', 'Paused', {
  summary: 'Begin nothing more in workflows; what runs goes on',
  meaning: 'Until it is resumed',
});
export const resume = forEach('resume', 'Resumed', {
  summary: 'Go on with paused workflows',
  meaning: 'With the action whose turn it is',
});

export const retry = command({
  usage: 'retry <id>',
  summary: 'Go on with a workflow that has ended, from the action that did not succeed',
  examples: [
    [`workflow retry ${EXAMPLE}`, 'From where it failed'],
    [`workflow retry ${EXAMPLE} --from stream-image`, 'From an earlier action'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs)).positional('id', ID).option('from', {
      type: 'string',
      describe: 'Action to go on from: its name, TASK/NAME, or its position from 0',
    }),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).post<Data<Workflow>>(pathOf(args.id, 'retry'), { from: args.from });
    say(terminal, args.output, `Retried Workflow:  ${answer.data.id}${now(answer.data)}`, answer);
  },
});

export const skip = command({
  usage: 'skip <id> [action]',
  summary: 'Leave an action of a workflow out; one that runs is stopped',
  examples: [
    [`workflow skip ${EXAMPLE}`, 'The one whose turn it is'],
    [`workflow skip ${EXAMPLE} wipe-disk`, 'One that comes later'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs)).positional('id', ID).positional('action', {
      type: 'string',
      describe: 'Its name, TASK/NAME, or its position from 0 [the current one]',
    }),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).post<Data<Workflow>>(pathOf(args.id, 'skip'), {
      action: args.action,
    });
    say(terminal, args.output, `Skipped in Workflow:  ${answer.data.id}${now(answer.data)}`, answer);
  },
});

/** A command that tells each of several workflows the same. The first that refuses ends it. */
function forEach(verb: 'cancel' | 'pause' | 'resume', done: string, words: { summary: string; meaning: string }) {
  return command({
    usage: `${verb} <ids..>`,
    summary: words.summary,
    examples: [[`workflow ${verb} ${EXAMPLE}`, words.meaning]],
    flags: (yargs) => serverFlags(outputFlag(yargs)).positional('ids', IDS),
    async run(args, terminal) {
      const client = new Client(args, terminal);
      for (const id of args.ids) {
        const answer = await client.post<Data<Workflow>>(pathOf(id, verb), {});
        say(terminal, args.output, `${done} Workflow:  ${answer.data.id}`, answer);
      }
    },
  });
}

function now({ currentTask, currentAction }: Workflow): string {
  return currentAction === undefined ? '' : ` (now at ${currentTask}/${currentAction})`;
}
