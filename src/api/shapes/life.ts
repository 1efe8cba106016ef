/** The life of a machine as the API shows it, and what it may be told. */
import { z } from 'zod';
import { objectName } from '../../content/objects.ts';
import { flag, instant } from './page.ts';

export const haltReason = z.enum(['paused', 'failed', 'incomplete', 'reboot', 'poweroff', 'stop', 'bootenv']);

const halt = z.object({
  why: haltReason,
  sentence: z.string(),
  at: instant,
});

/** Sealed values show that there is one, and nothing of it. */
const sealed = z.object({ sealed: z.literal(true) });
const value = z.union([sealed, z.unknown()]).describe('`{"sealed": true}` in place of a secure value.');

export const life = z
  .object({
    stage: z.string().optional(),
    bootEnv: z.string().optional().describe('Environment that it is to boot; absent: whatever its workflows need.'),
    list: z.string().optional().describe('The list of stages that it goes through.'),
    profiles: z.array(z.string()),
    params: z.record(z.string(), value),
    locked: z.boolean().describe('Nothing of this may be changed until it is unlocked.'),
    runnable: z.boolean().describe('Whether its Tasks are begun when their turn comes.'),
    halt: halt.optional().describe('Why nothing is begun on it.'),
    waits: z.string().optional().describe('What it waits for.'),
    in: z
      .object({ bootEnv: z.string(), boot: z.string(), agent: z.string().optional(), at: instant })
      .optional()
      .describe('Environment that its agent said it is in, and when.'),
    tasks: z.array(z.string()).describe('Tasks of the stage, those that have run among them.'),
    currentTask: z
      .int()
      .min(-1)
      .describe('Position of the current one; -1: none has begun; their number: all are done.'),
    job: z.string().optional().describe('Id of the newest Job.'),
    workflow: z.string().optional().describe('Id of the workflow that runs the Tasks.'),
    unusable: z.array(z.string()).describe('Why its Tasks cannot be run as things are.'),
  })
  .meta({ id: 'Life' });
export type Life = z.infer<typeof life>;

/** A machine's life in few words, beside the machine itself. */
export const lifeSummary = z
  .object({
    stage: z.string().optional(),
    bootEnv: z.string().optional(),
    runnable: z.boolean(),
    locked: z.boolean(),
    halt: z.string().optional().describe('Why nothing is begun on it.'),
    currentTask: z.int().min(-1).describe('Position of the current Task of its stage, as in the life itself.'),
    tasks: z.int().min(0).describe('How many Tasks its stage has.'),
  })
  .meta({ id: 'LifeSummary' });
export type LifeSummary = z.infer<typeof lifeSummary>;

const force = z.boolean().optional().describe('Even in the middle of Tasks, which are given up then.');
/** Body of `POST machines/:reference/stage`. */
export const stageBody = z.strictObject({ stage: objectName, force });
/** Body of `POST machines/:reference/list`. */
export const listBody = z.strictObject({
  list: z
    .union([objectName, z.null()])
    .transform((name) => name ?? undefined)
    .describe('Name of the list; null: it goes through none any more.'),
  force,
});
/** Body of `POST machines/:reference/bootenv`. */
export const bootEnvBody = z.strictObject({ bootEnv: objectName, force });

const taskNames = z.array(objectName).max(1000);
/** Body of `POST machines/:reference/tasks`: one of the three. Positions count from 0. */
export const tasksBody = z.union(
  [
    z.strictObject({ set: taskNames.describe('All Tasks of the stage, those that have run among them.') }),
    z.strictObject({
      add: taskNames.min(1).describe('Tasks to be run in addition.'),
      at: z.int().min(0).optional().describe('Position of the first of them; else they come last.'),
    }),
    z.strictObject({ remove: z.array(z.int().min(0)).min(1).max(1000).describe('Positions of Tasks not to be run.') }),
  ],
  { error: 'is none of {"set": [TASK, …]}, {"add": [TASK, …], "at": N} and {"remove": [N, …]}' },
);

/** Body of `POST machines/:reference/params`. A secure value is given sealed. */
export const paramsBody = z.strictObject({
  set: z.record(objectName, z.unknown()).optional().describe('Values by the names of the params.'),
  unset: z.array(objectName).optional().describe('Names of params whose values are taken away.'),
});

/** Body of `POST machines/:reference/profiles`. */
export const profilesBody = z.strictObject({
  profiles: z.array(objectName).max(1000).describe('All its profiles; of two with the same param the first counts.'),
});

/** Query of `GET machines/:reference/params`. */
export const paramsQuery = z.object({
  aggregate: flag.describe('Those too that come from profiles, the stage, and the params’ own defaults.'),
});

export const machineParams = z
  .record(z.string(), z.object({ value, from: z.string().describe('Where the value is set.') }))
  .describe('Values by the names of the params.');
export type MachineParams = z.infer<typeof machineParams>;

/** Body of `POST machines/:reference/tasks/preview`. */
export const taskPreviewBody = z.strictObject({ task: objectName });

export const taskStep = z
  .object({
    name: z.string(),
    path: z.string().optional().describe('The file that is written; absent: a script, or a container.'),
    content: z.string().optional().describe('Secure values are masked.'),
    interpreter: z.string().optional().describe('What runs the script; absent: its own first line says so.'),
    timeout: z.number().optional().describe('Seconds that it may take; absent: no limit.'),
    container: z
      .object({
        image: z.string(),
        command: z.array(z.string()),
        environment: z.record(z.string(), z.string()),
        volumes: z.array(z.string()),
        pid: z.string().optional(),
        network: z.string().optional(),
        privileged: z.boolean().optional(),
        memory: z.number().optional().describe('Bytes.'),
        cpus: z.number().optional(),
      })
      .optional()
      .describe('What is run in place of a script. Secure values are masked.'),
  })
  .meta({ id: 'TaskStep' });
export type TaskStep = z.infer<typeof taskStep>;

export const sealingKey = z
  .object({ key: z.string().describe('Public key with which values of secure params are sealed.') })
  .meta({ id: 'SealingKey' });
export type SealingKey = z.infer<typeof sealingKey>;
