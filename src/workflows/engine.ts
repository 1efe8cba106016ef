/**
 * The workflow engine, pure: what a worker is to do next, what a report means, and how a workflow follows from its
 * events. It knows nothing of disks, sockets or clocks.
 */
import type { Report } from '../worker/protocol.ts';
import { type ActionRecord, currentAction, isFinal, type Workflow, type WorkflowEvent } from './workflow.ts';

/** A system counts as installed on a disk when the workflow's actions wrote at least this much to it (bytes). */
const INSTALLED_AT_LEAST = 1 << 20;

/** What an earlier attempt has left in a record does not belong to the next one. */
const NOT_ENDED = {
  endedAt: undefined,
  seconds: undefined,
  exitCode: undefined,
  message: undefined,
  logTail: undefined,
  diskWrites: undefined,
  bootableDisks: undefined,
} satisfies Partial<ActionRecord>;

/** Folds one event into a workflow. */
export function fold(workflow: Workflow, event: WorkflowEvent): Workflow {
  switch (event.kind) {
    case 'workflow.created':
      return event.workflow;
    case 'action.started':
      return withAction(
        workflow,
        event,
        { ...NOT_ENDED, state: 'RUNNING', attempt: event.attempt, boot: event.boot, startedAt: event.at },
        'RUNNING',
      );
    case 'action.lost':
      return withAction(workflow, event, { state: 'PENDING', message: 'interrupted: the machine was restarted' });
    case 'action.ended':
      return withAction(workflow, event, {
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
    case 'workflow.ended':
      return {
        ...workflow,
        state: event.state,
        message: event.message,
        installed: event.installed,
        updatedAt: event.at,
      };
    case 'workflow.deleted':
      return { ...workflow, updatedAt: event.at };
  }
}

function withAction(
  workflow: Workflow,
  event: { action: number; at: number },
  change: Partial<ActionRecord>,
  state = workflow.state,
): Workflow {
  const actions = workflow.actions.map((action, i) => (i === event.action ? { ...action, ...change } : action));
  return { ...workflow, actions, state, updatedAt: event.at };
}

/** What the worker of a machine is to do in a workflow. */
export type Step =
  | { step: 'run'; action: number; attempt: number }
  /** Another machine's turn, or nothing left. */
  | { step: 'wait'; reason: string };

/** The next step for a machine, with what must be recorded first: an attempt of an earlier boot is lost. */
export function nextStep(
  workflow: Workflow,
  machine: string,
  boot: string,
  now: number,
): { events: WorkflowEvent[]; step: Step } {
  const index = currentAction(workflow);
  const action = index === undefined ? undefined : workflow.actions[index];
  if (isFinal(workflow.state) || index === undefined || !action)
    return { events: [], step: { step: 'wait', reason: `the workflow has ended: ${workflow.state}` } };
  if (action.machine !== machine) {
    return {
      events: [],
      step: {
        step: 'wait',
        reason: `task ${action.task} of workflow ${workflow.name} is at action ${action.name} on another machine`,
      },
    };
  }
  if (action.state === 'RUNNING' && action.boot === boot)
    return { events: [], step: { step: 'run', action: index, attempt: action.attempt } };
  const lost: WorkflowEvent[] =
    action.state === 'RUNNING'
      ? [{ kind: 'action.lost', action: index, attempt: action.attempt, boot: action.boot ?? '', at: now }]
      : [];
  return { events: lost, step: { step: 'run', action: index, attempt: action.attempt + 1 } };
}

export type ReportOutcome =
  | { outcome: 'recorded'; events: WorkflowEvent[] }
  /** Known already: nothing to record, and the worker is told that it is safe. */
  | { outcome: 'repeated' }
  /** A later attempt counts, or the workflow has ended: nothing to record. */
  | { outcome: 'superseded' }
  | { outcome: 'refused'; sentence: string };

/** What a report means. Final states never change; the same report may come any number of times. */
export function takeReport(
  workflow: Workflow,
  machine: { id: string; name: string },
  report: Report,
  now: number,
): ReportOutcome {
  const action = workflow.actions[report.action];
  if (!action) return { outcome: 'refused', sentence: `workflow ${workflow.id} has no action ${report.action}` };
  if (action.machine !== machine.id)
    return { outcome: 'refused', sentence: `action ${action.name} is not for machine ${machine.name}` };
  const known = report.attempt === action.attempt;
  if (known && isFinal(action.state)) return { outcome: 'repeated' };
  // Before the first report of an attempt, two boots may have been given the same number: the first to report has it.
  if (known && report.boot !== action.boot) return { outcome: 'superseded' };
  if (known && report.state === 'RUNNING' && action.state === 'RUNNING') return { outcome: 'repeated' };
  if (isFinal(workflow.state) || report.attempt < action.attempt || (known && action.state === 'PENDING'))
    return { outcome: 'superseded' };
  if (currentAction(workflow) !== report.action)
    return { outcome: 'refused', sentence: `action ${action.name} is not the one whose turn it is` };
  if (!known && report.attempt !== action.attempt + 1)
    return {
      outcome: 'refused',
      sentence: `action ${action.name} has had ${action.attempt} attempts; ${report.attempt} cannot be next`,
    };

  const { action: index, attempt, boot } = report;
  const started: WorkflowEvent[] = known
    ? []
    : [
        {
          kind: 'action.started',
          action: index,
          attempt,
          boot,
          at: report.at - Math.round((report.seconds ?? 0) * 1000),
        },
      ];
  if (report.state === 'RUNNING') return { outcome: 'recorded', events: started };
  const ended: WorkflowEvent = {
    kind: 'action.ended',
    action: index,
    attempt,
    boot,
    at: report.at,
    state: report.state,
    seconds: report.seconds ?? 0,
    exitCode: report.exitCode,
    message: report.message ?? (report.state === 'SUCCESS' ? 'finished' : 'no reason was given'),
    logTail: report.logTail ?? [],
    diskWrites: report.diskWrites,
    bootableDisks: report.bootableDisks,
  };
  const after = [...started, ended].reduce(fold, workflow);
  return { outcome: 'recorded', events: [...started, ended, ...endOf(after, report, machine.name, now)] };
}

function endOf(workflow: Workflow, report: Report, machine: string, now: number): WorkflowEvent[] {
  const action = workflow.actions[report.action];
  if (!action) return [];
  if (action.state === 'FAILED' || action.state === 'TIMEOUT') {
    const tail = action.logTail?.length
      ? `\n${action.logTail
          .slice(-10)
          .map((line) => `  ${line}`)
          .join('\n')}`
      : '';
    const message = `Action ${action.name} (task ${action.task}) on machine ${machine}: ${action.message}${tail}`;
    return [{ kind: 'workflow.ended', state: action.state, message, installed: [], at: now }];
  }
  if (currentAction(workflow) !== undefined) return [];
  const machines = [...new Set(workflow.actions.map((each) => each.machine))];
  return [
    {
      kind: 'workflow.ended',
      state: 'SUCCESS',
      message: `all ${workflow.actions.length} actions succeeded`,
      installed: [...new Set(machines.flatMap((each) => installedDisks(workflow, each)))],
      at: now,
    },
  ];
}

/** Disks that firmware could boot from, by the machine's last action that looked (a verb does not); undefined if none did. */
export function bootableDisks(workflow: Workflow, machine: string): string[] | undefined {
  return workflow.actions.findLast((action) => action.machine === machine && action.bootableDisks)?.bootableDisks;
}

/** Disks of a machine that firmware can boot from now, and that the workflow's own actions wrote to. */
export function installedDisks(workflow: Workflow, machine: string): string[] {
  const actions = workflow.actions.filter((action) => action.machine === machine);
  const written = (disk: string): number => actions.reduce((sum, { diskWrites }) => sum + (diskWrites?.[disk] ?? 0), 0);
  return (bootableDisks(workflow, machine) ?? []).filter((disk) => written(disk) >= INSTALLED_AT_LEAST);
}
