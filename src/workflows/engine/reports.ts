/** What a worker's report on an attempt means. */
import type { Report } from '../../worker/protocol.ts';
import { currentAction, isFinal, type Workflow, type WorkflowEvent } from '../workflow.ts';
import { afterEnd } from './consequences.ts';
import { fold } from './fold.ts';
import { waitingService } from './services.ts';

/** What is to be recorded of a report, or why nothing is. */
export type ReportOutcome =
  | { outcome: 'recorded'; events: WorkflowEvent[] }
  /** Known already: nothing to record, and the worker is told that it is safe. */
  | { outcome: 'repeated' }
  /** A later attempt counts, the action was ended by the server, or the workflow has ended: nothing to record. */
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
  // Before the first report of an attempt, two boots may have been given the same number: the first to report has it.
  if (known && report.boot !== action.boot) return { outcome: 'superseded' };
  if (known && isFinal(action.state))
    return { outcome: action.state === report.state || report.state === 'RUNNING' ? 'repeated' : 'superseded' };
  if (known && report.state === 'RUNNING' && action.state === 'RUNNING') return { outcome: 'repeated' };
  if (known && report.state === 'INCOMPLETE' && action.run.kind === 'job' && action.state === 'PENDING')
    return { outcome: 'repeated' };
  if (isFinal(workflow.state) || report.attempt < action.attempt || (known && action.state === 'PENDING'))
    return { outcome: 'superseded' };
  if (isFinal(action.state) || (workflow.outcome && report.action < workflow.outcome.hooks))
    return { outcome: 'superseded' };
  if (currentAction(workflow) !== report.action)
    return { outcome: 'refused', sentence: outOfTurn(workflow, action.name) };
  if (!known && report.attempt !== action.attempt + 1)
    return {
      outcome: 'refused',
      sentence: `action ${action.name} has had ${action.attempt} attempts; ${report.attempt} cannot be next`,
    };
  // Given before the workflow was cancelled and retried: its turn has not come again.
  if (!known && (workflow.begunAt === undefined || (!workflow.outcome && waitingService(workflow))))
    return { outcome: 'superseded' };
  const events = eventsOf(report, known, now);
  if (report.state === 'INCOMPLETE' && action.run.kind !== 'job')
    return { outcome: 'refused', sentence: `action ${action.name} is no Job: it ends with success or not` };
  if (report.state === 'RUNNING' || report.state === 'INCOMPLETE') return { outcome: 'recorded', events };
  const after = events.reduce(fold, workflow);
  return { outcome: 'recorded', events: [...events, ...afterEnd(after, report.action, machine.name, now)] };
}

function outOfTurn(workflow: Workflow, name: string): string {
  const turn = workflow.actions[currentAction(workflow) ?? -1];
  return turn
    ? `it is not the turn of action ${name}, but of ${turn.name} (task ${turn.task}), which is ${turn.state}`
    : `it is not the turn of action ${name}: nothing is left to do`;
}

function eventsOf(report: Report, known: boolean, now: number): WorkflowEvent[] {
  const { action, attempt, boot, seconds = 0 } = report;
  const at = report.at - Math.round(seconds * 1000);
  const started: WorkflowEvent[] = known ? [] : [{ kind: 'action.started', action, attempt, boot, at, heardAt: now }];
  if (report.state === 'RUNNING') return started;
  const { exitCode, exit } = report;
  if (report.state === 'INCOMPLETE') {
    const message = report.message ?? 'it is to be run again';
    return [
      ...started,
      { kind: 'action.incomplete', action, attempt, boot, at: report.at, seconds, exitCode, message, exit },
    ];
  }
  return [
    ...started,
    {
      kind: 'action.ended',
      action,
      attempt,
      boot,
      at: report.at,
      state: report.state,
      seconds,
      exitCode,
      message: report.message ?? (report.state === 'SUCCESS' ? 'finished' : 'no reason was given'),
      logTail: report.logTail ?? [],
      diskWrites: report.diskWrites,
      bootableDisks: report.bootableDisks,
      exit,
    },
  ];
}
