/** Workflows and reports for tests, short. */
import type { Report } from '../../src/worker/protocol.ts';
import type { ActionRecord, Workflow } from '../../src/workflows/workflow.ts';

export const BOOT = 'boot-1';

/** A workflow with one action for each machine id given. */
export function workflowOf(...machines: string[]): Workflow {
  return {
    id: 'w',
    name: 'install',
    template: 't',
    devices: {},
    rendered: '',
    globalTimeout: 0,
    state: 'PENDING',
    actions: machines.map(
      (machine, i): ActionRecord => ({
        task: `task-${machine}`,
        name: `action-${i}`,
        machine,
        timeout: 60,
        run: { kind: 'verb', verb: 'reboot' },
        state: 'PENDING',
        attempt: 0,
      }),
    ),
    createdAt: 0,
    updatedAt: 0,
  };
}

export function reportOf(action: number, state: Report['state'], more: Partial<Report> = {}): Report {
  return { workflow: 'w', action, attempt: 1, boot: BOOT, state, at: 10_000, ...more };
}
