/** The Jobs that there are: a chain on each machine, of which the newest is the current one. */
import { TinsmithError } from '../errors.ts';
import type { EventLog } from '../store/events.ts';
import type { Reader, Store, Transaction } from '../store/store.ts';
import { clearAttempt } from '../workflows/logs.ts';
import { hasEnded, type Job, type JobState } from './job-record.ts';

/** Which Jobs are asked for; what is not given is not looked at. */
export interface JobFilter {
  /** Id. */
  machine?: string;
  task?: string;
  stage?: string;
  state?: JobState;
}

/** Which Jobs are old. Those that still run, and the current one of each machine, never are. Jobs outlive their machine. */
export interface PurgeRules {
  /** ms since their end. */
  olderThanMs?: number;
  /** The same for those that have failed; as the others by default. */
  failedOlderThanMs?: number;
  /** How many of each machine are kept in any case, the newest. */
  keep?: number;
}

const jobKey = (id: string): string => `job/${id}`;
const chainKey = ({ machine, number }: Pick<Job, 'machine' | 'number'>): string =>
  `machine-job/${machine}/${String(number).padStart(9, '0')}`;

/** By itself, as it is written more often than the rest of a machine's life. */
const currentKey = (machine: string): string => `current-job/${machine}`;

/** Number of the last Job of a machine, where that was deleted: numbers never come twice. */
const lastNumberKey = (machine: string): string => `last-job-number/${machine}`;

/** Id of the newest Job of a machine, the current one; undefined where there is none, or it was deleted. */
export function currentJob(from: Reader, machine: string): string | undefined {
  return from.get<string>(currentKey(machine));
}

/** The machine is deleted; its Jobs stay. */
export function forgetCurrentJob(transaction: Transaction, machine: string): void {
  transaction.delete(currentKey(machine));
  transaction.delete(lastNumberKey(machine));
}

/** Records of Jobs, and their end. */
export class Jobs {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #clock: () => number;

  constructor(parts: { store: Store; events: EventLog; clock: () => number }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
  }

  find(id: string, from: Reader = this.#store): Job | undefined {
    return from.get<Job>(jobKey(id));
  }

  /** @throws TinsmithError NOT_FOUND */
  get(id: string): Job {
    const job = this.find(id.toLowerCase());
    if (job) return job;
    throw new TinsmithError('NOT_FOUND', `There is no Job ${id}.`, { next: 'See which there are: tinsmith job list' });
  }

  /** Newest first. */
  async list(filter: JobFilter = {}): Promise<Job[]> {
    const { machine, task, stage, state } = filter;
    const all = machine === undefined ? await this.#store.values<Job>('job/') : await this.chain(machine);
    return all
      .filter(
        (job) =>
          (task === undefined || job.task === task) &&
          (stage === undefined || job.stage === stage) &&
          (state === undefined || job.state === state),
      )
      .sort((a, b) => b.createdAt - a.createdAt || b.number - a.number);
  }

  /** The Jobs of a machine, the newest first: each is the one before of the one before it. */
  async chain(machine: string): Promise<Job[]> {
    const ids = await this.#store.values<string>(`machine-job/${machine}/`);
    return ids.flatMap((id) => this.find(id) ?? []).reverse();
  }

  /** The number of a machine's next Job, from 1. */
  nextNumber(transaction: Transaction, machine: string): number {
    const current = currentJob(transaction, machine);
    const last = current === undefined ? undefined : this.find(current, transaction)?.number;
    return (last ?? transaction.get<number>(lastNumberKey(machine)) ?? 0) + 1;
  }

  /** Writes a new Job, the current one of its machine from then on. */
  create(transaction: Transaction, job: Job): void {
    this.#put(transaction, job);
    transaction.add(chainKey(job), job.id);
    transaction.putFrozen(currentKey(job.machine), job.id);
    this.#tell(transaction, 'job.created', job);
  }

  /** Writes what has become of a Job. */
  change(transaction: Transaction, before: Job, changes: Partial<Job>): Job {
    const job = { ...before, ...changes };
    this.#put(transaction, job);
    if (job.state !== before.state || job.exitState !== before.exitState) this.#tell(transaction, 'job.changed', job);
    return job;
  }

  /** @throws TinsmithError NOT_FOUND, CONFLICT while it may go on */
  async delete(id: string): Promise<Job> {
    const job = this.get(id);
    await this.#remove([job]);
    return job;
  }

  /** Deletes old Jobs with their logs. @returns those that were deleted, or would be */
  async purge({ dryRun, ...rules }: PurgeRules & { dryRun: boolean }): Promise<Job[]> {
    const now = this.#clock();
    const byMachine = Map.groupBy(await this.list(), ({ machine }) => machine);
    const old = [...byMachine.values()].flatMap((jobs) =>
      jobs.filter((job, n) => n >= (rules.keep ?? 0) && isOld(job, rules, now) && !this.#isCurrent(job, this.#store)),
    );
    if (!dryRun) await this.#remove(old);
    return old;
  }

  #isCurrent(job: Job, from: Reader): boolean {
    return currentJob(from, job.machine) === job.id;
  }

  async #remove(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#store.change((transaction) => {
      for (const { id } of jobs) {
        const job = this.find(id, transaction);
        if (!job) continue;
        const isCurrent = this.#isCurrent(job, transaction);
        if (!hasEnded(job) && isCurrent)
          throw new TinsmithError(
            'CONFLICT',
            `Job ${id} of machine ${job.machineName} is ${job.state}: it may go on.`,
            {
              next: `Wait until it has ended, or take the machine to another stage: tinsmith machine stage ${job.machineName} STAGE --force`,
            },
          );
        if (isCurrent) {
          transaction.delete(currentKey(job.machine));
          transaction.put(lastNumberKey(job.machine), job.number);
        }
        transaction.delete(jobKey(id));
        transaction.delete(chainKey(job));
        this.#tell(transaction, 'job.deleted', job);
      }
    });
    for (const { workflow, action, attempts } of jobs)
      for (const attempt of attempts) await clearAttempt(this.#store, { workflow, action, attempt });
  }

  #put(transaction: Transaction, job: Job): void {
    transaction.putFrozen(jobKey(job.id), job);
  }

  /** Not among the events of its workflow: those of the action say the same. */
  #tell(transaction: Transaction, kind: string, { id, machine, workflow, task, stage, state, exitState }: Job): void {
    this.#events.append(transaction, { kind, machine, data: { job: id, workflow, task, stage, state, exitState } });
  }
}

function isOld(job: Job, { olderThanMs, failedOlderThanMs = olderThanMs, keep }: PurgeRules, now: number): boolean {
  if (!hasEnded(job)) return false;
  const limit = job.state === 'failed' ? failedOlderThanMs : olderThanMs;
  // With a number alone, all beyond it are old.
  if (limit === undefined) return keep !== undefined;
  return now - (job.endedAt ?? job.createdAt) > limit;
}
