/** `tinsmith machine wait`: staying until a machine is as it should be. */
import type { Data, Job, Life } from '../../api/types.ts';
import { TinsmithError } from '../../errors.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { outputFlag } from '../output.ts';
import { refuseUnknown, valueAt, waitFlags, waitUntil } from '../wait.ts';
import { fetchLife, fetchMachine, NAME } from './named.ts';

/** What a machine's life is, and its newest Job where that is asked for. */
interface Standing {
  life: Life;
  job: Job | undefined;
}

/** What has a word of its own; all else is found by its path in the life. */
const FIELDS: Readonly<Record<string, (standing: Standing) => unknown>> = {
  in: ({ life }) => life.in?.bootEnv,
  halt: ({ life }) => life.halt?.why,
  complete: ({ life }) => life.currentTask === life.tasks.length,
  state: ({ job }) => job?.state,
  exitstate: ({ job }) => job?.exitState,
  task: ({ job }) => job?.task,
};
const OF_JOB = ['state', 'exitstate', 'task'];
const OF_LIFE = [
  ...[
    'stage',
    'bootEnv',
    'list',
    'runnable',
    'locked',
    'currentTask',
    'job',
    'workflow',
    'waits',
    'params',
    'profiles',
  ],
  ...['tasks', 'unusable'],
] as const satisfies readonly (keyof Life)[];

export const wait = command({
  usage: 'wait <name> <field> <value> [timeout]',
  summary: 'Wait until something about a machine has a value',
  examples: [
    ['machine wait node1 stage installed', 'For as long as it takes'],
    ['machine wait node1 state "In(finished,failed)" 600', 'Its newest Job; exit code 75 after 10 minutes'],
    ['machine wait node1 complete true', 'All Tasks of its stage are done'],
    ['machine wait node1 params.rack/place B7', 'A param of its own'],
  ],
  flags: (yargs) =>
    waitFlags(
      serverFlags(outputFlag(yargs)).positional('name', NAME),
      `One of ${[...OF_LIFE, ...Object.keys(FIELDS)].join(', ')}; ${OF_JOB.join(', ')} are those of its newest Job`,
    ),
  async run(args, terminal) {
    const { name, field } = args;
    refuseUnknown('Machines', field, [...OF_LIFE, ...Object.keys(FIELDS)]);
    const client = new Client(args, terminal);
    const gone = field.toLowerCase() === 'exists';
    const id = gone ? name : (await fetchMachine(client, name)).id;
    const ofJob = OF_JOB.includes(field.toLowerCase());
    await waitUntil(client, terminal, args, {
      called: `Machine ${name}`,
      query: gone ? { kind: ['machine.*'] } : { machine: [id] },
      look: () => standingOf(client, id, ofJob),
      read: (found) => read(found as Standing, field),
      next: `tinsmith machine life ${name}`,
    });
  },
});

function read(standing: Standing, field: string): unknown {
  const own = FIELDS[field.toLowerCase()];
  return own ? own(standing) : valueAt(standing.life, field);
}

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
