/** `tinsmith job …`: what was run on machines, Task by Task. */
import type { Data, Job } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { secondsOf } from './duration.ts';
import { deleteEach } from './files.ts';
import { fetchJob, followJob, writeJobLog } from './follow-jobs.ts';
import { type Answer, outputFlag, rowFlags, write } from './output.ts';
import { waitCommand } from './wait.ts';

const EXAMPLE = '5b3a6c1e-7d0f-4c52-9a51-0c6f2c9be1d4';
const IDS = { type: 'string', array: true, demandOption: true, describe: 'Id of a Job' } as const;

const list = command({
  usage: 'list',
  summary: 'List Jobs, the newest first',
  examples: [
    ['job list --machine node1', 'Those of one machine'],
    ['job list --state failed', 'Those that failed, on any machine'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .option('machine', { type: 'string', describe: 'Only those of a machine: id, name, MAC or IP address' })
      .option('task', { type: 'string', describe: 'Only those of a Task' })
      .option('stage', { type: 'string', describe: 'Only those of a stage' })
      .option('state', {
        type: 'string',
        choices: ['created', 'running', 'finished', 'failed', 'incomplete'] as const,
        describe: 'Only those in this state',
      })
      .option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the ids only' }),
  async run(args, terminal) {
    const { machine, task, stage, state, quiet } = args;
    const { data } = await new Client(args, terminal).list<Job>('jobs', { machine, task, stage, state });
    if (quiet) terminal.stdout.write(data.map(({ id }) => `${id}\n`).join(''));
    else write(terminal, args, jobRows(data));
  },
});

const get = command({
  usage: 'get <ids..>',
  summary: 'Show Jobs',
  examples: [[`job get ${EXAMPLE}`, 'What it ran, where, and what came of it']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('ids', IDS),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const data: Job[] = [];
    for (const id of args.ids) data.push(await fetchJob(client, id));
    write(terminal, args, jobRows(data));
  },
});

const log = command({
  usage: 'log <id>',
  summary: 'Show the output of a Job',
  examples: [
    [`job log ${EXAMPLE}`, 'What it has said so far'],
    [`job log -f ${EXAMPLE}`, 'And what comes, until it has ended'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', { type: 'string', demandOption: true, describe: 'Id of the Job' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Go on with what comes, until it has ended' }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    if (args.follow) await followJob(client, args.id, args.output, terminal);
    else await writeJobLog(client, args.id, args.output, terminal);
  },
});

const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete Jobs with their output',
  examples: [[`job delete ${EXAMPLE}`, 'One that has ended']],
  flags: (yargs) => serverFlags(yargs).positional('ids', IDS),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'jobs', args.ids, terminal),
});

const purge = command({
  usage: 'purge',
  summary: 'Delete old Jobs with their output; the newest of each machine stays',
  examples: [
    ['job purge --older-than 30d --dry-run', 'Which would be deleted'],
    ['job purge --older-than 30d --failed-older-than 90d --keep 10', 'And ten of each machine stay in any case'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .option('older-than', { type: 'string', describe: 'Those that ended so long ago: 12h, 30d, 4w' })
      .option('failed-older-than', { type: 'string', describe: 'The same for those that failed [as --older-than]' })
      .option('keep', { type: 'number', describe: 'Keep so many of the newest of each machine in any case' })
      .option('dry-run', { type: 'boolean', describe: 'Show which would be deleted, and delete nothing' }),
  async run(args, terminal) {
    const { olderThan, failedOlderThan, keep, dryRun } = args;
    if (olderThan === undefined && failedOlderThan === undefined && keep === undefined)
      throw usage('Which Jobs are old?', 'Give --older-than, --failed-older-than or --keep.');
    const { data } = await new Client(args, terminal).post<Data<Job[]>>('jobs/purge', {
      olderThan: olderThan === undefined ? undefined : secondsOf('--older-than', olderThan),
      failedOlderThan: failedOlderThan === undefined ? undefined : secondsOf('--failed-older-than', failedOlderThan),
      keep,
      dryRun,
    });
    write(terminal, args, jobRows(data));
    if (args.output === 'table')
      terminal.stdout.write(`${dryRun ? 'Would delete' : 'Deleted'} Jobs:  ${data.length}\n`);
  },
});

const FIELDS = [
  ...['machine', 'machineName', 'previous', 'number', 'task', 'stage', 'bootEnv', 'workflow', 'action', 'attempts'],
  ...['state', 'exitState', 'message'],
] as const satisfies readonly (keyof Job)[];

const wait = waitCommand({
  ...{ noun: 'job', plural: 'Jobs', example: [EXAMPLE, 'state', 'finished'] },
  fields: async () => FIELDS,
  awaited: (client, id) => ({
    called: `Job ${id}`,
    query: { kind: ['job.*'] },
    look: () => fetchJob(client, id),
    next: `tinsmith job log ${id}`,
  }),
});

export const job: Noun = {
  noun: 'job',
  summary: 'Jobs: what was run on machines, and what came of it',
  commands: [list, get, log, purge, remove, wait],
};

/** Jobs, a line for each. */
export function jobRows(jobs: readonly Job[]): Answer {
  return {
    headers: ['ID', 'Machine', 'Stage', 'Task', 'State', 'Created At', 'Ended At', 'Message'],
    rows: jobs.map(({ id, machineName, stage, task, state, exitState, createdAt, endedAt, message }) => [
      id,
      machineName,
      stage,
      task,
      exitState === undefined || exitState === 'complete' || exitState === state ? state : `${state}, ${exitState}`,
      createdAt,
      endedAt,
      message,
    ]),
    json: { data: jobs },
  };
}
