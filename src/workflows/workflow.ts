/** A workflow: one rendering of a template for named machines, with the history of every action. */
import type { TemplateAction } from './template/document.ts';

export const WORKFLOW_STATES = ['PENDING', 'RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT'] as const;
/** State of a workflow and of an action. */
export type WorkflowState = (typeof WORKFLOW_STATES)[number];

/** True for the states that no report can change any more. */
export function isFinal(state: WorkflowState): boolean {
  return state === 'SUCCESS' || state === 'FAILED' || state === 'TIMEOUT';
}

/** One action of a workflow, in the order of the tasks, with what became of it. */
export interface ActionRecord {
  task: string;
  name: string;
  /** Id of the machine whose worker runs it. */
  machine: string;
  timeout: number;
  run: TemplateAction['run'];
  state: WorkflowState;
  /** Attempts begun so far; 0 before the first. */
  attempt: number;
  /** Boot id of the worker that runs, or ran, the last attempt. */
  boot?: string;
  /** ms since 1970, the worker's clock. */
  startedAt?: number;
  endedAt?: number;
  seconds?: number;
  exitCode?: number;
  message?: string;
  logTail?: string[];
  diskWrites?: Record<string, number>;
  /** Local disks that firmware could boot from, seen after it. */
  bootableDisks?: string[];
}

export interface Workflow {
  id: string;
  /** The template's name. */
  name: string;
  template: string;
  /** The map given with `-r`: names in the template to MAC or IP addresses. */
  devices: Record<string, unknown>;
  /** The YAML after rendering. */
  rendered: string;
  /** Seconds; 0 means no limit. */
  globalTimeout: number;
  state: WorkflowState;
  actions: ActionRecord[];
  /** Why it ended so, for people. */
  message?: string;
  /** Disks with a system installed by this workflow, once it has succeeded. */
  installed?: string[];
  /** ms since 1970 */
  createdAt: number;
  updatedAt: number;
}

/** A fact about a workflow; the workflow is the fold of its events. */
export type WorkflowEvent =
  | { kind: 'workflow.created'; workflow: Workflow }
  | { kind: 'action.started'; action: number; attempt: number; boot: string; at: number }
  | {
      kind: 'action.ended';
      action: number;
      attempt: number;
      boot: string;
      at: number;
      state: 'SUCCESS' | 'FAILED' | 'TIMEOUT';
      seconds: number;
      exitCode?: number;
      message: string;
      logTail: string[];
      diskWrites?: Record<string, number>;
      bootableDisks?: string[];
    }
  /** The machine was restarted in the middle of the action: it will be run again from its beginning. */
  | { kind: 'action.lost'; action: number; attempt: number; boot: string; at: number }
  | {
      kind: 'workflow.ended';
      state: 'SUCCESS' | 'FAILED' | 'TIMEOUT';
      message: string;
      installed: string[];
      at: number;
    }
  | { kind: 'workflow.deleted'; at: number };

/** Index of the first action that has not succeeded, or undefined when all have. */
export function currentAction(workflow: Workflow): number | undefined {
  const index = workflow.actions.findIndex((action) => action.state !== 'SUCCESS');
  return index === -1 ? undefined : index;
}
