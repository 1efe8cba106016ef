/** A workflow: one rendering of a template for named machines, with the history of every action. */
import type { DataRules, TemplateAction, TemplateHook, TemplateService } from './template/document.ts';

export const WORKFLOW_STATES = ['PENDING', 'RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED'] as const;
export type WorkflowState = (typeof WORKFLOW_STATES)[number];
/** How a workflow ends. */
export type FinalState = Exclude<WorkflowState, 'PENDING' | 'RUNNING'>;

export const ACTION_STATES = [...WORKFLOW_STATES, 'SKIPPED'] as const;
export type ActionState = (typeof ACTION_STATES)[number];

/** True for the states that no report can change any more. */
export function isFinal(state: ActionState): boolean {
  return state !== 'PENDING' && state !== 'RUNNING';
}

/** What an action is for, when it is not a step of a task. */
export type Hook = 'on-failure' | 'on-timeout' | 'on_failure' | 'on_timeout';

/** What is to be done: fixed when the workflow, or the hook, is made. */
export interface ActionPlan extends TemplateAction {
  task: string;
  /** Id of the machine whose worker runs it. */
  machine: string;
  hook?: Hook;
}

/** What became of an action. */
export interface ActionProgress {
  state: ActionState;
  /** Attempts begun so far; 0 before the first. */
  attempt: number;
  /** Attempts that were made because an earlier one did not succeed, since the workflow was started or retried. */
  retried?: number;
  /** ms since 1970, the server's clock: not to be tried again before. */
  notBefore?: number;
  /** Boot id of the worker that runs, or ran, the last attempt. */
  boot?: string;
  /** ms since 1970, the worker's clock. */
  startedAt?: number;
  endedAt?: number;
  /** ms since 1970, the server's clock: when it was heard that the last attempt has begun. */
  heardAt?: number;
  seconds?: number;
  exitCode?: number;
  message?: string;
  logTail?: string[];
  diskWrites?: Record<string, number>;
  /** Local disks that firmware could boot from, seen after it. */
  bootableDisks?: string[];
  /** ms since 1970: the workflow's, when this last changed. */
  updatedAt?: number;
}

/** One action of a workflow: those of the tasks in their order, and after them the hooks that were called. */
export type ActionRecord = ActionPlan & ActionProgress;

/** A task of a workflow, and when it began. */
export interface TaskRecord {
  name: string;
  machine: string;
  /** Seconds; 0 is no limit. */
  timeout: number;
  /** ms since 1970, the server's clock: when its first action was reported to have begun. */
  startedAt?: number;
}

export const SERVICE_STATES = [
  'PENDING',
  'STARTING',
  'UP',
  'HEALTHY',
  'UNHEALTHY',
  'RESTARTING',
  'ENDED',
  'FAILED',
  'STOPPED',
] as const;
/**
 * `STARTING`: not running yet, or its health has not been told yet. `UP`: it runs, and its health is not checked.
 * `HEALTHY`, `UNHEALTHY`: it runs, and that is what its check says. `RESTARTING`: it has exited and will be
 * started again. `ENDED`: it has exited with 0. `FAILED`: it will not be started again. `STOPPED`: the workflow is over,
 * and nothing of it is left.
 */
export type ServiceState = (typeof SERVICE_STATES)[number];

/** What became of a service, as its worker tells it. */
export interface ServiceProgress {
  state: ServiceState;
  /** Times that it was started. */
  starts: number;
  /** Boot id of the worker that has it. */
  boot?: string;
  exitCode?: number;
  message?: string;
  /** Where it is reached, by its ports in the container: `192.168.1.5:32768`. */
  endpoints?: Record<string, string>;
  /** ms since 1970, the server's clock: the last change of its state; the first time that its worker took it up. */
  since?: number;
  takenAt?: number;
}

/** A service of a workflow, and what became of it. */
export type ServiceRecord = TemplateService & {
  /** Id of the machine whose worker runs it. */
  machine: string;
} & ServiceProgress;

/** What a workflow whose task can no longer succeed will end with, when its hooks have run. */
export interface Outcome {
  state: 'FAILED' | 'TIMEOUT';
  message: string;
  /** Position of the first hook in `actions`. */
  hooks: number;
  /** ms since 1970, the server's clock: what has not run by then is not run. */
  until: number;
}

