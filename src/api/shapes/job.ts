/** Jobs as the API shows them, and their output. */
import { z } from 'zod';
import { EXIT_STATES, JOB_STATES } from '../../life/job-record.ts';
import { logEntry } from '../../worker/protocol.ts';
import { instant, pageQuery } from './page.ts';

export const jobState = z.enum(JOB_STATES).meta({ id: 'JobState' });

export const job = z
  .object({
    id: z.string(),
    machine: z.string().describe('Id of the machine.'),
    machineName: z.string().describe('Its name then.'),
    previous: z.string().optional().describe('Id of the Job before it on the machine; absent for the first.'),
    number: z.int().min(1).describe('Its place among the Jobs of the machine, from 1.'),
    task: z.string(),
    stage: z.string(),
    bootEnv: z.string(),
    workflow: z.string().describe('Id of the workflow that has its output.'),
    action: z.int().min(0).describe('Position of its action in that workflow, from 0.'),
    attempts: z.array(z.int()).describe('The attempts at that action that belong to it.'),
    state: jobState,
    exitState: z.enum(EXIT_STATES).optional().describe('What came of it, and what the agent did then.'),
    message: z.string().optional().describe('Why it ended so.'),
    createdAt: instant,
    startedAt: instant.optional(),
    endedAt: instant.optional(),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof job>;

/** `GET jobs/:id/log[?from=N]` */
export const jobLog = z
  .object({
    state: jobState.describe('How far the Job is: `finished` and `failed` say no more.'),
    entries: z.array(logEntry).describe('Those of all its attempts in their order, from number `from` on.'),
    next: z.int().min(0).describe('Number of the next entry: give it as `from` to get what comes after these.'),
  })
  .meta({ id: 'JobLog' });
export type JobLog = z.infer<typeof jobLog>;

/** Query of `GET jobs`. */
export const jobsQuery = pageQuery.extend({
  machine: z.string().max(255).optional().describe('Id, name, MAC or IP address of the machine.'),
  task: z.string().max(255).optional().describe('Name of the Task.'),
  stage: z.string().max(255).optional().describe('Name of the stage that the machine was in.'),
  state: jobState.optional(),
});

/** Query of `GET jobs/:id/log`. */
export const jobLogQuery = z.object({
  from: z.coerce.number().pipe(z.int().min(0)).default(0).describe('Number of the first entry that is wanted, from 0.'),
});

/**
 * Body of `POST jobs/purge`. Ages are counted from a Job's end, in seconds. Jobs that may go on, and the newest of each
 * machine, are never removed.
 */
export const purgeBody = z
  .strictObject({
    olderThan: z.number().min(0).optional().describe('Remove Jobs that ended longer ago than so many seconds.'),
    failedOlderThan: z.number().min(0).optional().describe('The same for those that failed [as olderThan].'),
    keep: z.int().min(0).optional().describe('Keep so many of the newest of each machine, however old they are.'),
    dryRun: z.boolean().default(false).describe('Only tell which would be removed.'),
  })
  .refine((body) => [body.olderThan, body.failedOlderThan, body.keep].some((each) => each !== undefined), {
    error: 'give "olderThan", "failedOlderThan" or "keep"',
  });
