/**
 * Where workflows change: what has happened is folded, written and told in one change of the store, with all that follows
 * from it: the queues of the machines, whose turn it is next, and who is to be woken.
 */

import { PROVISIONER } from '../machines/provisioner.ts';
import { type MachineWork, machineWork } from '../machines/work.ts';
import type { EventLog } from '../store/events.ts';
import type { Transaction } from '../store/store.ts';
import type { StopNotice } from '../worker/protocol.ts';
import { bootableDisks, fold, follow, installedDisks } from './engine/index.ts';
import type { WorkflowRecords } from './records.ts';
import type { Stages } from './stages.ts';
import { currentAction, isFinal, machinesOf, runsJobs, type Workflow, type WorkflowEvent } from './workflow.ts';

/** Who is told, once a change is on disk. */
export interface Wakes {
  /** There may be something to do. */
  work(machine: string): void;
  /** Other services may be wanted. */
  services(machine: string): void;
  /** An attempt is no longer wanted. */
  stop(machine: string, notice: StopNotice): void;
  /** What is due may be due at another time. */
  due(workflow: Workflow): void;
}

/** Records events, and does what follows from them for queues, disks and listeners. */
export class Journal {
  readonly #records: WorkflowRecords;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #wakes: Wakes;
  readonly #stages: Stages;

  constructor(parts: {
    records: WorkflowRecords;
    events: EventLog;
    clock: () => number;
    wakes: Wakes;
    stages: Stages;
  }) {
    this.#records = parts.records;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#wakes = parts.wakes;
    this.#stages = parts.stages;
  }

  /** Adds a workflow, which is queued on all its machines. */
  create(transaction: Transaction, workflow: Workflow): Workflow {
    this.#records.putPlan(transaction, workflow);
    this.#queue(transaction, workflow);
    const created = this.record(transaction, workflow, [{ kind: 'workflow.created', workflow }]);
    return this.#begin(transaction, created.id) ?? created;
  }

  /**
   * Records what has happened to a workflow.
   * @param reporter the machine that told it, which need not be woken for it
   * @returns the workflow as it is then
   */
  record(transaction: Transaction, before: Workflow, events: readonly WorkflowEvent[], reporter?: string): Workflow {
    if (events.length === 0) return before;
    let after = before;
    for (const event of events) {
      this.#stopUnwanted(transaction, after, event, reporter);
      after = fold(after, event);
      this.#tell(transaction, after, event);
      if (runsJobs(after)) this.#stages.happened(transaction, after, event);
    }
    if (events.some(({ kind }) => kind === 'workflow.extended')) this.#records.putPlan(transaction, after);
    this.#records.put(transaction, after, !isFinal(after.state));
    if (events.some(({ kind }) => kind === 'workflow.retried')) {
      this.#queue(transaction, after);
      after = this.#begin(transaction, after.id) ?? after;
    }
    if (isFinal(after.state) && !isFinal(before.state)) {
      this.#leave(transaction, after, endOnMachine(after, this.#clock()));
      if (after.state !== 'SUCCESS') this.#stopBackground(transaction, after, `the workflow has ended: ${after.state}`);
      if (runsJobs(after)) this.#stages.ended(transaction, after);
    }
    this.#wake(transaction, before, after, reporter);
    return after;
  }

