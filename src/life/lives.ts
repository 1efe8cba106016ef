/** The lives of machines, from the side of people: looked at, and told how to go on. */
import type { BootEnv, Content, Section } from '../content/index.ts';
import { TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import type { EventLog } from '../store/events.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { JobStep } from '../worker/protocol.ts';
import { obey } from '../workflows/engine/index.ts';
import type { Journal } from '../workflows/journal.ts';
import { putSecretValues } from '../workflows/secrets.ts';
import type { Container } from '../workflows/template/document.ts';
import { isFinal } from '../workflows/workflow.ts';
import { enterStage } from './beginnings.ts';
import type { Course } from './course.ts';
import { currentJob, forgetCurrentJob } from './jobs.ts';
import { paramProblems } from './param-problems.ts';
import { type Effective, effectiveParams } from './params.ts';
import { type Life, lifeOf, putLife } from './record.ts';
import { isSealed } from './seal.ts';
import { secretTexts } from './secret-texts.ts';
import { begunTasks } from './task-list.ts';
import { uses } from './users.ts';
import { currentTaskOf, type LifeView, unusableBecause } from './view.ts';

/** What is kept of the machines' lives. */
export class Lives {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #machines: Machines;
  readonly #content: Content;
  readonly #course: Course;
  readonly #journal: Journal;
  readonly #clock: () => number;
  readonly #wake: (machine: string) => void;
  readonly #preview: (machine: string, task: string) => JobStep<Container>[];
  readonly #unbootable: (bootEnv: BootEnv, machine: Machine) => string[];
  readonly #open: (sealed: unknown) => unknown;

  /**
   * @param parts.preview what a Task would be on a machine now, secure values masked
   * @param parts.unbootable why a machine cannot boot an environment, as far as that can be seen
   * @param parts.open the value in a sealed one; throws a TinsmithError
   */
  constructor(parts: {
    store: Store;
    events: EventLog;
    machines: Machines;
    content: Content;
    course: Course;
    journal: Journal;
    clock: () => number;
    wake: (machine: string) => void;
    preview: (machine: string, task: string) => JobStep<Container>[];
    unbootable: (bootEnv: BootEnv, machine: Machine) => string[];
    open: (sealed: unknown) => unknown;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#machines = parts.machines;
    this.#content = parts.content;
    this.#course = parts.course;
    this.#journal = parts.journal;
    this.#clock = parts.clock;
    this.#wake = parts.wake;
    this.#preview = parts.preview;
    this.#unbootable = parts.unbootable;
    this.#open = parts.open;
    this.#machines.keeper = {
      mayChange: (transaction, machine) => this.#refuseLocked(transaction, machine),
      deleted: (transaction, { id }) => {
        transaction.delete(`life/${id}`);
        forgetCurrentJob(transaction, id);
      },
      calledHome: (transaction, { id }) => this.#course.calledHome(transaction, id),
    };
    this.#content.usedBy = (section, name) => this.#usersOf(section, name);
  }

  get(machine: string): Life {
    return lifeOf(this.#store, machine);
  }

  view(machine: string): LifeView {
    const life = this.get(machine);
    const workflow = this.#course.workflowOf(this.#store, life);
    const { before: _, halt, rests, ...shown } = life;
    const catalogue = this.#content.catalogue();
    const env = life.bootEnv === undefined ? undefined : catalogue.bootenvs.get(life.bootEnv);
    const record = this.#machines.get(machine);
    const unbootable = env && record ? this.#unbootable(env, record) : [];
    const unusable = [...unusableBecause(life, catalogue), ...unbootable];
    return {
      ...shown,
      job: currentJob(this.#store, machine),
      halt: halt && { why: halt.why, sentence: halt.sentence, at: halt.at },
      waits: rests,
      runnable: halt === undefined && unusable.length === 0,
      currentTask: currentTaskOf(life, workflow),
      unusable,
    };
  }

  /** The values of all params as the machine's Tasks see them, and which level each comes from; sealed ones stay so. */
  effective(machine: string): ReturnType<typeof effectiveParams> {
    const life = this.get(machine);
    const stage = life.stage === undefined ? undefined : this.#course.stage(life.stage);
    return effectiveParams({ life, stage, catalogue: this.#content.catalogue() });
  }

  /**
   * Of these params those that count for a machine, sealed ones opened: for a script of the machine itself. What is secure
   * of them is kept out of the log of its stage from then on.
   * @throws TinsmithError INVALID_INPUT (one was sealed for another appliance)
   */
  async openedForScript(machine: string, names: readonly string[]): Promise<Map<string, Effective>> {
    const all = this.effective(machine);
    const found = new Map<string, Effective>();
    for (const name of names) {
      const each = all.get(name);
      if (each) found.set(name, isSealed(each.value) ? { ...each, value: this.#open(each.value) } : each);
    }
    const { params } = this.#content.catalogue();
    const secrets = [...found].flatMap(([name, { value }]) => (params.get(name)?.secure ? secretTexts(value) : []));
    const { workflow } = this.get(machine);
    if (secrets.length > 0 && workflow !== undefined)
      await this.#store.change((transaction) => putSecretValues(transaction, workflow, secrets));
    return found;
  }

  /** What a Task would be on a machine now. @throws TinsmithError NOT_FOUND, INVALID_INPUT */
  preview(machine: string, task: string): JobStep<Container>[] {
    this.#content.get('tasks', task);
    return this.#preview(machine, task);
  }

  /**
   * Puts a machine into a stage.
   * @param order.force although Tasks of the stage that it is in are left: they are given up
   * @throws TinsmithError NOT_FOUND, CONFLICT
   */
  async setStage(machine: string, order: { stage: string; force?: boolean }): Promise<Life> {
    const stage = this.#stageNamed(order.stage);
    return this.#change(machine, (transaction, life, { name }) => {
      this.#leaveStage(transaction, life, name, order.force ?? false);
      putLife(transaction, machine, { ...lifeOf(transaction, machine), list: undefined });
      enterStage(this.#course, transaction, machine, stage);
    });
  }

  /** Sends a machine through a list of stages, from the first; undefined: through none. @throws as setStage */
  async setList(machine: string, order: { list: string | undefined; force?: boolean }): Promise<Life> {
    const { list: name, force = false } = order;
    const list = name === undefined ? undefined : this.#content.get('workflows', name);
    const [first] = list?.stages ?? [];
    if (list && first === undefined)
      throw new TinsmithError('CONFLICT', `List ${name} has no stages.`, { next: 'Add stages to it first.' });
    const stage = first === undefined ? undefined : this.#stageNamed(first);
    return this.#change(machine, (transaction, life, record) => {
      if (stage) this.#leaveStage(transaction, life, record.name, force);
      putLife(transaction, machine, { ...lifeOf(transaction, machine), list: name });
      this.#events.append(transaction, { kind: 'machine.list', machine, data: { list: name } });
      if (stage) enterStage(this.#course, transaction, machine, stage);
    });
  }

  /** Gives a machine another boot environment. @throws TinsmithError NOT_FOUND, CONFLICT (for the unknown only) */
  async setBootEnv(machine: string, order: { bootEnv: string; force?: boolean }): Promise<Life> {
    const { onlyUnknown, name } = this.#content.get('bootenvs', order.bootEnv);
    if (onlyUnknown)
      throw new TinsmithError('CONFLICT', `Boot environment ${name} is for unknown machines only.`, {
        next: 'Name another: tinsmith bootenv list',
      });
    return this.#change(machine, (transaction, life, record) => {
      const bootEnv = this.#course.bootEnv(name);
      const stage = life.stage === undefined ? undefined : this.#course.stage(life.stage);
      if (!order.force && stage && !this.#course.isDone(transaction, life))
        throw new TinsmithError('CONFLICT', `Machine ${record.name} has Tasks of stage ${stage.name} left to do.`, {
          next: 'Wait for them, or add --force.',
        });
      this.#course.boot(transaction, machine, bootEnv);
    });
  }

  /** Lets a machine go on: what was paused, has failed, or is to be resumed. @throws TinsmithError CONFLICT */
  run(machine: string): Promise<Life> {
    return this.#change(machine, (transaction, life, { name }) => {
      const { why, sentence } = life.halt ?? {};
      if (why === 'bootenv')
        throw new TinsmithError('CONFLICT', `Machine ${name} cannot go on: ${sentence}.`, {
          next: 'It goes on by itself once it has booted that.',
        });
      this.#course.release(transaction, machine);
      // What waited was a Task that a template has named: its workflow goes on.
      if (life.halt?.workflow !== undefined) return;
      const workflow = this.#course.workflowOf(transaction, life);
      if (workflow && isFinal(workflow.state) && workflow.state !== 'SUCCESS') {
        const result = obey(workflow, { command: 'retry' }, this.#clock());
        if (result.outcome === 'done') this.#journal.record(transaction, workflow, result.events);
      } else this.#course.advance(transaction, machine);
    });
  }

  /** Begins nothing more on a machine; what runs goes on to its end. */
  pause(machine: string): Promise<Life> {
    return this.#change(machine, (transaction) => this.#course.pause(transaction, machine));
  }

  /**
   * Replaces the Tasks of a machine's stage; those that have begun stay.
   * @throws TinsmithError CONFLICT (one that has begun would change)
   */
  setTasks(machine: string, tasks: readonly string[]): Promise<Life> {
    return this.#edit(machine, () => tasks);
  }

  /** @param at position before which they are put; at the end by default */
  addTasks(machine: string, tasks: readonly string[], at?: number): Promise<Life> {
    return this.#edit(machine, (now) => now.toSpliced(at ?? now.length, 0, ...tasks));
  }

  removeTasks(machine: string, positions: readonly number[]): Promise<Life> {
    return this.#edit(machine, (now) => now.filter((_, i) => !positions.includes(i)));
  }

  #edit(machine: string, edit: (now: readonly string[]) => readonly string[]): Promise<Life> {
    return this.#change(machine, (transaction, life, { name }) => {
      const wanted = edit(life.tasks);
      const workflow = this.#course.workflowOf(transaction, life);
      const begun = begunTasks(life, workflow);
      const changed = life.tasks.slice(0, begun).findIndex((task, i) => wanted[i] !== task);
      if (changed !== -1)
        throw new TinsmithError(
          'CONFLICT',
          `Task ${changed} (${life.tasks[changed]}) of machine ${name} has begun already: it cannot be changed.`,
          { next: `Change only what comes after position ${begun - 1}.` },
        );
      putLife(transaction, machine, { ...life, tasks: [...wanted] });
      this.#events.append(transaction, { kind: 'machine.tasks', machine, data: { tasks: wanted, begun } });
      if (!workflow || workflow.state === 'SUCCESS') this.#course.work(transaction, machine, wanted.slice(begun));
      else this.#course.extend(transaction, machine, workflow, wanted.slice(begun), begun - life.before);
    });
  }

  /** @throws TinsmithError INVALID_INPUT with every value that does not fit */
  async setParams(machine: string, order: { set?: Record<string, unknown>; unset?: readonly string[] }): Promise<Life> {
    const { set = {}, unset = [] } = order;
    this.#refuseParams(set);
    return this.#change(machine, (transaction, life) => {
      const kept = Object.entries({ ...life.params, ...set }).filter(([name]) => !unset.includes(name));
      putLife(transaction, machine, { ...life, params: Object.fromEntries(kept) });
      // Names only: values may be secret, and are looked up by those who may.
      const data = { set: Object.keys(set), unset };
      this.#events.append(transaction, { kind: 'machine.params', machine, data });
      if (life.rests !== undefined && !life.halt) this.#course.advance(transaction, machine);
    });
  }

  #refuseParams(values: Record<string, unknown>): void {
    const problems = paramProblems(this.#content.catalogue(), values);
    if (problems.length === 0) return;
    const told = problems.map(({ field, message }) => `${field} ${message}`).join('; ');
    throw new TinsmithError('INVALID_INPUT', `These values cannot be taken: ${told}.`, {
      next: 'Correct them; nothing has been changed.',
      problems,
    });
  }

  /** Profiles that are not there are kept, and make the machine unusable until they are. */
  async setProfiles(machine: string, profiles: readonly string[]): Promise<Life> {
    const twice = profiles.find((name, i) => profiles.indexOf(name) !== i);
    if (twice !== undefined)
      throw new TinsmithError('INVALID_INPUT', `Profile ${twice} is named twice.`, {
        next: 'Name each profile once.',
        problems: [{ field: `profiles[${profiles.lastIndexOf(twice)}]`, message: `${twice} is named already` }],
      });
    return this.#change(machine, (transaction, life) => {
      putLife(transaction, machine, { ...life, profiles: [...profiles] });
      this.#events.append(transaction, { kind: 'machine.profiles', machine, data: { profiles } });
      transaction.afterwards(() => this.#wake(machine));
    });
  }

  async setLocked(machine: string, locked: boolean): Promise<Life> {
    return this.#store.change((transaction) => {
      this.#machineIn(transaction, machine);
      const life = lifeOf(transaction, machine);
      if (life.locked === locked) return life;
      putLife(transaction, machine, { ...life, locked });
      this.#events.append(transaction, { kind: locked ? 'machine.locked' : 'machine.unlocked', machine, data: {} });
      return lifeOf(transaction, machine);
    });
  }

  #change(id: string, change: (transaction: Transaction, life: Life, machine: Machine) => void): Promise<Life> {
    return this.#store.change((transaction) => {
      const machine = this.#machineIn(transaction, id);
      this.#refuseLocked(transaction, machine);
      change(transaction, lifeOf(transaction, id), machine);
      return lifeOf(transaction, id);
    });
  }

  #machineIn(transaction: Transaction, id: string): Machine {
    const machine = transaction.get<Machine>(`machine/${id}`);
    if (machine) return machine;
    throw new TinsmithError('NOT_FOUND', `There is no machine ${id}.`, {
      next: 'See which there are: tinsmith machine list',
    });
  }

  #refuseLocked(transaction: Transaction, { id, name }: Pick<Machine, 'id' | 'name'>): void {
    if (!lifeOf(transaction, id).locked) return;
    throw new TinsmithError('CONFLICT', `Machine ${name} is locked: nothing of it may be changed.`, {
      next: `Unlock it first: tinsmith machine unlock ${name}`,
    });
  }

  #stageNamed(name: string) {
    const stage = this.#course.stage(name);
    if (stage) return stage;
    throw new TinsmithError('NOT_FOUND', `There is no stage ${name}.`, {
      next: 'See which there are: tinsmith stage list',
    });
  }

  /** Gives up what is left to do in a stage, where that is wanted. */
  #leaveStage(transaction: Transaction, life: Life, machine: string, force: boolean): void {
    if (life.stage === undefined || this.#course.isDone(transaction, life)) return;
    if (!force)
      throw new TinsmithError('CONFLICT', `Machine ${machine} has Tasks of stage ${life.stage} left to do.`, {
        next: 'Wait for them, or give them up: add --force.',
      });
    const workflow = this.#course.workflowOf(transaction, life);
    if (!workflow || isFinal(workflow.state)) return;
    const result = obey(workflow, { command: 'cancel' }, this.#clock());
    if (result.outcome === 'done') this.#journal.record(transaction, workflow, result.events);
  }

  /** Machines, by name, that an object is used by. */
  async #usersOf(section: Section, name: string): Promise<string[]> {
    const lives = await this.#store.entries<Life>('life/');
    const ids = lives.filter(([, life]) => uses(life, section, name)).map(([key]) => key.slice('life/'.length));
    return ids.map((id) => this.#machines.get(id)?.name ?? id);
  }
}
