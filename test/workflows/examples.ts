/** Workflows and reports for tests, short. */
import type { Report } from '../../src/worker/protocol.ts';
import { untouched } from '../../src/workflows/engine/index.ts';
import type { ActionPlan, ActionRecord, Workflow } from '../../src/workflows/workflow.ts';

export const BOOT = 'boot-1';

/** An action of machine `machine` that nobody has begun. */
export function actionOf(machine: string, i: number, more: Partial<ActionPlan> = {}): ActionRecord {
  return untouched({
    task: `task-${machine}`,
    name: `action-${i}`,
    machine,
    timeout: 60,
    retries: { limit: 0, backoff: 1 },
    condition: true,
    background: false,
    run: { kind: 'verb', verb: 'reboot' },
    ...more,
  });
}

/** A workflow with one action for each machine id given, whose turn has come. */
export function workflowOf(...machines: string[]): Workflow {
  return {
    id: 'w',
    name: 'install',
    template: 't',
    devices: {},
    rendered: '',
    globalTimeout: 0,
    data: { kind: 'json' },
    tasks: [...new Set(machines)].map((machine) => ({ name: `task-${machine}`, machine, timeout: 0 })),
    actions: machines.map((machine, i) => actionOf(machine, i)),
    services: [],
    onFailure: [],
    onTimeout: [],
    state: 'PENDING',
    begunAt: 0,
    createdAt: 0,
    updatedAt: 0,
  };
}

export function reportOf(action: number, state: Report['state'], more: Partial<Report> = {}): Report {
  return { workflow: 'w', action, attempt: 1, boot: BOOT, state, at: 10_000, ...more };
}
