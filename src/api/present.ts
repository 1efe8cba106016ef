/** Records of the store as the API shows them: ISO times, and what can be derived. */

import type { TraceEntry as TraceRecord } from '../boots/trace.ts';
import type { Machine as MachineRecord } from '../machines/machines.ts';
import type { MachineWork } from '../machines/work.ts';
import type { StoredEvent } from '../store/events.ts';
import type { DataVersion as DataVersionRecord } from '../workflows/data.ts';
import type { Template as TemplateRecord } from '../workflows/templates.ts';
import { type ActionState, currentAction, isFinal, type Workflow as WorkflowRecord } from '../workflows/workflow.ts';
import type { DataVersion, Machine, Template, TraceEntry, Workflow, WorkflowActionEvent } from './types.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const maybeIso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : iso(ms));

/** @param lastSeen ms since 1970; undefined: not since the appliance's start */
export function presentMachine(machine: MachineRecord, work: MachineWork, lastSeen: number | undefined): Machine {
  const { installed, worker } = work;
  return {
    id: machine.id,
    name: machine.name,
    hardware: machine.hardware,
    interfaces: machine.hardware.network.interfaces.map(({ dhcp }) => ({
      mac: dhcp.mac,
      address: dhcp.ip?.address,
      hostname: dhcp.hostname,
    })),
    createdAt: iso(machine.createdAt),
    updatedAt: iso(machine.updatedAt),
    workflow: work.queue[0],
    ...(installed ? { installed: { ...installed, at: iso(installed.at), heardAt: maybeIso(installed.heardAt) } } : {}),
    ...(worker ? { worker: { lastSeen: iso(lastSeen ?? worker.at), boot: worker.boot, version: worker.version } } : {}),
  };
}

/** A template, its text with it. */
export function presentTemplate(template: TemplateRecord): Template {
  return { ...template, createdAt: iso(template.createdAt), updatedAt: iso(template.updatedAt) };
}

/** @param waitsFor why nothing moves, when nothing does. */
export function presentWorkflow(workflow: WorkflowRecord, waitsFor: string | undefined): Workflow {
  const index = currentAction(workflow);
  const own = workflow.actions.filter(({ hook }) => hook === undefined);
  const current = workflow.actions[index ?? own.length - 1];
  const done = own.filter(({ state }) => state === 'SUCCESS' || state === 'SKIPPED').length;
  const { outcome } = workflow;
  return {
    ...workflow,
    actions: workflow.actions.map(({ heardAt: _, updatedAt: _0, ...action }) => ({
      ...action,
      notBefore: maybeIso(action.notBefore),
      startedAt: maybeIso(action.startedAt),
      endedAt: maybeIso(action.endedAt),
    })),
    tasks: workflow.tasks.map((task) => ({ ...task, startedAt: maybeIso(task.startedAt) })),
    services: workflow.services.map((service) => ({
      ...service,
      since: maybeIso(service.since),
      takenAt: maybeIso(service.takenAt),
    })),
    outcome: outcome && { ...outcome, until: iso(outcome.until) },
    pausedAt: maybeIso(workflow.pausedAt),
    begunAt: maybeIso(workflow.begunAt),
    servedAt: maybeIso(workflow.servedAt),
    startedAt: maybeIso(workflow.startedAt),
    createdAt: iso(workflow.createdAt),
    updatedAt: iso(workflow.updatedAt),
    progress: Math.floor((done * 100) / own.length),
    currentTask: current?.task,
    currentAction: current?.name,
    currentWorker: current?.machine,
    currentActionState: current?.state,
    waitsFor: isFinal(workflow.state) ? undefined : waitsFor,
  };
}

/** A version of a workflow's data, without its bytes. */
export function presentDataVersion({ version, at, by, size, sha256 }: DataVersionRecord): DataVersion {
  const { name, worker, task, action } = by;
  return { version, at: iso(at), size, sha256, worker, task, action, by: name };
}

/** An entry of the trace. */
export function presentTrace(entry: TraceRecord): TraceEntry {
  return { ...entry, time: iso(entry.time) };
}

/** The history of a workflow's actions, one line each time that one begins, ends or is interrupted. */
export function presentActionEvents(workflow: string, events: StoredEvent[]): WorkflowActionEvent[] {
  return events.flatMap((event) => {
    const state = actionState(event);
    if (state === undefined) return [];
    const { task, name, action, attempt, seconds, message, exitCode, logTail } = event.data as {
      task: string;
      name: string;
      action: number;
      attempt?: number;
      seconds?: number;
      message?: string;
      exitCode?: number;
      logTail?: string[];
    };
    return [
      {
        workflow,
        worker: event.machine ?? '',
        task,
        action: name,
        index: action,
        attempt: attempt ?? 0,
        state,
        seconds: seconds ?? 0,
        message:
          message ?? (state === 'RUNNING' ? 'started' : 'interrupted: the machine was restarted; it will be run again'),
        at: iso(event.time),
        exitCode,
        logTail,
      },
    ];
  });
}

function actionState(event: StoredEvent): ActionState | undefined {
  switch (event.kind) {
    case 'action.skipped':
      return 'SKIPPED';
    case 'action.started':
      return 'RUNNING';
    case 'action.lost':
    case 'action.incomplete':
      return 'PENDING';
    case 'action.ended':
      return event.data.state as ActionState;
    default:
      return undefined;
  }
}
