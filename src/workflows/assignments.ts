/** The workers' side of the workflows: who is to do what, and what was reported. */
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import { machineWork } from '../machines/work.ts';
import type { EventLog } from '../store/events.ts';
import type { Store, Transaction } from '../store/store.ts';
import type {
  Assignment,
  AttemptKey,
  Heartbeat,
  Hello,
  JobRun,
  Progress,
  Report,
  ReportAnswer,
  ServiceReport,
} from '../worker/protocol.ts';
import { nextStep, takeReport, takeServiceReport, wantsServices } from './engine/index.ts';
import type { Journal } from './journal.ts';
import { appendLog } from './logs.ts';
import type { WorkflowRecords } from './records.ts';
import { maskReport, secretsOf, unmaskedRun } from './secrets.ts';
import type { Stages } from './stages.ts';
import type { Container, ImageRun, JobTask, TemplateService, VerbRun } from './template/document.ts';
import { currentAction, isFinal, type Workflow } from './workflow.ts';

/** A worker's machine, or the appliance's own computer. */
export type WorkerMachine = Pick<Machine, 'id' | 'name'>;

/** What a worker is to do, before it is dressed for the wire. */
export type Work =
  | {
      kind: 'action';
      workflow: Workflow;
      key: AttemptKey;
      run: ImageRun | VerbRun | JobRun<Container>;
      secrets: string[];
    }
  | Exclude<Assignment, { kind: 'action' }>;

/** A service that a worker is to have running, before it is dressed for the wire. */
export interface WantedRecord {
  workflow: string;
  service: number;
  spec: TemplateService;
  secrets: string[];
  /** Starts known of, by any worker. */
  starts: number;
}

const NOTHING_QUEUED = { kind: 'idle', reason: 'no workflow is waiting for this machine' } as const;

/** What workers ask and say, on disk when it is answered. */
export class Assignments {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #records: WorkflowRecords;
  readonly #journal: Journal;
  readonly #machines: Machines;
  readonly #stages: Stages;
  readonly #clock: () => number;

