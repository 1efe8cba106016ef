/**
 * How a machine's life goes on: a stage is entered, its Tasks become a workflow, each of them a Job, and when all are done
 * the next stage follows. The workflows tell what has happened; what follows is written in the same change.
 */
import type { Content, Stage } from '../content/index.ts';
import { TinsmithError } from '../errors.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import { machineWork } from '../machines/work.ts';
import type { EventLog } from '../store/events.ts';
import type { Reader, Transaction } from '../store/store.ts';
import type { Hello } from '../worker/protocol.ts';
import { fold, follow } from '../workflows/engine/index.ts';
import type { Journal } from '../workflows/journal.ts';
import type { WorkflowRecords } from '../workflows/records.ts';
import type { Stages } from '../workflows/stages.ts';
import type { JobTask } from '../workflows/template/document.ts';
import { type JobExit, machinesOf, type Workflow, type WorkflowEvent } from '../workflows/workflow.ts';
import { type Change, changeOf, INSTALLER } from './change-stage.ts';
import { afterHello, elsewhere, exitOf, goingDown, strongest, withoutEnd } from './halts.ts';
import type { AfterJob, JobKeeper } from './job-keeper.ts';
import { changeStageMap } from './params.ts';
import { type Halt, type Life, lifeOf, putLife } from './record.ts';
import { stageWorkflow, taskAction } from './stage-workflow.ts';
import { namedTask, withPrerequisites } from './task-list.ts';
import { unusableBecause } from './view.ts';

/** Stages without Tasks that may follow each other at once: with more, the map is a circle. */
const AT_ONCE = 50;

export class Course implements Stages {
  readonly #content: Pick<Content, 'catalogue' | 'origin'>;
  readonly #keeper: JobKeeper;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #newId: () => string;
  readonly #wake: (machine: string) => void;
  #workflows: { journal: Journal; records: WorkflowRecords } | undefined;

  /** @param parts.wake told of a machine whose worker may have something to do, once that is on disk */
  constructor(parts: {
    content: Pick<Content, 'catalogue' | 'origin'>;
    keeper: JobKeeper;
    events: EventLog;
    clock: () => number;
    newId: () => string;
    wake: (machine: string) => void;
  }) {
    this.#content = parts.content;
    this.#keeper = parts.keeper;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#newId = parts.newId;
    this.#wake = parts.wake;
  }

  /** The workflows are made with this, and this needs them. */
  set workflows(parts: { journal: Journal; records: WorkflowRecords }) {
    this.#workflows = parts;
  }

  get #journal(): Journal {
    if (!this.#workflows) throw new Error('The workflows have not been named.');
    return this.#workflows.journal;
  }

  /** Digital Rebar's packs call the in-memory system sledgehammer; unless one brings its own, it is ours. */
  bootEnv(name: string): string {
    const isOurs = name === 'sledgehammer' && this.#content.origin('bootenvs', name)?.layer === 'builtin';
    return isOurs ? 'osie' : name;
  }

  /** The stage of a name, its environment by the name that it has here. */
  stage(name: string): Stage | undefined {
    const stage = this.#content.catalogue().stages.get(name);
    return stage && { ...stage, bootEnv: this.bootEnv(stage.bootEnv) };
  }

  hello(transaction: Transaction, machine: string, hello: Hello): void {
    if (machine === PROVISIONER) return;
    const before = lifeOf(transaction, machine);
    const now = this.#clock();
    const { boot, agent } = hello;
    const life: Life = { ...before, in: { bootEnv: this.bootEnv(hello.bootEnv ?? 'osie'), boot, agent, at: now } };
    const halt = afterHello(before.halt, hello) ?? elsewhere(life, now);
    this.#put(transaction, machine, { ...life, halt });
    if (!halt) this.advance(transaction, machine);
  }

  exit(from: Reader, machine: string, agent: string | undefined): string | undefined {
    const { halt } = lifeOf(from, machine);
    return halt?.why === 'stop' && (agent === undefined || agent === halt.agent) ? halt.sentence : undefined;
  }

