/**
 * Workflows as they are kept: what is fixed from the start is written once, each action's progress when it changes, and
 * what else changes is written with every event and stays small. All that belongs together is written in one change. Read
 * outside of a change, a workflow that is being written is the one that the store still has in memory, whole.
 */
import type { Reader, Store, Transaction } from '../store/store.ts';
import {
  type ActionPlan,
  type ActionProgress,
  type ActionRecord,
  isFinal,
  type ServiceProgress,
  type ServiceRecord,
  type Workflow,
} from './workflow.ts';

const keys = {
  plan: (id: string) => `workflow-plan/${id}`,
  progress: (id: string) => `workflow/${id}`,
  active: (id: string) => `workflow-active/${id}`,
};
const actionKey = (id: string, action: number): string => `workflow-action/${id}/${String(action).padStart(4, '0')}`;

/** Workflows that are put together before others get their turn. */
const AT_ONCE = 20;

type Fixed =
  | 'id'
  | 'name'
  | 'template'
  | 'stage'
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
type Head = Omit<Workflow, Fixed | 'tasks' | 'actions' | 'services'> & {
  tasks: (number | null)[];
  /** How many there are. */
  actions: number;
  services: ServiceProgress[];
  /** Plans of the actions behind those of the tasks. */
  hooks: ActionPlan[];
};

/** Plans kept in memory: they never change. */
const REMEMBERED = 2048;

/** Reads and writes the records of workflows. */
export class WorkflowRecords {
  readonly #store: Store;
  readonly #plans = new Map<string, Plan>();
  /** Those that were read from the disk, by what was read. */
  readonly #joined = new WeakMap<Head, Workflow>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A workflow as it is on disk, or in a change under way. */
  get(id: string, from: Reader = this.#store): Workflow | undefined {
    const kept = from.get<Head | Workflow>(keys.progress(id));
    if (kept === undefined || 'rendered' in kept) return kept;
    const joined = this.#joined.get(kept);
    if (joined) return joined;
    const plan = this.#plan(id, from);
    if (!plan) return undefined;
    const actions = Array.from({ length: kept.actions }, (_, n) => from.get<ActionProgress>(actionKey(id, n)));
    const workflow = join(plan, kept, actions);
    this.#joined.set(kept, workflow);
    return workflow;
  }

  /** All of them, the oldest first. */
  async list(): Promise<Workflow[]> {
    const all: Workflow[] = [];
    let left = AT_ONCE;
    for await (const [key] of this.#store.range('workflow/')) {
      const workflow = this.get(key.slice('workflow/'.length));
      if (workflow) all.push(workflow);
      if (--left > 0) continue;
      left = AT_ONCE;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Ids of those that have not ended. */
  active(): Promise<string[]> {
    return this.#store.values<string>('workflow-active/');
  }

  /** Writes what is fixed: of a new workflow, or of one that has other actions now. */
  putPlan(transaction: Transaction, workflow: Workflow): void {
    transaction.put(keys.plan(workflow.id), planOf(workflow));
    transaction.afterwards(() => void this.#plans.delete(workflow.id));
  }

  put(transaction: Transaction, workflow: Workflow, active: boolean): void {
    const { id, actions } = workflow;
    const kept = this.get(id, transaction);
    const before = kept?.actions ?? [];
    actions.forEach((action, n) => {
      if (action !== before[n]) transaction.put(actionKey(id, n), actionProgress(action));
    });
    for (let n = actions.length; n < before.length; n++) transaction.delete(actionKey(id, n));
    if (kept && isSameHead(kept, workflow)) transaction.keep(keys.progress(id), workflow);
    else transaction.putText(keys.progress(id), JSON.stringify(headOf(workflow)), workflow);
    const wasActive = kept !== undefined && !isFinal(kept.state);
    if (active && !wasActive) transaction.put(keys.active(id), id);
    if (!active && wasActive) transaction.delete(keys.active(id));
  }

  delete(transaction: Transaction, id: string): void {
    const { length } = this.get(id, transaction)?.actions ?? [];
    for (let n = 0; n < length; n++) transaction.delete(actionKey(id, n));
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
  const { id, name, template, stage, devices, rendered, globalTimeout, data, onFailure, onTimeout, createdAt } =
    workflow;
  return {
    ...{ id, name, template, stage, devices, rendered, globalTimeout, data, onFailure, onTimeout, createdAt },
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

function headOf(workflow: Workflow): Head {
  const { state, message, outcome, pausedAt, begunAt, servedAt, startedAt, installed, updatedAt } = workflow;
  return {
    ...{ state, message, outcome, pausedAt, begunAt, servedAt, startedAt, installed, updatedAt },
    tasks: workflow.tasks.map((task) => task.startedAt ?? null),
    actions: workflow.actions.length,
    services: workflow.services.map(({ state, starts, boot, exitCode, message, endpoints, since, takenAt }) => ({
      ...{ state, starts, boot, exitCode, message, endpoints, since, takenAt },
    })),
    hooks: workflow.actions.filter(({ hook }) => hook !== undefined).map(actionPlan),
  };
}

/** Whether only actions have changed, which are kept by themselves: most reports change nothing else. */
function isSameHead(before: Workflow, after: Workflow): boolean {
  return (
    before.state === after.state &&
    before.message === after.message &&
    before.outcome === after.outcome &&
    before.pausedAt === after.pausedAt &&
    before.begunAt === after.begunAt &&
    before.servedAt === after.servedAt &&
    before.startedAt === after.startedAt &&
    before.installed === after.installed &&
    before.tasks === after.tasks &&
    before.services === after.services &&
    before.actions.length === after.actions.length
  );
}

function join(
  plan: Plan,
  { tasks, services, hooks, actions: _, ...progress }: Head,
  actions: readonly (ActionProgress | undefined)[],
): Workflow {
  const plans = [...plan.actions, ...hooks];
  return {
    ...plan,
    ...progress,
    updatedAt: actions.reduce((latest, action) => Math.max(latest, action?.updatedAt ?? 0), progress.updatedAt),
    tasks: plan.tasks.map((task, i) => ({ ...task, startedAt: tasks[i] ?? undefined })),
    actions: actions.flatMap((each, i) => {
      const own = plans[i];
      return own && each ? [{ ...own, ...each }] : [];
    }),
    services: services.flatMap((each, i) => {
      const own = plan.services[i];
      return own ? [{ ...own, ...each }] : [];
    }),
  };
}
