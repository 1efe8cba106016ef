/** What a workflow has left on a machine's disks. */
import type { Workflow } from '../workflow.ts';

/** A system counts as installed on a disk when the workflow's actions wrote at least this much to it (bytes). */
const INSTALLED_AT_LEAST = 1 << 20;

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
