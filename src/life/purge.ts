/** Old Jobs, and the workflows of stages that nothing is left of with them. */
import type { Store } from '../store/store.ts';
import { isFinal, type Workflow } from '../workflows/workflow.ts';
import type { Workflows } from '../workflows/workflows.ts';
import type { Job } from './job-record.ts';
import type { Jobs, PurgeRules } from './jobs.ts';
import { lifeOf } from './record.ts';

/**
 * Deletes old Jobs with their logs, and then the workflows that stages have made for them, once they have ended, have no
 * Job any more, and are not those by which it is known how far a machine is in its stage.
 * @returns the Jobs that were deleted, or would be
 */
export async function purge(
  { jobs, workflows, store }: { jobs: Jobs; workflows: Pick<Workflows, 'find' | 'delete'>; store: Store },
  rules: PurgeRules & { dryRun: boolean },
): Promise<Job[]> {
  const old = await jobs.purge(rules);
  if (rules.dryRun || old.length === 0) return old;
  const left = new Set((await jobs.list()).map(({ workflow }) => workflow));
  for (const id of new Set(old.map(({ workflow }) => workflow))) {
    const workflow = left.has(id) ? undefined : workflows.find(id);
    if (workflow && isSpent(workflow, store)) await workflows.delete(id);
  }
  return old;
}

function isSpent({ id, stage, state, actions }: Workflow, store: Store): boolean {
  const machine = actions[0]?.machine;
  const isCurrent = machine !== undefined && lifeOf(store, machine).workflow === id;
  return stage !== undefined && isFinal(state) && !isCurrent;
}
