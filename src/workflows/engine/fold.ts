/** How a workflow follows from its events. */
import type { ActionPlan, ActionProgress, ActionRecord, Workflow, WorkflowEvent } from '../workflow.ts';
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
  return { ...change(workflow, event), updatedAt: 'heardAt' in event ? event.heardAt : event.at };
}

function change(workflow: Workflow, event: Exclude<WorkflowEvent, { kind: 'workflow.created' }>): Workflow {
  switch (event.kind) {
    case 'workflow.begun':
      return { ...workflow, begunAt: event.at };
    case 'service.changed':
      return {
        ...workflow,
        services: workflow.services.map((each, i) => (i === event.service ? { ...each, ...event.progress } : each)),
      };
    case 'workflow.served':
      return { ...workflow, servedAt: event.at };
    case 'action.started':
      return started(workflow, event);
    case 'action.ended':
      return withAction(workflow, event.action, {
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
        state: 'PENDING',
        message: 'interrupted: the machine was restarted',
      });
    case 'action.retrying':
      return withAction(workflow, event.action, {
        state: 'PENDING',
        notBefore: event.notBefore,
        retried: (workflow.actions[event.action]?.retried ?? 0) + 1,
      });
    case 'action.skipped':
      return withAction(workflow, event.action, { state: 'SKIPPED', endedAt: event.at, message: event.message });
    case 'workflow.failing':
      return { ...workflow, outcome: event.outcome, actions: [...workflow.actions, ...event.hooks.map(untouched)] };
    case 'workflow.ended':
      return {
        ...workflow,
        state: event.state,
        message: event.message,
        installed: event.installed,
        pausedAt: undefined,
      };
    case 'workflow.paused':
      return { ...workflow, pausedAt: event.at };
    case 'workflow.resumed':
      return { ...workflow, pausedAt: undefined };
    case 'workflow.retried':
      return retried(workflow, event.from);
    case 'workflow.deleted':
      return workflow;
  }
}

/** An action before its first attempt. */
export function untouched(plan: ActionPlan): ActionRecord {
  return { ...plan, state: 'PENDING', attempt: 0 };
}

function withAction(workflow: Workflow, index: number, progress: Partial<ActionProgress>): Workflow {
  return { ...workflow, actions: workflow.actions.map((each, i) => (i === index ? { ...each, ...progress } : each)) };
}

function started(workflow: Workflow, event: Extract<WorkflowEvent, { kind: 'action.started' }>): Workflow {
  const { action: index, attempt, boot, at, heardAt } = event;
  const action = workflow.actions[index];
  const task = action?.hook === undefined ? action?.task : undefined;
  return {
    ...withAction(workflow, index, { ...NOT_ENDED, state: 'RUNNING', attempt, boot, startedAt: at, heardAt }),
    state: 'RUNNING',
    startedAt: workflow.startedAt ?? heardAt,
    tasks: workflow.tasks.map((each) =>
      each.name === task && each.startedAt === undefined ? { ...each, startedAt: heardAt } : each,
    ),
  };
}

function retried(workflow: Workflow, from: number): Workflow {
  const again = (action: ActionRecord, i: number): boolean => i >= from && action.hook === undefined;
  const tasks = new Set(workflow.actions.filter(again).map(({ task }) => task));
  return {
    ...workflow,
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
