/** The limits that the server counts: when the next one is reached, and what follows when it is. */
import { type ActionRecord, currentAction, isFinal, type Workflow, type WorkflowEvent } from '../workflow.ts';
import { fail, follow } from './consequences.ts';
import { fold } from './fold.ts';
import { failStart, waitingService, wantsServices } from './services.ts';

/**
 * A worker ends its actions itself, at their limit. One that has been silent for so long after that, seconds, is not
 * waited for. Tinkerbell's workers say nothing while an action runs, and their limit does not count the pull.
 */
const SILENCE = { own: 120, tinkerbell: 900 };
/** The worker counts from the container's start, before which its image is pulled. It takes no longer than this, seconds. */
const LONGEST_PULL = 3600;
/** Boot ids of workers that speak Tinkerbell's protocol begin so. */
export const TINKERBELL_BOOT = 'grpc:';

/** When a worker was last heard, ms since 1970. */
export type Heard = (machine: string) => number;

interface Limit {
  /** ms since 1970 */
  at: number;
  /** What follows. */
  events: (now: number) => WorkflowEvent[];
}

/** When something is due that nobody may ask for, ms since 1970: a limit, or the time to try again. */
export function dueAt(workflow: Workflow, heard: Heard, now: number): number | undefined {
  const { state, notBefore = 0 } = workflow.actions[currentAction(workflow) ?? -1] ?? {};
  const times = limitsOf(workflow, heard).map(({ at }) => at);
  if (!isFinal(workflow.state) && state === 'PENDING' && notBefore > now) times.push(notBefore);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** What follows from the limits that are over. */
export function expire(workflow: Workflow, heard: Heard, now: number): WorkflowEvent[] {
  const over = limitsOf(workflow, heard)
    .filter(({ at }) => at <= now)
    .sort((a, b) => a.at - b.at);
  return over[0]?.events(now) ?? [];
}

function limitsOf(workflow: Workflow, heard: Heard): Limit[] {
  if (isFinal(workflow.state)) return [];
  if (workflow.outcome) return [{ at: workflow.outcome.until, events: (now) => endHooks(workflow, now) }];
  const index = currentAction(workflow);
  const action = index === undefined ? undefined : workflow.actions[index];
  const limits: Limit[] = [];
  const timeOut = (message: string) => (now: number) => timedOut(workflow, index, message, now);
  if (workflow.globalTimeout > 0 && workflow.startedAt !== undefined) {
    limits.push({
      at: workflow.startedAt + workflow.globalTimeout * 1000,
      events: timeOut(`the workflow has exceeded its limit of ${workflow.globalTimeout} s`),
    });
  }
  const task = workflow.tasks.find(({ name }) => name === action?.task);
  if (task && task.timeout > 0 && task.startedAt !== undefined) {
    limits.push({
      at: task.startedAt + task.timeout * 1000,
      events: timeOut(`task ${task.name} has exceeded its limit of ${task.timeout} s`),
    });
  }
  if (action?.state === 'RUNNING' && action.timeout > 0) {
    const silence = action.boot?.startsWith(TINKERBELL_BOOT) ? SILENCE.tinkerbell : SILENCE.own;
    const over = (action.heardAt ?? 0) + action.timeout * 1000;
    const silent = Math.max(heard(action.machine), over) + silence * 1000;
    const never = over + LONGEST_PULL * 1000;
    const message = `action ${action.name} has exceeded its limit of ${action.timeout} s, and its worker`;
    limits.push(
      silent < never
        ? { at: silent, events: timeOut(`${message} has been silent for ${silence} s`) }
        : { at: never, events: timeOut(`${message} has not ended it`) },
    );
  }
  for (const service of wantsServices(workflow) && waitingService(workflow) ? workflow.services : []) {
    if (service.takenAt === undefined || !['STARTING', 'UNHEALTHY', 'RESTARTING'].includes(service.state)) continue;
    limits.push({
      at: service.takenAt + service.startTimeout * 1000,
      events: (now) => failStart(workflow, service, `its limit of ${service.startTimeout} s is over`, now),
    });
  }
  return limits;
}

function timedOut(workflow: Workflow, index: number | undefined, message: string, now: number): WorkflowEvent[] {
  const action = index === undefined ? undefined : workflow.actions[index];
  const stopped =
    index !== undefined && action?.state === 'RUNNING' ? [stop(action, index, 'TIMEOUT', message, now)] : [];
  const where = action ? ` at action ${action.name} (task ${action.task})` : '';
  const blamed = stopped.length > 0 ? index : undefined;
  const after = stopped.reduce(fold, workflow);
  return [
    ...stopped,
    ...fail(after, { state: 'TIMEOUT', message: `${capital(message)}${where}`, action: blamed }, now),
  ];
}

/** The server's own word that an attempt is over; its worker is told to stop. */
export function stop(
  action: ActionRecord,
  index: number,
  state: 'TIMEOUT' | 'CANCELLED',
  message: string,
  now: number,
): WorkflowEvent {
  return {
    kind: 'action.ended',
    action: index,
    attempt: action.attempt,
    boot: action.boot ?? '',
    at: now,
    state,
    seconds: Math.max(0, (now - (action.heardAt ?? now)) / 1000),
    message,
    logTail: [],
  };
}

/** Hooks that did not run in time are not run. */
function endHooks(workflow: Workflow, now: number): WorkflowEvent[] {
  const events: WorkflowEvent[] = [];
  workflow.actions.forEach((action, i) => {
    if (i < (workflow.outcome?.hooks ?? 0) || isFinal(action.state)) return;
    if (action.state === 'RUNNING') events.push(stop(action, i, 'TIMEOUT', 'its time is over', now));
    else events.push({ kind: 'action.skipped', action: i, message: 'its worker did not begin it in time', at: now });
  });
  const after = events.reduce(fold, workflow);
  return [...events, ...follow(after, now)];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
