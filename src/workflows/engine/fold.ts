/** How a workflow follows from its events. */
import type { ActionPlan, ActionProgress, ActionRecord, TaskRecord, Workflow, WorkflowEvent } from '../workflow.ts';
import { isFinal } from '../workflow.ts';

/** What an earlier attempt has left in a record does not belong to the next one. */
const NOT_ENDED = {
  endedAt: undefined,
  seconds: undefined,
  exitCode: undefined,
  message: undefined,
  logTail: undefined,
  diskWrites: undefined,
  bootableDisks: undefined,
} satisfies Partial<ActionProgress>;

/** Folds one event into a workflow. */
export function fold(workflow: Workflow, event: WorkflowEvent): Workflow {
  if (event.kind === 'workflow.created') return event.workflow;
  // Clocks of several computers: it never goes back.
  const updatedAt = Math.max(workflow.updatedAt, 'heardAt' in event ? event.heardAt : event.at);
  return { ...workflow, ...change(workflow, event, updatedAt), updatedAt };
}

function change(
  workflow: Workflow,
  event: Exclude<WorkflowEvent, { kind: 'workflow.created' }>,
  updatedAt: number,
): Partial<Workflow> {
  switch (event.kind) {
    case 'workflow.begun':
      return { begunAt: event.at };
    case 'service.changed':
      return {
        services: workflow.services.map((each, i) => (i === event.service ? { ...each, ...event.progress } : each)),
      };
    case 'workflow.served':
      return { servedAt: event.at };
    case 'action.started':
      return started(workflow, event, updatedAt);
    case 'action.ended':
      return withAction(workflow, event.action, {
        updatedAt,
        state: event.state,
        attempt: event.attempt,
        boot: event.boot,
        endedAt: event.at,
        seconds: event.seconds,
        exitCode: event.exitCode,
        message: event.message,
        logTail: event.logTail,
        diskWrites: event.diskWrites,
        bootableDisks: event.bootableDisks,
      });
    case 'action.lost':
      return withAction(workflow, event.action, {
        updatedAt,
        state: 'PENDING',
        message: 'interrupted: the machine was restarted',
      });
    case 'action.incomplete':
      return withAction(workflow, event.action, {
        updatedAt,
        state: 'PENDING',
        seconds: event.seconds,
        exitCode: event.exitCode,
        message: event.message,
      });
    case 'workflow.extended':
      return {
        actions: [...workflow.actions.slice(0, event.from), ...event.actions.map(untouched)],
        tasks: [
          ...workflow.tasks.slice(0, event.from),
          ...event.actions.map(({ task, machine }) => ({ name: task, machine, timeout: 0 })),
        ],
      };
    case 'action.retrying':
      return withAction(workflow, event.action, {
        updatedAt,
        state: 'PENDING',
        notBefore: event.notBefore,
        retried: (workflow.actions[event.action]?.retried ?? 0) + 1,
      });
    case 'action.skipped':
      return withAction(workflow, event.action, {
        updatedAt,
        state: 'SKIPPED',
        endedAt: event.at,
        message: event.message,
      });
    case 'workflow.failing':
      return { outcome: event.outcome, actions: [...workflow.actions, ...event.hooks.map(untouched)] };
    case 'workflow.ended':
      return {
        state: event.state,
        message: event.message,
        installed: event.installed,
        pausedAt: undefined,
      };
    case 'workflow.paused':
      return { pausedAt: event.at };
    case 'workflow.resumed':
      return { pausedAt: undefined };
    case 'workflow.retried':
      return retried(workflow, event.from);
    case 'workflow.deleted':
      return {};
  }
}

/** An action before its first attempt. */
export function untouched(plan: ActionPlan): ActionRecord {
  return { ...plan, state: 'PENDING', attempt: 0 };
}

function withAction(
  { actions }: Workflow,
  index: number,
  progress: Partial<ActionProgress> & { updatedAt: number },
): Pick<Workflow, 'actions'> {
  const action = actions[index];
  return { actions: action ? actions.with(index, { ...action, ...progress }) : actions };
}

function started(
  workflow: Workflow,
  event: Extract<WorkflowEvent, { kind: 'action.started' }>,
  updatedAt: number,
): Partial<Workflow> {
  const { action: index, attempt, boot, at, heardAt } = event;
  const { tasks } = workflow;
  const action = workflow.actions[index];
  const isFirst = (task: TaskRecord): boolean =>
    action?.hook === undefined && task.name === action?.task && task.startedAt === undefined;
  return {
    ...withAction(workflow, index, {
      ...NOT_ENDED,
      state: 'RUNNING',
      attempt,
      boot,
      startedAt: at,
      heardAt,
      updatedAt,
    }),
    state: 'RUNNING',
    startedAt: workflow.startedAt ?? heardAt,
    tasks: tasks.some(isFirst) ? tasks.map((each) => (isFirst(each) ? { ...each, startedAt: heardAt } : each)) : tasks,
  };
}

function retried(workflow: Workflow, from: number): Partial<Workflow> {
  const again = (action: ActionRecord, i: number): boolean => i >= from && action.hook === undefined;
  const tasks = new Set(workflow.actions.filter(again).map(({ task }) => task));
  return {
    state: 'PENDING',
    message: undefined,
    outcome: undefined,
    installed: undefined,
    startedAt: undefined,
    begunAt: undefined,
    servedAt: undefined,
    services: workflow.services.map((service) => ({ ...service, state: 'PENDING', takenAt: undefined })),
    tasks: workflow.tasks.map((task) => (tasks.has(task.name) ? { ...task, startedAt: undefined } : task)),
    actions: workflow.actions.map((action, i) => {
      if (again(action, i)) return { ...action, ...NOT_ENDED, state: 'PENDING', retried: 0, notBefore: undefined };
      // Hooks stay as the history of the last run.
      return isFinal(action.state) ? action : { ...action, state: 'CANCELLED' };
    }),
  };
}
