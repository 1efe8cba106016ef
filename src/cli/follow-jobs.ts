/** The output of Jobs: what there is, and what comes, whole and in order. */
import type { Data, Job, JobLog } from '../api/types.ts';
import { changes, unlessAway } from './changes.ts';
import type { Client } from './client.ts';
import { writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';

type Output = 'table' | 'json';

/** What has been shown of a Job so far. */
interface Shown {
  job: Job;
  /** Number of the entry that comes next. */
  next: number;
}

/** @throws TinsmithError NOT_FOUND */
export async function fetchJob(client: Client, id: string): Promise<Job> {
  return (await client.get<Data<Job>>('jobs', id)).data;
}

/** Writes the output that a Job has now. */
export async function writeJobLog(client: Client, id: string, output: Output, terminal: Terminal): Promise<void> {
  const answer = await logFrom(client, id, 0);
  if (output === 'json') writeJson(terminal, answer);
  else terminal.stdout.write(textOf(answer.data));
}

/** Writes the output of a Job until it has ended. */
export async function followJob(client: Client, id: string, output: Output, terminal: Terminal): Promise<void> {
  const job = await fetchJob(client, id);
  const shown: Shown = { job, next: 0 };
  for await (const _ of changes(client, { machine: [job.machine] })) {
    if (await showMore(client, shown, output, terminal)) return;
  }
}

/** Writes the output of a machine's newest Job, and of those that come after it, until interrupted. */
export async function followMachine(
  client: Client,
  machine: string,
  output: Output,
  terminal: Terminal,
): Promise<void> {
  let shown: Shown | undefined;
  for await (const _ of changes(client, { machine: [machine] })) {
    for (;;) {
      if (shown && !(await showMore(client, shown, output, terminal))) break;
      const next: Job | undefined = await unlessAway(jobAfter(client, machine, shown?.job));
      if (!next) break;
      shown = { job: next, next: 0 };
      if (output === 'table') terminal.stdout.write(`==> ${next.task} (Job ${next.id}) <==\n`);
    }
  }
}

/** Writes what a Job has said since. @returns whether it has ended, and all is written */
async function showMore(client: Client, shown: Shown, output: Output, terminal: Terminal): Promise<boolean> {
  const { id, task } = shown.job;
  const answer = await unlessAway(logFrom(client, id, shown.next));
  if (!answer) return false;
  const { entries, next, state } = answer.data;
  if (output === 'table') terminal.stdout.write(textOf(answer.data));
  else if (entries.length > 0)
    terminal.stdout.write(`${JSON.stringify({ job: id, task, from: shown.next, entries })}\n`);
  shown.next = next;
  return state === 'finished' || state === 'failed';
}

/** The Job of a machine that came after another; without one, the newest. */
async function jobAfter(client: Client, machine: string, job: Job | undefined): Promise<Job | undefined> {
  if (!job) return (await client.find<Data<Job[]>>('jobs', { machine, limit: '1' })).data[0];
  const { data } = await client.list<Job>('jobs', { machine });
  const at = data.findIndex(({ id }) => id === job.id);
  return at === -1 ? data.findLast(({ createdAt }) => createdAt > job.createdAt) : data[at - 1];
}

function logFrom(client: Client, id: string, from: number): Promise<Data<JobLog>> {
  return client.find<Data<JobLog>>(`jobs/${encodeURIComponent(id)}/log`, { from: String(from) });
}

/** As the Job wrote it, ending with a line's end only where that was written. */
function textOf({ entries }: JobLog): string {
  return entries.map(({ text }) => text).join('');
}
