/** What follows from a fact without anybody asking: conditions that skip, retries, hooks, the end. */
import {
  type ActionPlan,
  type ActionRecord,
  currentAction,
  type FinalState,
  isFinal,
  machinesOf,
  type Outcome,
  type Workflow,
  type WorkflowEvent,
} from '../workflow.ts';
import { installedDisks } from './disks.ts';
import { fold } from './fold.ts';

/** Longest pause between two tries, seconds. */
const LONGEST_BACKOFF = 3600;
/** What a hook without a limit of its own is given, and how long all of them may be late, seconds. */
const HOOK_LIMIT = 600;
const HOOK_MARGIN = 120;
/** Lines of output that the message of a failed workflow ends with. */
const TOLD_LINES = 10;

/** Skips what a condition excludes, and ends the workflow when nothing is left to do. */
export function follow(workflow: Workflow, now: number): WorkflowEvent[] {
  const events: WorkflowEvent[] = [];
  let after = workflow;
  for (;;) {
    if (isFinal(after.state) || after.begunAt === undefined) return events;
    const index = currentAction(after);
    const action = index === undefined ? undefined : after.actions[index];
    if (index === undefined || !action) return [...events, endOf(after, now)];
    if (action.condition || action.state !== 'PENDING') return events;
    const skipped: WorkflowEvent = {
      kind: 'action.skipped',
      action: index,
      message: 'skipped: its condition is false',
      at: now,
    };
    events.push(skipped);
    after = fold(after, skipped);
  }
}

function endOf(workflow: Workflow, now: number): WorkflowEvent {
  if (workflow.outcome) {
    const failed = workflow.actions.filter(
      ({ state, hook }, i) => hook !== undefined && i >= (workflow.outcome?.hooks ?? 0) && state !== 'SUCCESS',
    );
    const also = failed.map(({ name, state, message }) => `\n${name}: ${state}${message ? `: ${message}` : ''}`);
    return ended(workflow.outcome.state, `${workflow.outcome.message}${also.join('')}`, now);
  }
  const own = workflow.actions.filter(({ hook }) => hook === undefined);
  const skipped = own.filter(({ state }) => state === 'SKIPPED').length;
  return {
    kind: 'workflow.ended',
    state: 'SUCCESS',
    message: skipped
      ? `${own.length - skipped} actions succeeded, ${skipped} skipped`
      : `all ${own.length} actions succeeded`,
    installed: [...new Set(machinesOf(workflow).flatMap((machine) => installedDisks(workflow, machine)))],
    at: now,
  };
}

/** The end of a workflow that did not succeed. */
export function ended(state: Exclude<FinalState, 'SUCCESS'>, message: string, now: number): WorkflowEvent {
  return { kind: 'workflow.ended', state, message, installed: [], at: now };
}

/** What an action's end leads to: the next one, another try, the hooks, the workflow's end. */
export function afterEnd(workflow: Workflow, index: number, machine: string, now: number): WorkflowEvent[] {
  const action = workflow.actions[index];
  if (!action) return [];
  const { state } = action;
  if (action.hook !== undefined || (state !== 'FAILED' && state !== 'TIMEOUT')) return follow(workflow, now);
  const retried = action.retried ?? 0;
  if (retried < action.retries.limit) {
    const seconds = Math.min(LONGEST_BACKOFF, action.retries.backoff * 2 ** retried);
    return [{ kind: 'action.retrying', action: index, notBefore: now + seconds * 1000, at: now }];
  }
  return fail(workflow, { state, message: failureMessage(action, machine), action: index }, now);
}

function failureMessage(action: ActionRecord, machine: string): string {
  const tail = (action.logTail ?? []).slice(-TOLD_LINES).map((line) => `\n  ${line}`);
  return `Action ${action.name} (task ${action.task}) on machine ${machine}: ${action.message}${tail.join('')}`;
}

/**
 * A workflow that cannot succeed any more: its hooks are called, and where it has none it ends.
 * @param action position of the action to blame; undefined where none had been begun.
 */
export function fail(
  workflow: Workflow,
  { state, message, action }: { state: Outcome['state']; message: string; action: number | undefined },
  now: number,
): WorkflowEvent[] {
  const hooks = hooksOf(workflow, state, action);
  if (hooks.length === 0) return [ended(state, message, now)];
  const seconds = hooks.reduce((sum, { timeout }) => sum + (timeout || HOOK_LIMIT), HOOK_MARGIN);
  const outcome: Outcome = { state, message, hooks: workflow.actions.length, until: now + seconds * 1000 };
  return [{ kind: 'workflow.failing', outcome, hooks, at: now }];
}

function hooksOf(workflow: Workflow, state: Outcome['state'], index: number | undefined): ActionPlan[] {
  const action = index === undefined ? undefined : workflow.actions[index];
  const blamed = action ?? workflow.actions[currentAction(workflow) ?? 0];
  const plain = { retries: { limit: 0, backoff: 0 }, condition: true, background: false };
  const own: ActionPlan[] = [];
  if (action?.run.kind === 'image') {
    const name = state === 'FAILED' ? 'on-failure' : 'on-timeout';
    const { onFailure, onTimeout, ...run } = action.run;
    const command = state === 'FAILED' ? onFailure : onTimeout;
    if (command) {
      own.push({
        ...plain,
        task: action.task,
        name: `${action.name} ${name}`,
        machine: action.machine,
        timeout: command.timeout,
        run: { ...run, command: command.command },
        hook: name,
      });
    }
  }
  const whole = (state === 'FAILED' ? workflow.onFailure : workflow.onTimeout).map((hook): ActionPlan => {
    const kind = state === 'FAILED' ? 'on_failure' : 'on_timeout';
    return {
      ...plain,
      task: kind,
      name: hook.name,
      machine: hook.machine ?? blamed?.machine ?? '',
      timeout: hook.timeout,
      run: hook.run,
      hook: kind,
    };
  });
  return [...own, ...whole];
}