  /** Takes a workflow away, running or not. */
  remove(transaction: Transaction, workflow: Workflow): void {
    workflow.actions.forEach((action, index) => {
      if (action.state === 'RUNNING') this.#stop(transaction, workflow, index, `workflow ${workflow.name} was deleted`);
    });
    this.#stopBackground(transaction, workflow, `workflow ${workflow.name} was deleted`);
    this.#records.delete(transaction, workflow.id);
    this.#events.append(transaction, {
      kind: 'workflow.deleted',
      workflow: workflow.id,
      data: { name: workflow.name, state: workflow.state },
    });
    if (!isFinal(workflow.state)) {
      this.#leave(transaction, workflow, (work) => work);
      if (runsJobs(workflow)) this.#stages.ended(transaction, { ...workflow, state: 'CANCELLED' });
    }
    transaction.afterwards(() => {
      for (const { machine } of workflow.services) this.#wakes.services(machine);
    });
  }

  #queue(transaction: Transaction, workflow: Workflow): void {
    for (const id of machinesOf(workflow)) {
      const work = machineWork(transaction, id);
      transaction.put(`work/${id}`, { ...work, queue: [...work.queue, workflow.id] });
    }
  }

  /** Takes it out of the queues, and begins those whose turn that makes it. */
  #leave(
    transaction: Transaction,
    workflow: Workflow,
    change: (work: MachineWork, machine: string) => MachineWork,
  ): void {
    const heads = new Set<string>();
    for (const id of machinesOf(workflow)) {
      const work = machineWork(transaction, id);
      const queue = work.queue.filter((queued) => queued !== workflow.id);
      transaction.put(`work/${id}`, change({ ...work, queue }, id));
      if (queue[0] !== undefined) heads.add(queue[0]);
      transaction.afterwards(() => this.#wakes.work(id));
    }
    for (const head of heads) this.#begin(transaction, head);
  }

  /** Begins a workflow whose turn has come on the machine of its first task. */
  #begin(transaction: Transaction, id: string): Workflow | undefined {
    const workflow = this.#records.get(id, transaction);
    const [first] = workflow?.actions ?? [];
    if (!workflow || !first || workflow.begunAt !== undefined || isFinal(workflow.state)) return undefined;
    // Others need not wait for it, nor it for them: the appliance's own computer does one thing of each in turn.
    const isTurn = first.machine === PROVISIONER || machineWork(transaction, first.machine).queue[0] === id;
    if (!isTurn) return undefined;
    const begun: WorkflowEvent = { kind: 'workflow.begun', at: this.#clock() };
    return this.record(transaction, workflow, [begun, ...follow(fold(workflow, begun), this.#clock())]);
  }

  #wake(transaction: Transaction, before: Workflow, after: Workflow, reporter: string | undefined): void {
    const turn = after.actions[currentAction(after) ?? -1]?.machine;
    const servedNow = isFinal(before.state) !== isFinal(after.state) || before.begunAt !== after.begunAt;
    transaction.afterwards(() => {
      if (turn !== undefined && turn !== reporter) this.#wakes.work(turn);
      if (servedNow)
        for (const machine of new Set(after.services.map(({ machine }) => machine))) this.#wakes.services(machine);
      this.#wakes.due(after);
    });
  }

  #stopUnwanted(transaction: Transaction, before: Workflow, event: WorkflowEvent, reporter: string | undefined): void {
    if (event.kind !== 'action.ended' && event.kind !== 'action.skipped') return;
    const action = before.actions[event.action];
    if (action?.state === 'RUNNING' && action.machine !== reporter)
      this.#stop(transaction, before, event.action, event.message);
  }

  /** What was reported as done before it was begun may be at work still. */
  #stopBackground(transaction: Transaction, workflow: Workflow, reason: string): void {
    workflow.actions.forEach(({ background, state }, index) => {
      if (background && state === 'SUCCESS') this.#stop(transaction, workflow, index, reason);
    });
  }

  #stop(transaction: Transaction, workflow: Workflow, index: number, reason: string): void {
    const action = workflow.actions[index];
    if (!action) return;
    const notice: StopNotice = { workflow: workflow.id, action: index, attempt: action.attempt, reason };
    transaction.afterwards(() => this.#wakes.stop(action.machine, notice));
  }

  #tell(transaction: Transaction, after: Workflow, event: WorkflowEvent): void {
    const action = 'action' in event ? after.actions[event.action] : undefined;
    const service = 'service' in event ? after.services[event.service] : undefined;
    const named = action ? { task: action.task, name: action.name } : { name: service?.name ?? after.name };
    this.#events.append(transaction, {
      kind: event.kind,
      workflow: after.id,
      machine: (action ?? service ?? after.actions[0])?.machine,
      data: { ...factsOf(event), ...named },
    });
  }
}

/** What an event says to those who listen. */
function factsOf(event: WorkflowEvent): Record<string, unknown> {
  switch (event.kind) {
    case 'workflow.created': {
      const { actions, services } = event.workflow;
      return {
        actions: actions.map(({ task, name, machine, timeout }) => ({ task, name, machine, timeout })),
        services: services.map(({ name, machine }) => ({ name, machine })),
      };
    }
    case 'workflow.failing':
      return {
        ...event.outcome,
        hooks: event.hooks.map(({ task, name, machine, timeout }) => ({ task, name, machine, timeout })),
        at: event.at,
      };
    case 'workflow.extended':
      return { from: event.from, tasks: event.actions.map(({ task }) => task), at: event.at };
    case 'service.changed':
      return { service: event.service, at: event.at, ...event.progress };
    default: {
      const { kind: _, ...facts } = event;
      return facts;
    }
  }
}

/** What the end of a workflow means for its machines. */
function endOnMachine(workflow: Workflow, now: number): (work: MachineWork, machine: string) => MachineWork {
  return (work, machine) => {
    const over = { ended: work.ended + 1, last: workflow.id };
    const disks = workflow.state === 'SUCCESS' ? installedDisks(workflow, machine) : [];
    if (disks.length > 0) return { ...work, ...over, installed: { workflow: workflow.id, at: now, disks } };
    // It installed nothing, but it may have wiped what was there before.
    const bootable = bootableDisks(workflow, machine);
    const gone = bootable !== undefined && work.installed?.disks.every((disk) => !bootable.includes(disk));
    return { ...work, ...over, installed: gone ? undefined : work.installed };
  };
}
