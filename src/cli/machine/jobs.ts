/** `tinsmith machine jobs` and `log`: what was run on a machine, and what it says. */
import type { Job } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { followMachine, writeJobLog } from '../follow-jobs.ts';
import { jobRows } from '../job.ts';
import { outputFlag, rowFlags, write } from '../output.ts';
import { fetchLife, fetchMachine, NAME } from './named.ts';

export const jobs = command({
  usage: 'jobs <name>',
  summary: 'List the Jobs of a machine, the newest first',
  examples: [['machine jobs node1', 'What was run on it, and what came of it']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('name', NAME),
  async run(args, terminal) {
    const json = await new Client(args, terminal).list<Job>('jobs', { machine: args.name });
    write(terminal, args, jobRows(json.data));
  },
});

export const log = command({
  usage: 'log <name>',
  summary: 'Show the output of the newest Job of a machine',
  examples: [
    ['machine log node1', 'What it has said so far'],
    ['machine log -f node1', 'And what comes, of the Jobs after it too, until Ctrl-C'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', NAME)
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Go on with what comes, and with the next Jobs' }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const { id } = await fetchMachine(client, args.name);
    if (args.follow) return followMachine(client, id, args.output, terminal);
    const { job } = await fetchLife(client, id);
    if (job === undefined)
      throw new TinsmithError('NOT_FOUND', `Nothing has been run on machine ${args.name} yet: it has no Job.`, {
        next: `Put it into a stage: tinsmith machine stage ${args.name} STAGE`,
      });
    await writeJobLog(client, job, args.output, terminal);
  },
});