  constructor(parts: {
    store: Store;
    events: EventLog;
    records: WorkflowRecords;
    journal: Journal;
    machines: Machines;
    stages: Stages;
    clock: () => number;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#records = parts.records;
    this.#journal = parts.journal;
    this.#machines = parts.machines;
    this.#stages = parts.stages;
    this.#clock = parts.clock;
  }

  /** A worker has started. */
  async hello(machine: WorkerMachine, hello: Hello): Promise<void> {
    await this.#store.change((transaction) => {
      this.#endJob(transaction, machine, hello);
      this.#stages.hello(transaction, machine.id, hello);
      const work = machineWork(transaction, machine.id);
      transaction.put(`work/${machine.id}`, {
        ...work,
        worker: { boot: hello.boot, agent: hello.agent, version: hello.version, at: this.#clock() },
      });
      this.#events.append(transaction, {
        kind: 'worker.hello',
        machine: machine.id,
        data: { ...hello, restarted: work.worker?.boot !== hello.boot },
      });
    });
  }

  /** A Job's scripts end with the worker that ran them: another worker of the same boot runs its Task again. */
  #endJob(transaction: Transaction, machine: WorkerMachine, { boot, agent }: Hello): void {
    const { queue, worker } = machineWork(transaction, machine.id);
    if (worker?.boot !== boot || worker.agent === agent) return;
    for (const id of queue) {
      const workflow = this.#records.get(id, transaction);
      const index = workflow && currentAction(workflow);
      const action = index === undefined ? undefined : workflow?.actions[index];
      if (!workflow || index === undefined || action?.run.kind !== 'job') continue;
      if (action.machine !== machine.id || action.state !== 'RUNNING' || action.boot !== boot) continue;
      const { attempt } = action;
      this.#journal.record(transaction, workflow, [
        { kind: 'action.lost', action: index, attempt, boot, at: this.#clock() },
      ]);
    }
  }

  /**
   * What the worker of a machine is to do now.
   * @param agent the worker's process, where it says which it is
   */
  async ask(machine: WorkerMachine, boot: string, agent?: string): Promise<Work> {
    const { queue, verb } = this.#machines.work(machine.id);
    const exit = verb ? undefined : this.#stages.exit(this.#store, machine.id, agent);
    if (exit !== undefined) return { kind: 'exit', reason: exit };
    // The common case of a waiting worker needs no change.
    if (queue.length === 0 && !verb) return { kind: 'idle', reason: this.#whyNothing(machine) };
    return this.#store.change((transaction): Work => {
      const work = machineWork(transaction, machine.id);
      if (work.verb) {
        if (work.verb.boot === boot) return { kind: 'verb', verb: work.verb.verb, workflow: work.verb.workflow };
        transaction.put(`work/${machine.id}`, { ...work, verb: undefined });
      }
      let answer: Work = NOTHING_QUEUED;
      // Of a machine's workflows one has its turn; on the appliance's own computer none waits for another.
      for (const id of machine.id === PROVISIONER ? work.queue : work.queue.slice(0, 1)) {
        answer = this.#turnIn(transaction, id, machine, boot);
        if (answer.kind !== 'idle') break;
      }
      return answer;
    });
  }

  #whyNothing({ id }: WorkerMachine): string {
    return this.#stages.halted(this.#store, id) ?? this.#stages.rests(this.#store, id) ?? NOTHING_QUEUED.reason;
  }

  #turnIn(transaction: Transaction, id: string, machine: WorkerMachine, boot: string): Work {
    const workflow = this.#records.get(id, transaction);
    if (!workflow) return NOTHING_QUEUED;
    const { events, step } = nextStep(workflow, machine.id, boot, this.#clock());
    const after = this.#journal.record(transaction, workflow, events, machine.id);
    const action = step.step === 'run' ? after.actions[step.action] : undefined;
    if (step.step === 'wait' || !action) return { kind: 'idle', reason: step.step === 'wait' ? step.reason : '' };
    // What runs goes on, also with a worker that takes it over.
    const halted = action.state === 'RUNNING' ? undefined : this.#stages.halted(transaction, machine.id, workflow);
    if (halted !== undefined) return { kind: 'idle', reason: halted };
    const key = { workflow: id, action: step.action, attempt: step.attempt };
    // What a stage has made has no secrets of its own, and is many.
    const unmasked = workflow.stage === undefined ? secretsOf(transaction, id) : undefined;
    const run = (unmasked && unmaskedRun(unmasked, after.actions, step.action)) ?? action.run;
    const secrets = unmasked?.values ?? [];
    if (run.kind === 'job') return this.#job(transaction, after, key, { run, secrets }, boot);
    return { kind: 'action', workflow: after, key, run, secrets };
  }

  /** A Task that cannot be filled in has failed: its Job says why. */
  #job(
    transaction: Transaction,
    workflow: Workflow,
    key: AttemptKey,
    { run: task, secrets }: { run: JobTask; secrets: readonly string[] },
    boot: string,
  ): Work {
    const begun = this.#stages.begin(transaction, workflow, key.action, task);
    if ('run' in begun) {
      const run = secrets.length === 0 ? begun.run : { ...begun.run, secrets: [...begun.run.secrets, ...secrets] };
      return { kind: 'action', workflow, key, run, secrets: [] };
    }
    const now = this.#clock();
    const { machine: id, name } = workflow.actions[key.action] ?? { machine: '', name: task.task };
    const report = { ...key, boot, state: 'FAILED', at: now, message: begun.failed } as const;
    const result = takeReport(workflow, { id, name: this.#machines.get(id)?.name ?? id }, report, now);
    if (result.outcome === 'recorded') {
      appendLog(transaction, key, 0, [{ at: now, stream: 'stderr', text: `${begun.failed}\n` }]);
      this.#journal.record(transaction, workflow, result.events, id);
    }
    return { kind: 'idle', reason: `Task ${name} has failed: ${begun.failed}` };
  }

  /**
   * Takes a report. When this returns, it is on disk.
   * @throws TinsmithError NOT_FOUND (the workflow is gone), CONFLICT (the report cannot be)
   */
  async report(machine: WorkerMachine, report: Report): Promise<ReportAnswer> {
    return this.#store.change((transaction): ReportAnswer => {
      const workflow = this.#records.get(report.workflow, transaction);
      if (!workflow)
        throw new TinsmithError('NOT_FOUND', `There is no workflow ${report.workflow} any more.`, {
          next: 'Stop the action and ask for work.',
        });
      const result = takeReport(workflow, machine, maskReport(transaction, report), this.#clock());
      switch (result.outcome) {
        case 'refused':
          throw new TinsmithError('CONFLICT', `The report is refused: ${result.sentence}.`, {
            next: 'Stop the action and ask for work.',
          });
        case 'repeated':
        case 'superseded':
          return { acknowledged: true, outcome: result.outcome };
        case 'recorded': {
          const { run } = workflow.actions[report.action] ?? {};
          if (report.state === 'SUCCESS' && run?.kind === 'verb') {
            const verb = { verb: run.verb, boot: report.boot, workflow: workflow.id };
            transaction.put(`work/${machine.id}`, { ...machineWork(transaction, machine.id), verb });
          }
          this.#journal.record(transaction, workflow, result.events, machine.id);
          return { acknowledged: true, outcome: 'recorded' };
        }
      }
    });
  }

  /** Whether an attempt that a worker is running is still wanted. */
  heartbeat(
    machine: WorkerMachine,
    beat: Heartbeat,
  ): { continue: boolean; reason: string; progress?: { workflow: Workflow; action: number; progress: Progress } } {
    const workflow = this.#records.get(beat.workflow);
    const action = workflow?.actions[beat.action];
    if (!workflow || !action || action.machine !== machine.id)
      return { continue: false, reason: `workflow ${beat.workflow} is gone` };
    if (isFinal(workflow.state)) return { continue: false, reason: `the workflow has ended: ${workflow.state}` };
    if (action.attempt > beat.attempt || (action.attempt === beat.attempt && action.boot !== beat.boot))
      return { continue: false, reason: `attempt ${action.attempt} has begun` };
    if (action.attempt === beat.attempt && isFinal(action.state))
      return { continue: false, reason: `the action has ended: ${action.message ?? action.state}` };
    return {
      continue: true,
      reason: '',
      ...(beat.progress ? { progress: { workflow, action: beat.action, progress: beat.progress } } : {}),
    };
  }

  /** The services that a machine's worker is to have running now. */
  async services(machine: WorkerMachine): Promise<WantedRecord[]> {
    const wanted: WantedRecord[] = [];
    for (const id of await this.#records.active()) {
      const workflow = this.#records.get(id);
      if (!workflow || !wantsServices(workflow)) continue;
      const unmasked = secretsOf(this.#store, id);
      workflow.services.forEach((spec, service) => {
        if (spec.machine !== machine.id) return;
        wanted.push({
          workflow: id,
          service,
          spec: unmasked?.services[service] ?? spec,
          secrets: unmasked?.values ?? [],
          starts: spec.starts,
        });
      });
    }
    return wanted;
  }

  /** Whether nothing more will come of a workflow. One that did not succeed may be retried where it left its files. */
  isOver(id: string): boolean {
    const workflow = this.#records.get(id);
    return workflow === undefined || workflow.state === 'SUCCESS';
  }

  /**
   * Takes a worker's word on a service.
   * @param endpoints where it is reached, by its ports in the container
   * @returns whether it is still wanted
   */
  async service(
    machine: WorkerMachine,
    report: ServiceReport,
    endpoints: Record<string, string> | undefined,
  ): Promise<{ wanted: boolean }> {
    return this.#store.change((transaction) => {
      const workflow = this.#records.get(report.workflow, transaction);
      if (!workflow || workflow.services[report.service]?.machine !== machine.id) return { wanted: false };
      const said = maskReport(transaction, report);
      const events = takeServiceReport(workflow, said, endpoints, this.#clock());
      return { wanted: wantsServices(this.#journal.record(transaction, workflow, events)) };
    });
  }
}
