/** The workflows we have, and the worker's side of them: who is to do what, and what was reported. */
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { type MachineWork, machineWork } from '../machines/work.ts';
import type { EventLog } from '../store/events.ts';
import type { Store, Transaction } from '../store/store.ts';
import type {
  Assignment,
  AttemptKey,
  Heartbeat,
  Hello,
  LogPost,
  Progress,
  Report,
  ReportAnswer,
} from '../worker/protocol.ts';
import { bootableDisks, fold, installedDisks, nextStep, takeReport } from './engine.ts';
import { appendLog, clearLogs } from './logs.ts';
import { planWorkflow } from './render.ts';
import type { Templates } from './templates.ts';
import { isFinal, type Workflow, type WorkflowEvent } from './workflow.ts';

/** What a worker is to do, before it is dressed for the wire. */
export type Work = { kind: 'action'; workflow: Workflow; key: AttemptKey } | Exclude<Assignment, { kind: 'action' }>;

const NOTHING_QUEUED: Work = { kind: 'idle', reason: 'no workflow is waiting for this machine' };

const keyOf = (id: string): string => `workflow/${id}`;

export class Workflows {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #machines: Machines;
  readonly #templates: Templates;
  readonly #clock: () => number;
  readonly #newId: () => string;

  constructor(parts: {
    store: Store;
    events: EventLog;
    machines: Machines;
    templates: Templates;
    clock: () => number;
    newId: () => string;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#machines = parts.machines;
    this.#templates = parts.templates;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
  }

  /**
   * Renders a template for the machines it names and queues it on them.
   * @param extra values for the template beside the devices, such as the server's address.
   * @throws TinsmithError NOT_FOUND, INVALID_INPUT (template: line and column), CONFLICT (machine not open to workflows)
   */
  async create(
    reference: string,
    devices: Record<string, unknown>,
    extra: (machine: Machine | undefined) => Record<string, unknown>,
  ): Promise<Workflow> {
    const template = this.#templates.find(reference);
    const workflow = planWorkflow({
      id: this.#newId(),
      template,
      devices,
      machines: this.#machines,
      extra,
      now: this.#clock(),
    });
    return this.#store.change((transaction) => {
      for (const id of new Set(workflow.actions.map((action) => action.machine))) {
        if (transaction.get(`machine/${id}`) === undefined)
          throw new TinsmithError('CONFLICT', `Machine ${id} has just been deleted.`);
        const work = machineWork(transaction, id);
        transaction.put(`work/${id}`, { ...work, queue: [...work.queue, workflow.id] });
      }
      return this.#record(transaction, workflow, { kind: 'workflow.created', workflow });
    });
  }

  /** @throws TinsmithError NOT_FOUND */
  get(id: string): Workflow {
    const workflow = this.#store.get<Workflow>(keyOf(id.toLowerCase()));
    if (!workflow)
      throw new TinsmithError('NOT_FOUND', `There is no workflow ${id}.`, {
        next: 'See which there are: tinsmith workflow list',
      });
    return workflow;
  }

  async list(): Promise<Workflow[]> {
    return (await this.#store.values<Workflow>('workflow/')).sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Deletes a workflow, a running one too: its worker is told at the next heartbeat. */
  async delete(id: string): Promise<Workflow> {
    const { id: key } = this.get(id);
    const deleted = await this.#store.change((transaction) => {
      const workflow = transaction.get<Workflow>(keyOf(key));
      if (!workflow) throw new TinsmithError('NOT_FOUND', `Workflow ${id} has just been deleted.`);
      this.#leaveQueues(transaction, workflow, (work) => work);
      transaction.delete(keyOf(key));
      this.#events.append(transaction, {
        kind: 'workflow.deleted',
        workflow: key,
        data: { name: workflow.name, state: workflow.state },
      });
      return workflow;
    });
    await clearLogs(this.#store, key);
    await this.#store.clear(`workflow-event/${key}/`);
    return deleted;
  }

  /** A worker has started. */
  async hello(machine: Machine, hello: Hello): Promise<void> {
    await this.#store.change((transaction) => {
      const work = machineWork(transaction, machine.id);
      transaction.put(`work/${machine.id}`, {
        ...work,
        worker: { boot: hello.boot, version: hello.version, at: this.#clock() },
      });
      this.#events.append(transaction, {
        kind: 'worker.hello',
        machine: machine.id,
        data: { ...hello, restarted: work.worker?.boot !== hello.boot },
      });
    });
  }

  /** What the worker of a machine is to do now. */
  async ask(machine: Machine, boot: string): Promise<Work> {
    // The common case of a waiting worker needs no change.
    const { queue, verb } = this.#machines.work(machine.id);
    if (queue.length === 0 && !verb) return NOTHING_QUEUED;
    return this.#store.change((transaction): Work => {
      const work = machineWork(transaction, machine.id);
      if (work.verb) {
        if (work.verb.boot === boot) return { kind: 'verb', verb: work.verb.verb, workflow: work.verb.workflow };
        transaction.put(`work/${machine.id}`, { ...work, verb: undefined });
      }
      const id = work.queue[0];
      const workflow = id === undefined ? undefined : transaction.get<Workflow>(keyOf(id));
      if (!workflow) return NOTHING_QUEUED;
      const { events, step } = nextStep(workflow, machine.id, boot, this.#clock());
      const after = events.reduce((before, event) => this.#record(transaction, before, event), workflow);
      if (step.step === 'wait') return { kind: 'idle', reason: step.reason };
      return {
        kind: 'action',
        workflow: after,
        key: { workflow: after.id, action: step.action, attempt: step.attempt },
      };
    });
  }

  /**
   * Takes a report. When this returns, it is on disk.
   * @throws TinsmithError NOT_FOUND (the workflow is gone), CONFLICT (the report cannot be)
   */
  async report(machine: Machine, report: Report): Promise<ReportAnswer> {
    return this.#store.change((transaction): ReportAnswer => {
      const workflow = transaction.get<Workflow>(keyOf(report.workflow));
      if (!workflow)
        throw new TinsmithError('NOT_FOUND', `There is no workflow ${report.workflow} any more.`, {
          next: 'Stop the action and ask for work.',
        });
      const result = takeReport(workflow, machine, report, this.#clock());
      switch (result.outcome) {
        case 'refused':
          throw new TinsmithError('CONFLICT', `The report is refused: ${result.sentence}.`, {
            next: 'Stop the action and ask for work.',
          });
        case 'repeated':
        case 'superseded':
          return { acknowledged: true, outcome: result.outcome };
        case 'recorded': {
          const after = result.events.reduce((before, event) => this.#record(transaction, before, event), workflow);
          this.#takeEffects(transaction, after, machine.id, report);
          return { acknowledged: true, outcome: 'recorded' };
        }
      }
    });
  }

  #takeEffects(transaction: Transaction, workflow: Workflow, machine: string, report: Report): void {
    const action = workflow.actions[report.action];
    if (report.state === 'SUCCESS' && action?.run.kind === 'verb') {
      transaction.put(`work/${machine}`, {
        ...machineWork(transaction, machine),
        verb: { verb: action.run.verb, boot: report.boot, workflow: workflow.id },
      });
    }
    if (!isFinal(workflow.state)) return;
    this.#leaveQueues(transaction, workflow, (work, id) => {
      const disks = workflow.state === 'SUCCESS' ? installedDisks(workflow, id) : [];
      if (disks.length > 0) {
        return { ...work, ended: work.ended + 1, installed: { workflow: workflow.id, at: this.#clock(), disks } };
      }
      // It installed nothing, but it may have wiped what was there before.
      const bootable = bootableDisks(workflow, id);
      const gone = bootable !== undefined && work.installed?.disks.every((disk) => !bootable.includes(disk));
      return { ...work, ended: work.ended + 1, installed: gone ? undefined : work.installed };
    });
  }

  #leaveQueues(
    transaction: Transaction,
    workflow: Workflow,
    change: (work: MachineWork, machine: string) => MachineWork,
  ): void {
    for (const id of new Set(workflow.actions.map((action) => action.machine))) {
      const work = machineWork(transaction, id);
      transaction.put(
        `work/${id}`,
        change({ ...work, queue: work.queue.filter((queued) => queued !== workflow.id) }, id),
      );
    }
  }

  /** Takes output. Returns the number expected next. */
  async log(machine: Machine, post: LogPost): Promise<number> {
    return this.#store.change((transaction) => {
      const workflow = transaction.get<Workflow>(keyOf(post.workflow));
      const action = workflow?.actions[post.action];
      if (!workflow || !action || action.machine !== machine.id)
        throw new TinsmithError(
          'NOT_FOUND',
          `There is no action ${post.action} of workflow ${post.workflow} on machine ${machine.name}.`,
        );
      if (post.attempt > action.attempt + 1)
        throw new TinsmithError('CONFLICT', `Action ${action.name} has had no attempt ${post.attempt}.`);
      const { next, first, added } = appendLog(transaction, post, post.from, post.entries);
      if (added.length > 0) {
        const data = {
          action: post.action,
          task: action.task,
          name: action.name,
          attempt: post.attempt,
          from: first,
          entries: added,
        };
        transaction.afterwards(() => this.#onLog?.({ workflow: workflow.id, machine: machine.id, data }));
      }
      return next;
    });
  }

  /** Told of output as it is stored. It is not an event: the log itself is the record. */
  onLog(listener: (log: { workflow: string; machine: string; data: Record<string, unknown> }) => void): void {
    this.#onLog = listener;
  }
  #onLog: ((log: { workflow: string; machine: string; data: Record<string, unknown> }) => void) | undefined;

  /** Whether an attempt that a worker is running is still wanted. */
  heartbeat(
    machine: Machine,
    beat: Heartbeat,
  ): { continue: boolean; reason: string; progress?: { workflow: Workflow; action: number; progress: Progress } } {
    const workflow = this.#store.get<Workflow>(keyOf(beat.workflow));
    const action = workflow?.actions[beat.action];
    if (!workflow || !action || action.machine !== machine.id)
      return { continue: false, reason: `workflow ${beat.workflow} is gone` };
    if (isFinal(workflow.state)) return { continue: false, reason: `the workflow has ended: ${workflow.state}` };
    if (action.attempt > beat.attempt || (action.attempt === beat.attempt && action.boot !== beat.boot))
      return { continue: false, reason: `attempt ${action.attempt} has begun` };
    return {
      continue: true,
      reason: '',
      ...(beat.progress ? { progress: { workflow, action: beat.action, progress: beat.progress } } : {}),
    };
  }

  #record(transaction: Transaction, before: Workflow, event: WorkflowEvent): Workflow {
    const after = fold(before, event);
    transaction.put(keyOf(after.id), after);
    const action = 'action' in event ? after.actions[event.action] : undefined;
    const { kind, ...facts } = event;
    const data =
      event.kind === 'workflow.created'
        ? { actions: after.actions.map(({ task, name, machine, timeout }) => ({ task, name, machine, timeout })) }
        : facts;
    this.#events.append(transaction, {
      kind,
      workflow: after.id,
      machine: action?.machine ?? after.actions[0]?.machine,
      data: { ...data, ...(action ? { task: action.task, name: action.name } : { name: after.name }) },
    });
    return after;
  }
}
