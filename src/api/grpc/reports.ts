/**
 * What a report of a Tinkerbell worker means in the words of our engine. Pure. Its workers name an action, not the attempt:
 * which one they mean follows from where the workflow stands, so that the same report may come any number of times.
 */
import { MESSAGE_LIMIT, type Report } from '../../worker/protocol.ts';
import { holdUp } from '../../workflows/engine/index.ts';
import { currentAction, isFinal, type Workflow } from '../../workflows/workflow.ts';

/** A report, whatever its dialect. */
export interface Said {
  state: 'RUNNING' | 'SUCCESS' | 'FAILED' | 'TIMEOUT';
  /** The names of task and action; or, from the newest agent, the attempt. */
  of: { task: string; action: string } | { action: number; attempt: number };
  seconds: number;
  message: string;
}

/** What is to be recorded of a report, or said to its worker. */
export type Meaning =
  | { meaning: 'report'; reports: Report[] }
  /** Known already, or of no account any more: acknowledged, so that the worker goes on. */
  | { meaning: 'known' }
  | { meaning: 'refused'; code: Refusal; sentence: string };
/** `UNAVAILABLE`: not yet, try again. */
export type Refusal = 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'UNAVAILABLE';

/** What a report's meaning depends on. */
export interface Situation {
  workflow: Workflow;
  machine: { id: string; name: string };
  /** Whether the workflow is the first in the machine's queue. */
  first: boolean;
  boot: string;
  now: number;
}

const KNOWN: Meaning = { meaning: 'known' };

/** What a report means. */
export function meaningOf(situation: Situation, said: Said): Meaning {
  const { workflow, machine } = situation;
  const index = indexOf(workflow, said);
  if (typeof index === 'string') return refused(workflow, 'INVALID_ARGUMENT', index);
  const action = workflow.actions[index];
  if (!action) return refused(workflow, 'INVALID_ARGUMENT', 'reported action id is none of this workflow');
  if (action.machine !== machine.id)
    return refused(workflow, 'FAILED_PRECONDITION', `action ${action.name} is not for machine ${machine.name}`);
  return said.state === 'RUNNING' ? begin(situation, index, said) : end(situation, index, said);
}

/** Position of the action that is reported on, or why there is none. */
function indexOf({ actions, ...workflow }: Workflow, { of }: Said): number | string {
  if (typeof of.action === 'number') return of.action;
  const { task, action: name } = of as { task: string; action: string };
  const fits = (each: (typeof actions)[number] | undefined): boolean => each?.task === task && each.name === name;
  const turn = currentAction({ actions, ...workflow }) ?? -1;
  if (fits(actions[turn])) return turn;
  // The hooks of an earlier try have the names of the later one's: the last that was begun is meant.
  const begun = actions.findLastIndex((each) => fits(each) && each.attempt > 0);
  const index = begun === -1 ? actions.findLastIndex(fits) : begun;
  if (index !== -1) return index;
  const what = actions.some((each) => each.task === task) ? 'action' : 'task';
  return `reported ${what} name does not match the current action details`;
}

function begin({ workflow, machine, first, boot, now }: Situation, index: number, said: Said): Meaning {
  const no = (sentence: string, code: Refusal = 'FAILED_PRECONDITION'): Meaning => refused(workflow, code, sentence);
  const action = workflow.actions[index];
  if (!action) return KNOWN;
  const { name, state, attempt } = action;
  const meant = 'attempt' in said.of ? said.of.attempt : state === 'RUNNING' ? attempt : attempt + 1;
  if (state === 'RUNNING') {
    if (action.boot !== boot) return no(`action ${name} is being run by another worker of machine ${machine.name}`);
    return meant === attempt ? KNOWN : no(`attempt ${meant} of action ${name} is not the one that runs`);
  }
  if (isFinal(state)) return no(`action ${name} has ended already: ${state}`);
  if (isFinal(workflow.state) || currentAction(workflow) !== index) return no(`it is not the turn of action ${name}`);
  if (action.run.kind === 'job') return no(`action ${name} is a Job: ${CANNOT}`);
  if (action.run.kind === 'verb') return no(`action ${name} is the verb ${action.run.verb}: ${CANNOT}`);
  if (!first) return no(`another workflow is before this one on machine ${machine.name}`);
  const reason = holdUp(workflow, now);
  if (reason !== undefined) return no(reason, 'UNAVAILABLE');
  if (meant !== attempt + 1) return no(`attempt ${meant} of action ${name} cannot be next after ${attempt}`);
  const key = { workflow: workflow.id, action: index, attempt: meant, boot, at: now };
  const running: Report = { ...key, state: 'RUNNING' };
  if (!action.background) return { meaning: 'report', reports: [running] };
  // Its success is reported before it is run; with this worker, that is now.
  return { meaning: 'report', reports: [running, { ...key, state: 'SUCCESS', message: 'begun in the background' }] };
}

function end({ workflow, boot, now }: Situation, index: number, { state, of, seconds, message }: Said): Meaning {
  const action = workflow.actions[index];
  if (!action || state === 'RUNNING') return KNOWN;
  const { name, attempt } = action;
  const meant = 'attempt' in of ? of.attempt : attempt;
  if (attempt === 0 || meant > attempt)
    return refused(workflow, 'FAILED_PRECONDITION', `action ${name} has not begun: report it as running first`);
  if (meant < attempt || action.state === state || action.state === 'PENDING') return KNOWN;
  if (isFinal(action.state)) {
    // What the server has ended, or nobody waited for, its worker may see otherwise.
    if (action.background || (action.state !== 'SUCCESS' && action.state !== 'FAILED')) return KNOWN;
    return refused(workflow, 'FAILED_PRECONDITION', `action ${name} has ended already: ${action.state}`);
  }
  if (action.boot !== boot) return KNOWN;
  const told = message.slice(0, MESSAGE_LIMIT) || (state === 'SUCCESS' ? undefined : 'its worker gave no reason');
  const at = { workflow: workflow.id, action: index, attempt, boot, at: now };
  return { meaning: 'report', reports: [{ ...at, state, seconds: Math.max(0, seconds), message: told }] };
}

/** What a worker of Tinkerbell is told, and a workflow fails with, at a verb. */
export const CANNOT =
  'a worker of Tinkerbell cannot do it; use an image that does, or boot the machine with the worker of this server';

function refused(workflow: Workflow, code: Refusal, sentence: string): Meaning {
  return { meaning: 'refused', code, sentence: `${sentence}; ${standing(workflow)}` };
}

/** The state that the worker should have. */
export function standing(workflow: Workflow): string {
  const action = isFinal(workflow.state) ? undefined : workflow.actions[currentAction(workflow) ?? -1];
  return action
    ? `the workflow is at action ${action.name} (task ${action.task}), which is ${action.state}`
    : `the workflow has ended: ${workflow.state}`;
}