  halted(from: Reader, machine: string, workflow?: Pick<Workflow, 'id' | 'stage'>): string | undefined {
    const ofStage = workflow === undefined || workflow.stage !== undefined;
    const life = lifeOf(from, machine);
    const { halt } = life;
    // What holds up a stage is nothing to workflows that people have made: they boot what they need.
    const isOwn = halt?.workflow !== undefined && halt.workflow === workflow?.id;
    if (halt && (ofStage || isOwn || halt.why === 'paused' || exitOf(halt) !== undefined)) return halt.sentence;
    return ofStage ? unusableBecause(life, this.#content.catalogue())[0] : undefined;
  }

  named({ task, params = {} }: JobTask): ReturnType<Stages['named']> {
    return namedTask(task, params, this.#content.catalogue());
  }

  rests(from: Reader, machine: string): string | undefined {
    return lifeOf(from, machine).rests;
  }

  begin(transaction: Transaction, workflow: Workflow, action: number, task: JobTask): ReturnType<Stages['begin']> {
    return this.#keeper.begin(transaction, workflow, action, task);
  }

  happened(transaction: Transaction, workflow: Workflow, event: WorkflowEvent): void {
    if (!('action' in event)) return;
    const machine = workflow.actions[event.action]?.machine;
    const after = this.#keeper.take(transaction, workflow, event);
    // A Task that has failed fails the workflow that a person has made, which need not hold up the machine.
    if (machine === undefined || !after || (workflow.stage === undefined && after.why === 'failed')) return;
    this.#halt(transaction, machine, after, workflow);
  }

  ended(transaction: Transaction, workflow: Workflow): void {
    this.#keeper.end(transaction, workflow);
    if (workflow.stage === undefined) {
      this.#letGo(transaction, workflow);
      return;
    }
    const machine = workflow.actions[0]?.machine ?? '';
    const life = lifeOf(transaction, machine);
    if (life.workflow !== workflow.id) return;
    if (workflow.state === 'SUCCESS') this.advance(transaction, machine);
    else if (life.halt?.why !== 'failed')
      this.#halt(transaction, machine, {
        ...{ why: 'failed', exit: undefined, because: `stage ${workflow.stage} was ended: ${workflow.state}` },
      });
  }

