/** What people may tell a workflow to do, and what follows. */
import { currentAction, isFinal, type Workflow, type WorkflowEvent } from '../workflow.ts';
import { ended, follow } from './consequences.ts';
import { fold } from './fold.ts';
import { stop } from './limits.ts';

/** What a person says. */
export type Command =
  | { command: 'cancel' }
  | { command: 'pause' }
  | { command: 'resume' }
  /** From the first action that did not succeed, or from the one with this position. */
  | { command: 'retry'; from?: number }
  /** The current action, or the one with this position: it is stopped if it runs, and the next one's turn comes. */
  | { command: 'skip'; action?: number };

/** What is to be recorded of it, or why it cannot be; the sentence has no end. */
export type CommandOutcome = { outcome: 'done'; events: WorkflowEvent[] } | { outcome: 'refused'; sentence: string };

const refused = (sentence: string): CommandOutcome => ({ outcome: 'refused', sentence });
const done = (...events: WorkflowEvent[]): CommandOutcome => ({ outcome: 'done', events });

/** What a command leads to. Repeating one that has been followed changes nothing. */
export function obey(workflow: Workflow, command: Command, now: number): CommandOutcome {
  const { state, pausedAt } = workflow;
  switch (command.command) {
    case 'cancel':
      if (state === 'CANCELLED') return done();
      return isFinal(state) ? refused(`it has ended already: ${state}`) : cancel(workflow, now);
    case 'pause':
      if (isFinal(state)) return refused(`it has ended already: ${state}`);
      return pausedAt === undefined ? done({ kind: 'workflow.paused', at: now }) : done();
    case 'resume':
      if (isFinal(state)) return refused(`it has ended already: ${state}`);
      return pausedAt === undefined ? done() : done({ kind: 'workflow.resumed', at: now });
    case 'retry':
      return retry(workflow, command.from, now);
    case 'skip':
      return skip(workflow, command.action, now);
  }
}

function cancel(workflow: Workflow, now: number): CommandOutcome {
  const index = currentAction(workflow);
  const action = index === undefined ? undefined : workflow.actions[index];
  const running = action?.state === 'RUNNING' && index !== undefined;
  const where = action ? `, ${running ? 'in' : 'before'} action ${action.name} (task ${action.task})` : '';
  return done(
    ...(running ? [stop(action, index, 'CANCELLED', 'the workflow was cancelled', now)] : []),
    ended('CANCELLED', `cancelled${where}`, now),
  );
}

function retry(workflow: Workflow, from: number | undefined, now: number): CommandOutcome {
  if (!isFinal(workflow.state)) return refused(`it has not ended: ${workflow.state}`);
  const own = workflow.actions.filter(({ hook }) => hook === undefined);
  const first = own.findIndex(({ state }) => state !== 'SUCCESS' && state !== 'SKIPPED');
  if (from === undefined && first === -1) return refused('all its actions have succeeded; name the one to begin from');
  if (from !== undefined && from >= own.length) return refused(`it has only ${own.length} actions`);
  if (from !== undefined && first !== -1 && from > first)
    return refused(`action ${own[first]?.name} before that has not succeeded; skip it, or begin there`);
  return done({ kind: 'workflow.retried', from: from ?? first, at: now });
}

function skip(workflow: Workflow, wanted: number | undefined, now: number): CommandOutcome {
  if (isFinal(workflow.state))
    return refused(`it has ended already: ${workflow.state}; retry it first, then skip what is to be left out`);
  const index = wanted ?? currentAction(workflow);
  const action = index === undefined ? undefined : workflow.actions[index];
  if (index === undefined || !action) return refused('it has no such action');
  if (action.state === 'SKIPPED') return done();
  if (isFinal(action.state)) return refused(`action ${action.name} has ended already: ${action.state}`);
  const skipped: WorkflowEvent = { kind: 'action.skipped', action: index, message: 'skipped, as told', at: now };
  return done(skipped, ...follow(fold(workflow, skipped), now));
}
