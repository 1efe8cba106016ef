/** `/api/v1/jobs`: what was run on machines, what came of it, and its output. */
import { z } from 'zod';
import type { Job as JobRecord } from '../../life/job-record.ts';
import { purge } from '../../life/purge.ts';
import type { LogEntry } from '../../worker/protocol.ts';
import { readLog } from '../../workflows/logs.ts';
import { type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentJob } from '../present-life.ts';
import type { Services } from '../services.ts';
import { job, jobLog, jobLogQuery, jobsQuery, purgeBody } from '../shapes/job.ts';
import { data, page } from '../shapes/page.ts';

export function jobOperations({ jobs, machines, store, workflows }: Services): Operation[] {
  const logOf = async ({ workflow, action, attempts }: JobRecord): Promise<LogEntry[]> => {
    const logs: LogEntry[][] = [];
    for (const attempt of attempts) logs.push(await readLog(store, { workflow, action, attempt }));
    return logs.flat();
  };

  return [
    operation(
      {
        id: 'listJobs',
        method: 'get',
        path: '/jobs',
        summary: 'Jobs, the newest first.',
        query: jobsQuery,
        answer: { kind: 'json', shape: page(job) },
        codes: ['NOT_FOUND'],
      },
      async ({ query }) => {
        const { task, stage, state } = query;
        const machine = query.machine === undefined ? undefined : machines.find(query.machine).id;
        const found = await jobs.list({ machine, task, stage, state });
        const { data: records, next } = pageOf(found, byYouth, query);
        return { data: records.map(presentJob), next };
      },
    ),
    operation(
      {
        id: 'getJob',
        method: 'get',
        path: '/jobs/:id',
        summary: 'One Job.',
        answer: { kind: 'json', shape: data(job) },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => ({ data: presentJob(jobs.get(params.id)) }),
    ),
    operation(
      {
        id: 'getJobLog',
        method: 'get',
        path: '/jobs/:id/log',
        summary: 'The output of a Job, all its attempts in their order.',
        description:
          'To follow it, ask again from `next` on whenever the event stream of the machine has `log`, until the state is `finished` or `failed`.',
        query: jobLogQuery,
        answer: { kind: 'json', shape: data(jobLog) },
        codes: ['NOT_FOUND'],
      },
      async ({ params, query }) => {
        // Its state first: whoever is told that it has ended has been told all that it said.
        const record = jobs.get(params.id);
        const entries = await logOf(record);
        const next = Math.max(entries.length, query.from);
        return { data: { state: record.state, entries: entries.slice(query.from), next } };
      },
    ),
    operation(
      {
        id: 'deleteJob',
        method: 'delete',
        path: '/jobs/:id',
        summary: 'Delete a Job that has ended, or that another came after.',
        answer: { kind: 'json', shape: data(job) },
        codes: ['NOT_FOUND', 'CONFLICT'],
      },
      async ({ params }) => ({ data: presentJob(await jobs.delete(params.id)) }),
    ),
    operation(
      {
        id: 'purgeJobs',
        method: 'post',
        path: '/jobs/purge',
        summary: 'Delete Jobs that are old, or more than are to be kept. The answer has those that were deleted.',
        body: { kind: 'json', shape: purgeBody, limit: '64kb' },
        answer: { kind: 'json', shape: data(z.array(job)) },
      },
      async ({ body: { olderThan, failedOlderThan, keep, dryRun } }) => {
        const limits = { olderThanMs: inMs(olderThan), failedOlderThanMs: inMs(failedOlderThan), keep };
        return { data: (await purge({ jobs, workflows, store }, { ...limits, dryRun })).map(presentJob) };
      },
    ),
  ];
}

const LATEST = 999_999_999_999_999;

/** Sorts by age, the newest first, and those of one machine as they were run. */
function byYouth({ createdAt, number, id }: JobRecord): string {
  return `${downwards(createdAt)}/${downwards(number)}/${id}`;
}

function downwards(n: number): string {
  return String(LATEST - n).padStart(15, '0');
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
