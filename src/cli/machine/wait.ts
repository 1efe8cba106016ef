/** `tinsmith machine wait`: staying until a machine is as it should be. */
import type { Data, Job, Life } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { changes, unlessAway } from '../changes.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { outputFlag, say } from '../output.ts';
import { fetchLife, fetchMachine, NAME } from './named.ts';

/** What a machine's life is, and its newest Job where that is asked for. */
interface Standing {
  life: Life;
  job: Job | undefined;
}

/** What can be waited for, as texts. */
const FIELDS: Readonly<Record<string, (standing: Standing) => string | number | boolean | undefined>> = {
  stage: ({ life }) => life.stage,
  bootenv: ({ life }) => life.bootEnv,
  in: ({ life }) => life.in?.bootEnv,
  list: ({ life }) => life.list,
  runnable: ({ life }) => life.runnable,
  locked: ({ life }) => life.locked,
  halt: ({ life }) => life.halt?.why,
  currenttask: ({ life }) => life.currentTask,
  complete: ({ life }) => life.currentTask === life.tasks.length,
  job: ({ life }) => life.job,
  state: ({ job }) => job?.state,
  exitstate: ({ job }) => job?.exitState,
  task: ({ job }) => job?.task,
};
const OF_JOB = ['state', 'exitstate', 'task'];

/** What a timer of Node can count. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const wait = command({
  usage: 'wait <name> <field> <value> [timeout]',
  summary: 'Wait until something about a machine has a value',
  examples: [
    ['machine wait node1 stage installed', 'For as long as it takes'],
    ['machine wait node1 state finished 600', 'Its newest Job; exit code 75 when it is not so after 10 minutes'],
    ['machine wait node1 complete true', 'All Tasks of its stage are done'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', NAME)
      .positional('field', {
        type: 'string',
        demandOption: true,
        describe: `One of ${Object.keys(FIELDS).join(', ')}; ${OF_JOB.join(', ')} are those of its newest Job`,
      })
      .positional('value', { type: 'string', demandOption: true, describe: 'What it is to be; "" is nothing' })
      .positional('timeout', { type: 'string', describe: 'Give up after so many seconds [never]' }),
  async run(args, terminal) {
    const { name, field, value } = args;
    const read = FIELDS[field.toLowerCase()];
    if (!read)
      throw usage(`Machines have no field ${field} to wait for.`, `There are ${Object.keys(FIELDS).join(', ')}.`);
    const seconds = args.timeout === undefined ? undefined : Number(args.timeout);
    if (seconds !== undefined && !(seconds >= 0))
      throw usage(`${args.timeout} is not a number of seconds.`, 'Write it like 600.');
    const client = new Client(args, terminal);
    const { id } = await fetchMachine(client, name);
    const ofJob = OF_JOB.includes(field.toLowerCase());
    const limit = seconds === undefined ? undefined : AbortSignal.timeout(Math.min(seconds * 1000, LONGEST_WAIT_MS));
    let last = '';
    try {
      for await (const _ of changes(client, { machine: [id] }, limit)) {
        const standing = await unlessAway(standingOf(client, id, ofJob));
        if (!standing) continue;
        last = String(read(standing) ?? '');
        if (last === value) return say(terminal, args.output, `Machine ${name}: ${field} ${value}`, { data: standing });
      }
    } catch (error) {
      if (!limit?.aborted) throw error;
      throw new TinsmithError(
        'TIMED_OUT',
        `${field} of machine ${name} is ${shown(last)} after ${seconds} s, not ${value}.`,
        {
          next: `See what it does: tinsmith machine life ${name}`,
        },
      );
    }
  },
});

async function standingOf(client: Client, machine: string, ofJob: boolean): Promise<Standing> {
  const life = await fetchLife(client, machine);
  return { life, job: ofJob && life.job !== undefined ? await jobOf(client, life.job) : undefined };
}

/** A Job that has been purged says nothing. */
async function jobOf(client: Client, id: string): Promise<Job | undefined> {
  try {
    return (await client.get<Data<Job>>('jobs', id)).data;
  } catch (error) {
    if (error instanceof TinsmithError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function shown(value: string): string {
  return value === '' ? 'nothing' : value;
}