/** All that is known of a workflow. Secrets are masked in it. */
export interface Workflow {
  id: string;
  /** The template's name, or the stage's. */
  name: string;
  /** Id of the template; empty where a stage has made it. */
  template: string;
  /** The stage of the machine whose Tasks it runs. */
  stage?: string;
  /** The map given with `-r`: names in the template to MAC or IP addresses. */
  devices: Record<string, unknown>;
  /** The YAML after rendering. Secrets are masked in it, as in everything else here. */
  rendered: string;
  /** Seconds; 0 means no limit. */
  globalTimeout: number;
  data: DataRules;
  tasks: TaskRecord[];
  actions: ActionRecord[];
  services: ServiceRecord[];
  onFailure: (TemplateHook & { machine?: string })[];
  onTimeout: (TemplateHook & { machine?: string })[];
  state: WorkflowState;
  /** Why it ended so, for people. */
  message?: string;
  outcome?: Outcome;
  /** ms since 1970: nothing more is begun until it is resumed. */
  pausedAt?: number;
  /** Its turn has come: its services are started. */
  begunAt?: number;
  /** All services have been up, and healthy: the tasks may begin. */
  servedAt?: number;
  /** ms since 1970, the server's clock: when its first action was reported to have begun. `globalTimeout` counts from here. */
  startedAt?: number;
  /** Disks with a system installed by this workflow, once it has succeeded. */
  installed?: string[];
  /** ms since 1970; `updatedAt` is the latest time that an event of it was given. */
  createdAt: number;
  updatedAt: number;
}

/** What is done once the report of a Job is acknowledged: the agent ends, or the machine goes down. */
export type JobExit = 'stop' | 'reboot' | 'poweroff';

/** A fact about a workflow; the workflow is the fold of its events. `at` is ms since 1970. */
export type WorkflowEvent =
  | { kind: 'workflow.created'; workflow: Workflow }
  /** Its turn has come on the machine of its first task. */
  | { kind: 'workflow.begun'; at: number }
  | { kind: 'service.changed'; service: number; at: number; progress: ServiceProgress }
  | { kind: 'workflow.served'; at: number }
  /** `at` is the worker's clock, `heardAt` ours. */
  | { kind: 'action.started'; action: number; attempt: number; boot: string; at: number; heardAt: number }
  | {
      kind: 'action.ended';
      action: number;
      attempt: number;
      boot: string;
      at: number;
      state: 'SUCCESS' | 'FAILED' | 'TIMEOUT' | 'CANCELLED';
      seconds: number;
      exitCode?: number;
      message: string;
      logTail: string[];
      diskWrites?: Record<string, number>;
      bootableDisks?: string[];
      /** What a Job wants done with the machine, or its agent. */
      exit?: JobExit;
    }
  /** A Job is to go on: its Task is run again from its beginning, once nothing holds up the machine. */
  | {
      kind: 'action.incomplete';
      action: number;
      attempt: number;
      boot: string;
      at: number;
      seconds: number;
      exitCode?: number;
      message: string;
      exit?: JobExit;
    }
  /** Other Tasks are to follow those that have begun. */
  | { kind: 'workflow.extended'; from: number; actions: ActionPlan[]; at: number }
  /** The machine was restarted in the middle of the action: it will be run again from its beginning. */
  | { kind: 'action.lost'; action: number; attempt: number; boot: string; at: number }
  | { kind: 'action.retrying'; action: number; notBefore: number; at: number }
  | { kind: 'action.skipped'; action: number; message: string; at: number }
  /** It cannot succeed any more; its hooks are run before it ends. */
  | { kind: 'workflow.failing'; outcome: Outcome; hooks: ActionPlan[]; at: number }
  | { kind: 'workflow.ended'; state: FinalState; message: string; installed: string[]; at: number }
  | { kind: 'workflow.paused'; at: number }
  | { kind: 'workflow.resumed'; at: number }
  /** An ended one goes on from an action. */
  | { kind: 'workflow.retried'; from: number; at: number }
  | { kind: 'workflow.deleted'; at: number };

/** Index of the action whose turn it is, or undefined when there is none left. */
export function currentAction({ actions, outcome }: Workflow): number | undefined {
  const index = outcome
    ? actions.findIndex(({ state }, i) => i >= outcome.hooks && !isFinal(state))
    : actions.findIndex(({ state, hook }) => hook === undefined && state !== 'SUCCESS' && state !== 'SKIPPED');
  return index === -1 ? undefined : index;
}

/** Ids of all machines that have, or may get, an action of it; those that only run its services are not among them. */
export function machinesOf({ actions, onFailure, onTimeout }: Workflow): string[] {
  const named = [...actions, ...onFailure, ...onTimeout].flatMap(({ machine }) =>
    machine === undefined ? [] : [machine],
  );
  return [...new Set(named)];
}

/** Whether Jobs are made of some of its actions. */
export function runsJobs({ stage, actions }: Pick<Workflow, 'stage' | 'actions'>): boolean {
  return stage !== undefined || actions.some(({ run }) => run.kind === 'job');
}
