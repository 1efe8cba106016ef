/**
 * Workflows as they are kept: what is fixed from the start is written once, what changes is written with every event and
 * stays small.
 */
import type { Store, Transaction } from '../store/store.ts';
import type { ActionPlan, ActionProgress, ActionRecord, ServiceProgress, ServiceRecord, Workflow } from './workflow.ts';

const keys = {
  plan: (id: string) => `workflow-plan/${id}`,
  progress: (id: string) => `workflow/${id}`,
  active: (id: string) => `workflow-active/${id}`,
};

type Fixed =
  | 'id'
  | 'name'
  | 'template'
  | 'devices'
  | 'rendered'
  | 'globalTimeout'
  | 'data'
  | 'onFailure'
  | 'onTimeout'
  | 'createdAt';
type Plan = Pick<Workflow, Fixed> & {
  tasks: Omit<Workflow['tasks'][number], 'startedAt'>[];
  actions: ActionPlan[];
  services: Omit<ServiceRecord, keyof ServiceProgress>[];
};
type Progress = Omit<Workflow, Fixed | 'tasks' | 'actions' | 'services'> & {
  tasks: (number | null)[];
  actions: ActionProgress[];
  services: ServiceProgress[];
  /** Plans of the actions behind those of the tasks. */
  hooks: ActionPlan[];
};

/** Plans kept in memory: they never change. */
const REMEMBERED = 2048;

interface Reader {
  get<T>(key: string): T | undefined;
}

export class WorkflowRecords {
  readonly #store: Store;
  readonly #plans = new Map<string, Plan>();
  /** Those that were read from the disk, by what was read. */
  readonly #joined = new WeakMap<Progress, Workflow>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A workflow as it is on disk, or in a change under way. */
  get(id: string, from: Reader = this.#store): Workflow | undefined {
    const kept = from.get<Progress | Workflow>(keys.progress(id));
    if (kept === undefined || 'rendered' in kept) return kept;
    const joined = this.#joined.get(kept);
    if (joined) return joined;
    const plan = this.#plan(id, from);
    if (!plan) return undefined;
    const workflow = join(plan, kept);
    this.#joined.set(kept, workflow);
    return workflow;
  }

  /** All of them, the oldest first. */
  async list(): Promise<Workflow[]> {
    const all: Workflow[] = [];
    for await (const [key, progress] of this.#store.range<Progress>('workflow/')) {
      const plan = this.#plan(key.slice('workflow/'.length), this.#store);
      if (plan) all.push(join(plan, progress));
    }
    return all.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Ids of those that have not ended. */
  active(): Promise<string[]> {
    return this.#store.values<string>('workflow-active/');
  }

  create(transaction: Transaction, workflow: Workflow): void {
    transaction.put(keys.plan(workflow.id), planOf(workflow));
  }

  put(transaction: Transaction, workflow: Workflow, active: boolean): void {
    transaction.putText(keys.progress(workflow.id), progressText(workflow), workflow);
    if (active) {
      if (transaction.get(keys.active(workflow.id)) === undefined)
        transaction.put(keys.active(workflow.id), workflow.id);
    } else transaction.delete(keys.active(workflow.id));
  }

  delete(transaction: Transaction, id: string): void {
    for (const key of Object.values(keys)) transaction.delete(key(id));
    transaction.afterwards(() => void this.#plans.delete(id));
  }

  #plan(id: string, from: Reader): Plan | undefined {
    const remembered = this.#plans.get(id);
    if (remembered) return remembered;
    const plan = from.get<Plan>(keys.plan(id));
    if (!plan) return undefined;
    if (this.#plans.size >= REMEMBERED) this.#plans.clear();
    this.#plans.set(id, plan);
    return plan;
  }
}

function planOf(workflow: Workflow): Plan {
  const { id, name, template, devices, rendered, globalTimeout, data, onFailure, onTimeout, createdAt } = workflow;
  return {
    ...{ id, name, template, devices, rendered, globalTimeout, data, onFailure, onTimeout, createdAt },
    tasks: workflow.tasks.map(({ startedAt: _, ...task }) => task),
    actions: workflow.actions.filter(({ hook }) => hook === undefined).map(actionPlan),
    services: workflow.services.map((service) => {
      const {
        state: _0,
        starts: _1,
        boot: _2,
        exitCode: _3,
        message: _4,
        endpoints: _5,
        since: _6,
        takenAt: _7,
        ...plan
      } = service;
      return plan;
    }),
  };
}

function actionPlan(action: ActionRecord): ActionPlan {
  const { task, name, machine, hook, timeout, retries, condition, background, run } = action;
  return { task, name, machine, hook, timeout, retries, condition, background, run };
}

function actionProgress(action: ActionRecord): ActionProgress {
  const {
    task: _0,
    name: _1,
    machine: _2,
    hook: _3,
    timeout: _4,
    retries: _5,
    condition: _6,
    background: _7,
    run: _8,
    ...progress
  } = action;
  return progress;
}

/** JSON of each action's progress: of many actions an event changes one. */
const texts = new WeakMap<ActionRecord, string>();

function progressText(workflow: Workflow): string {
  const { state, message, outcome, pausedAt, begunAt, servedAt, startedAt, installed, updatedAt } = workflow;
  const rest: Omit<Progress, 'actions'> = {
    ...{ state, message, outcome, pausedAt, begunAt, servedAt, startedAt, installed, updatedAt },
    tasks: workflow.tasks.map((task) => task.startedAt ?? null),
    services: workflow.services.map(({ state, starts, boot, exitCode, message, endpoints, since, takenAt }) => ({
      ...{ state, starts, boot, exitCode, message, endpoints, since, takenAt },
    })),
    hooks: workflow.actions.filter(({ hook }) => hook !== undefined).map(actionPlan),
  };
  const actions = workflow.actions.map((action) => {
    const known = texts.get(action);
    if (known !== undefined) return known;
    const text = JSON.stringify(actionProgress(action));
    texts.set(action, text);
    return text;
  });
  return `${JSON.stringify(rest).slice(0, -1)},"actions":[${actions.join(',')}]}`;
}

function join(plan: Plan, { tasks, actions, services, hooks, ...progress }: Progress): Workflow {
  const plans = [...plan.actions, ...hooks];
  return {
    ...plan,
    ...progress,
    tasks: plan.tasks.map((task, i) => ({ ...task, startedAt: tasks[i] ?? undefined })),
    actions: actions.flatMap((each, i) => {
      const own = plans[i];
      return own ? [{ ...own, ...each }] : [];
    }),
    services: services.flatMap((each, i) => {
      const own = plan.services[i];
      return own ? [{ ...own, ...each }] : [];
    }),
  };
}