  /** What a workflow that is over has left to be gone on with holds up nothing any more. */
  #letGo(transaction: Transaction, workflow: Workflow): void {
    for (const machine of machinesOf(workflow)) {
      const { halt } = lifeOf(transaction, machine);
      if (halt?.workflow === workflow.id && exitOf(halt) === undefined) this.release(transaction, machine);
    }
  }

  /** Looks what follows where all of a machine's Tasks are done, and does it. */
  advance(transaction: Transaction, machine: string): void {
    for (let entered = 0; entered < AT_ONCE; entered++) {
      const life = lifeOf(transaction, machine);
      const stage = life.stage === undefined ? undefined : this.stage(life.stage);
      if (!stage || (life.halt && exitOf(life.halt) === undefined) || !this.isDone(transaction, life)) return;
      if (life.in === undefined) {
        this.#put(transaction, machine, {
          ...life,
          rests: `no agent of it has been heard yet, in stage ${stage.name}`,
        });
        return;
      }
      const change = this.#changeOf(life, stage);
      switch (change.change) {
        case 'rest':
          this.#put(transaction, machine, { ...life, rests: change.sentence });
          return;
        case 'exit': {
          // One that is on its way down already ends its agent by that.
          const halt = life.halt ?? goingDown('stop', change.sentence, life, this.#clock());
          this.#put(transaction, machine, { ...life, rests: change.sentence, halt });
          return;
        }
        case 'enter': {
          const exit = change.way === 'nothing' ? undefined : change.way;
          this.enter(transaction, machine, change.stage, exit, `on its way to stage ${change.stage.name}`);
          if (lifeOf(transaction, machine).halt) return;
        }
      }
    }
    const sentence = `more than ${AT_ONCE} stages without Tasks follow each other: change-stage/map is a circle`;
    this.#put(transaction, machine, { ...lifeOf(transaction, machine), rests: sentence });
  }

  #changeOf(life: Life, stage: Stage): Change {
    try {
      return changeOf({
        stage,
        map: changeStageMap({ life, stage, catalogue: this.#content.catalogue() }, stage.name),
        list: this.listOf(life),
        bootEnv: life.in?.bootEnv ?? life.bootEnv,
        find: (name) => this.stage(name),
      });
    } catch (error) {
      // What is written is checked, but a pack may have changed since. A worker's report is taken all the same.
      if (error instanceof TinsmithError) return { change: 'rest', sentence: error.message };
      throw error;
    }
  }

  /**
   * Puts a machine into a stage.
   * @param way what is done with the machine, or its agent, first
   */
  enter(transaction: Transaction, machine: string, stage: Stage, way: JobExit | undefined, because: string): void {
    const before = lifeOf(transaction, machine);
    const now = this.#clock();
    const exit = strongest(exitOf(before.halt), way);
    const life: Life = {
      ...before,
      ...{ stage: stage.name, rests: undefined, workflow: undefined, before: 0, halt: undefined },
      tasks: withPrerequisites(stage.tasks, this.#content.catalogue()),
      bootEnv: stage.bootEnv === '' ? before.bootEnv : stage.bootEnv,
    };
    const halt = exit === undefined ? elsewhere(life, now) : goingDown(exit, because, life, now);
    this.#put(transaction, machine, { ...life, halt });
    if (exit !== undefined) this.#goDown(transaction, machine, exit, life);
    this.#events.append(transaction, {
      kind: 'machine.stage',
      machine,
      data: { stage: stage.name, from: before.stage, bootEnv: life.bootEnv, tasks: life.tasks },
    });
    this.work(transaction, machine, life.tasks);
  }

  /** Gives a machine another environment; it is restarted where an agent can do that. */
  boot(transaction: Transaction, machine: string, bootEnv: string): void {
    const life: Life = { ...lifeOf(transaction, machine), bootEnv };
    const now = this.#clock();
    const wrong = elsewhere(life, now);
    const halt = wrong ? goingDown('reboot', `to boot ${bootEnv}`, life, now) : life.halt;
    this.#put(transaction, machine, { ...life, halt });
    this.#events.append(transaction, { kind: 'machine.bootenv', machine, data: { bootEnv } });
    if (wrong) this.#goDown(transaction, machine, 'reboot', life);
  }

  /** An installer has done its work, without an agent: the system that it has installed has called. */
  calledHome(transaction: Transaction, machine: string): void {
    const life = lifeOf(transaction, machine);
    if (life.bootEnv === undefined || !INSTALLER.test(life.bootEnv) || !this.isDone(transaction, life)) return;
    const at = this.#clock();
    this.#put(transaction, machine, { ...life, halt: undefined, in: { bootEnv: life.bootEnv, boot: '', at } });
    this.advance(transaction, machine);
  }

  /** Nothing more is begun, until somebody says so. */
  pause(transaction: Transaction, machine: string): void {
    const life = lifeOf(transaction, machine);
    const halt: Halt = { why: 'paused', sentence: 'the machine is paused', at: this.#clock() };
    this.#put(transaction, machine, { ...life, halt });
  }

  /** What held it up holds it up no more, unless it is elsewhere. */
  release(transaction: Transaction, machine: string): void {
    const life = lifeOf(transaction, machine);
    this.#put(transaction, machine, { ...life, halt: elsewhere(life, this.#clock()) });
  }

  /** Makes a workflow of Tasks of the stage that the machine is in. */
  work(transaction: Transaction, machine: string, tasks: readonly string[]): void {
    if (tasks.length === 0) return;
    const life = lifeOf(transaction, machine);
    const id = this.#newId();
    const before = life.tasks.length - tasks.length;
    this.#put(transaction, machine, { ...life, workflow: id, before, rests: undefined });
    const now = this.#clock();
    this.#journal.create(transaction, stageWorkflow({ id, stage: life.stage ?? 'none', machine, tasks, now }));
  }

  /** Puts other Tasks in the place of those of a workflow from a position on. */
  extend(transaction: Transaction, machine: string, workflow: Workflow, tasks: readonly string[], from: number): void {
    const at = this.#clock();
    const actions = tasks.map((task) => taskAction(task, machine));
    const extended = { kind: 'workflow.extended', from, actions, at } as const;
    this.#journal.record(transaction, workflow, [extended, ...follow(fold(workflow, extended), at)]);
  }

  /** Whether nothing is left to do of a machine's stage. */
  isDone(from: Reader, life: Life): boolean {
    if (life.workflow === undefined) return life.tasks.length === 0;
    return this.workflowOf(from, life)?.state === 'SUCCESS';
  }

  /** The workflow that runs, or ran last, the Tasks of a machine's stage. */
  workflowOf(from: Reader, { workflow }: Pick<Life, 'workflow'>): Workflow | undefined {
    return workflow === undefined ? undefined : this.#workflows?.records.get(workflow, from);
  }

  /** The list of stages that a machine goes through. */
  listOf(life: Life): { name: string; stages: readonly string[] } | undefined {
    return life.list === undefined ? undefined : this.#content.catalogue().workflows.get(life.list);
  }

  /** Says why nothing more is begun, or what is done with the machine first. */
  #halt(transaction: Transaction, machine: string, { why, exit, because }: AfterJob, workflow?: Workflow): void {
    const life = lifeOf(transaction, machine);
    const now = this.#clock();
    const { boot, agent } = life.in ?? {};
    const own = workflow?.stage === undefined ? workflow?.id : undefined;
    const halt: Halt | undefined = exit
      ? goingDown(exit, because, life, now)
      : why && { why, sentence: withoutEnd(because), at: now, boot, agent, workflow: own };
    if (!halt) return;
    this.#put(transaction, machine, { ...life, halt });
    if (exit) this.#goDown(transaction, machine, exit, own === undefined ? life : { ...life, workflow: own });
  }

  /** The agent does it as soon as it asks: it has reported everything before. */
  #goDown(transaction: Transaction, machine: string, exit: JobExit, life: Life): void {
    if (exit === 'stop' || life.in === undefined) return;
    const verb = { verb: exit, boot: life.in.boot, workflow: life.workflow ?? '' };
    transaction.put(`work/${machine}`, { ...machineWork(transaction, machine), verb });
  }

  /** Writes a life, and tells what of it people wait for. */
  #put(transaction: Transaction, machine: string, life: Life): void {
    const before = lifeOf(transaction, machine);
    putLife(transaction, machine, life);
    if (before.halt?.sentence !== life.halt?.sentence) {
      const { why, sentence } = life.halt ?? {};
      this.#events.append(transaction, {
        kind: life.halt ? 'machine.halted' : 'machine.runnable',
        machine,
        data: { why, sentence },
      });
    }
    if (life.rests !== undefined && life.rests !== before.rests)
      this.#events.append(transaction, { kind: 'machine.rests', machine, data: { sentence: life.rests } });
    transaction.afterwards(() => this.#wake(machine));
  }
}
