/**
 * A workflow as Tinkerbell's workers are told of it. Pure. They know actions with an image, one after another, and the
 * state of one of them: what they cannot do, or need not, is left out.
 */

import type { ImageRun } from '../../workflows/template/document.ts';
import {
  type ActionRecord,
  type ActionState,
  currentAction,
  isFinal,
  type Workflow,
} from '../../workflows/workflow.ts';
import type { ActionResponse } from './messages/agent.ts';
import type { State, WorkflowAction, WorkflowContext } from './messages/workflow.ts';
import type { Sendable } from './protobuf/message.ts';

/** `cli`: Tinkerbell 0.2 to 0.8, where a context has no action before the first has begun. `slim`: 0.9 to 0.12. */
export type Era = 'cli' | 'slim';

/** Names a machine as the worker that asks knows it. */
export type WorkerName = (machine: string) => string;

/** What an action without a limit is given, seconds: their workers take 0 for an hour, or for no time at all. */
const NO_LIMIT = 365 * 24 * 3600;

/** An action that a worker of Tinkerbell can be told of. */
export interface Visible {
  /** Position among all actions of the workflow. */
  index: number;
  action: ActionRecord;
  run: ImageRun;
}

/**
 * The actions that workers are told of. A verb is none that they could do: the list ends before one that is still to be
 * done, so that no worker goes on to it by itself.
 */
export function visibleActions(workflow: Workflow): Visible[] {
  const visible: Visible[] = [];
  for (const [index, action] of workflow.actions.entries()) {
    const { run, state } = action;
    if (state === 'SKIPPED' || (state === 'PENDING' && !action.condition)) continue;
    if (run.kind === 'image') visible.push({ index, action, run });
    else if (!isFinal(state)) break;
  }
  return visible;
}

/** Their word for a state of ours. What was cancelled has failed; what was skipped holds nothing up. */
export function stateOf(state: ActionState): State {
  switch (state) {
    case 'PENDING':
    case 'RUNNING':
    case 'FAILED':
    case 'TIMEOUT':
    case 'SUCCESS':
      return `STATE_${state}`;
    case 'CANCELLED':
      return 'STATE_FAILED';
    case 'SKIPPED':
      return 'STATE_SUCCESS';
  }
}

/** Where a workflow stands: at its current action or, when it has ended, at the last that was begun. */
export function contextOf(workflow: Workflow, era: Era, nameOf: WorkerName): WorkflowContext {
  const visible = visibleActions(workflow);
  const turn = isFinal(workflow.state) ? undefined : currentAction(workflow);
  const last = visible.findLastIndex(({ action }) => action.attempt > 0);
  const at = turn === undefined ? Math.max(0, last) : visible.findIndex(({ index }) => index === turn);
  // At a verb: behind all that can be told of.
  const { action } = visible[at] ?? visible.at(-1) ?? {};
  const begun = era === 'slim' || last !== -1;
  return {
    workflow_id: workflow.id,
    current_worker: action ? nameOf(action.machine) : '',
    current_task: begun ? (action?.task ?? '') : '',
    current_action: begun ? (action?.name ?? '') : '',
    current_action_index: begun ? Math.max(0, at === -1 ? visible.length - 1 : at) : 0,
    current_action_state: action ? stateOf(action.state) : 'STATE_PENDING',
    total_number_of_actions: visible.length,
  };
}

/** The actions of a workflow in their order. @param runOf the container of an action as the asking worker may see it */
export function actionsOf(
  workflow: Workflow,
  era: Era,
  nameOf: WorkerName,
  runOf: (visible: Visible) => ImageRun,
): Sendable<WorkflowAction>[] {
  return visibleActions(workflow).map((visible) => {
    const { action } = visible;
    const run = runOf(visible);
    return {
      task_name: action.task,
      name: action.name,
      image: run.image,
      timeout: action.timeout || NO_LIMIT,
      command: run.command,
      // Those of 0.9 to 0.12 were never sent any.
      on_timeout: era === 'cli' ? (run.onTimeout?.command ?? []) : [],
      on_failure: era === 'cli' ? (run.onFailure?.command ?? []) : [],
      worker_id: nameOf(action.machine),
      volumes: run.volumes,
      environment: environmentOf(run),
      pid: run.pid ?? '',
    };
  });
}

/** `K=V`, sorted. */
function environmentOf({ environment }: ImageRun): string[] {
  return Object.entries(environment)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
}

/** One attempt as the newest agent is given it. The id of the action names the attempt, and comes back with its reports. */
export function assignmentOf(
  workflow: Workflow,
  { action: index, attempt }: { action: number; attempt: number },
  run: ImageRun,
  agent: string,
): Sendable<ActionResponse> {
  const action = workflow.actions[index];
  return {
    workflow_id: workflow.id,
    task_id: action?.task ?? '',
    agent_id: agent,
    action_id: `${index}.${attempt}`,
    name: action?.name ?? '',
    image: run.image,
    timeout: action?.timeout || NO_LIMIT,
    command: run.command,
    volumes: run.volumes,
    environment: environmentOf(run),
    pid: run.pid ?? '',
    namespaces: { network: run.network ?? '', pid: run.pid ?? '' },
  };
}

/** Reads the id that `assignmentOf` made. */
export function attemptOf(id: string): { action: number; attempt: number } | undefined {
  const [, action, attempt] = /^(\d{1,4})\.(\d{1,4})$/.exec(id) ?? [];
  return action === undefined || attempt === undefined
    ? undefined
    : { action: Number(action), attempt: Number(attempt) };
}
