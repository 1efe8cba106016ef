/** Jobs as they are begun and go on: the workflows tell what happens to their actions. */
import { messageOf } from '../errors.ts';
import type { Transaction } from '../store/store.ts';
import type { JobRun, JobStep } from '../worker/protocol.ts';
import { putSecretValues } from '../workflows/secrets.ts';
import type { Container, JobTask } from '../workflows/template/document.ts';
import { type JobExit, machinesOf, type Workflow, type WorkflowEvent } from '../workflows/workflow.ts';
import { type ExitState, hasEnded, type Job } from './job-record.ts';
import { currentJob, type Jobs } from './jobs.ts';
import { lifeOf } from './record.ts';

type ActionEvent = Extract<WorkflowEvent, { action: number }>;

/** What follows for a machine from what its Job has come to. */
export interface AfterJob {
  /** Nothing more is begun until that has changed. */
  why: 'failed' | 'incomplete' | undefined;
  /** What is done with the machine, or its agent, first. */
  exit: JobExit | undefined;
  /** For people, without an end. */
  because: string;
}

/** Fills in the templates of a Task for a machine as it is in a change. @throws TinsmithError INVALID_INPUT */
export type FillIn = (
  transaction: Transaction,
  machine: string,
  run: JobTask,
) => { steps: JobStep<Container>[]; secrets: string[]; environment: Record<string, string>; codes: JobRun['codes'] };

export class JobKeeper {
  readonly #jobs: Jobs;
  readonly #clock: () => number;
  readonly #newId: () => string;
  readonly #nameOf: (machine: string) => string;
  readonly #fillIn: FillIn;

  constructor(parts: {
    jobs: Jobs;
    clock: () => number;
    newId: () => string;
    nameOf: (machine: string) => string;
    fillIn: FillIn;
  }) {
    this.#jobs = parts.jobs;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
    this.#nameOf = parts.nameOf;
    this.#fillIn = parts.fillIn;
  }

  /** What a Task is on a machine now; `failed`: why it cannot be filled in. */
  begin(
    transaction: Transaction,
    workflow: Workflow,
    action: number,
    task: JobTask,
  ): { run: JobRun<Container> } | { failed: string } {
    const machine = workflow.actions[action]?.machine ?? '';
    const job =
      this.#openJob(transaction, workflow, action) ?? this.#newJob(transaction, workflow, action, machine, task.task);
    try {
      const { steps, secrets, environment, codes } = this.#fillIn(transaction, machine, task);
      if (secrets.length > 0) putSecretValues(transaction, workflow.id, secrets);
      return { run: { kind: 'job', job: job.id, steps, environment, codes, secrets } };
    } catch (error) {
      return { failed: messageOf(error) };
    }
  }

  /** The Job of an action that is not over. */
  #openJob(transaction: Transaction, workflow: Workflow, action: number): Job | undefined {
    const machine = workflow.actions[action]?.machine ?? '';
    const current = currentJob(transaction, machine);
    const job = current === undefined ? undefined : this.#jobs.find(current, transaction);
    return job && job.workflow === workflow.id && job.action === action && !hasEnded(job) ? job : undefined;
  }

  #newJob(transaction: Transaction, workflow: Workflow, action: number, machine: string, task: string): Job {
    const life = lifeOf(transaction, machine);
    const before = currentJob(transaction, machine);
    const job: Job = {
      id: this.#newId(),
      number: this.#jobs.nextNumber(transaction, machine),
      ...{ machine, machineName: this.#nameOf(machine), task, workflow: workflow.id, action },
      previous: before,
      stage: workflow.stage ?? '',
      bootEnv: life.in?.bootEnv ?? life.bootEnv ?? '',
      ...{ attempts: [], state: 'created', createdAt: this.#clock() },
    };
    this.#jobs.create(transaction, job);
    return job;
  }

  /** Something has happened to the action of a Job. @returns what follows for its machine, if something does */
  take(transaction: Transaction, workflow: Workflow, event: ActionEvent): AfterJob | undefined {
    const job = this.#openJob(transaction, workflow, event.action);
    if (!job) return undefined;
    const now = this.#clock();
    switch (event.kind) {
      case 'action.started': {
        const attempts = [...job.attempts, event.attempt];
        this.#jobs.change(transaction, job, { state: 'running', startedAt: job.startedAt ?? now, attempts });
        return undefined;
      }
      case 'action.incomplete': {
        const { message, exit } = event;
        this.#jobs.change(transaction, job, { state: 'incomplete', exitState: exit ?? 'complete', message });
        return {
          why: 'incomplete',
          exit,
          because: `Task ${job.task} is to go on, once it is told to: tinsmith machine run`,
        };
      }
      case 'action.ended': {
        const { message, exit, state } = event;
        const finished = state === 'SUCCESS';
        const exitState: ExitState = finished ? (exit ?? 'complete') : 'failed';
        this.#jobs.change(transaction, job, {
          ...{ state: finished ? 'finished' : 'failed', exitState, message, endedAt: now },
        });
        if (!finished) return { why: 'failed', exit: undefined, because: `Task ${job.task} has failed: ${message}` };
        return exit && { why: undefined, exit, because: `as Task ${job.task} has asked for` };
      }
      case 'action.lost':
        this.#fail(transaction, job, 'its agent, or the machine, was restarted in the middle of it');
        return undefined;
      case 'action.skipped':
        this.#fail(transaction, job, 'it was skipped');
        return undefined;
      case 'action.retrying':
        return undefined;
    }
  }

  /** The workflow of a Job is over, which may have been ended before it was. */
  end(transaction: Transaction, workflow: Workflow): void {
    // All of a stage's are on one machine.
    const first = workflow.actions[0]?.machine ?? '';
    for (const machine of workflow.stage === undefined ? machinesOf(workflow) : [first]) {
      const id = currentJob(transaction, machine);
      const job = id === undefined ? undefined : this.#jobs.find(id, transaction);
      if (job && job.workflow === workflow.id && !hasEnded(job))
        this.#fail(transaction, job, workflow.message ?? workflow.state);
    }
  }

  #fail(transaction: Transaction, job: Job, message: string): void {
    this.#jobs.change(transaction, job, { state: 'failed', exitState: 'failed', message, endedAt: this.#clock() });
  }
}
