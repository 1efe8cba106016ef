/** The workflow that a stage makes: one action for each of its Tasks. Pure. */
import type { ActionPlan, Workflow } from '../workflows/workflow.ts';

/** An action that runs a Task on a machine. It is not tried again by itself: a person looks first. */
export function taskAction(task: string, machine: string): ActionPlan {
  return {
    ...{ task, name: task, machine, timeout: 0 },
    ...{ retries: { limit: 0, backoff: 0 }, condition: true, background: false },
    run: { kind: 'job', task },
  };
}

/** A workflow for Tasks of a machine's stage. `now` is ms since 1970. */
export function stageWorkflow(parts: {
  id: string;
  stage: string;
  machine: string;
  tasks: readonly string[];
  now: number;
}): Workflow {
  const { id, stage, machine, tasks, now } = parts;
  return {
    ...{ id, name: stage, stage, template: '', devices: {}, rendered: '', globalTimeout: 0 },
    data: { kind: 'json' },
    tasks: tasks.map((name) => ({ name, machine, timeout: 0 })),
    actions: tasks.map((task) => ({ ...taskAction(task, machine), state: 'PENDING', attempt: 0 })),
    ...{ services: [], onFailure: [], onTimeout: [] },
    ...{ state: 'PENDING', createdAt: now, updatedAt: now },
  };
}
