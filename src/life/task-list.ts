/** The Tasks of a stage, in the order in which they are run. Pure. */
import type { Catalogue } from '../content/index.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { Life } from './record.ts';

/** Tasks with their prerequisites before them, unless those stand earlier in the list already. */
export function withPrerequisites(tasks: readonly string[], { tasks: known }: Pick<Catalogue, 'tasks'>): string[] {
  const list: string[] = [];
  const add = (name: string, way: readonly string[]): void => {
    for (const before of known.get(name)?.prerequisites ?? []) {
      // Content with cycles is refused; what else brings one must not run for ever.
      if (!list.includes(before) && !way.includes(before)) add(before, [...way, before]);
    }
    list.push(name);
  };
  for (const name of tasks) add(name, [name]);
  return list;
}

/** How many of the Tasks of a stage have begun: what comes after them may be changed. */
export function begunTasks({ tasks, before }: Pick<Life, 'tasks' | 'before'>, workflow: Workflow | undefined): number {
  if (!workflow) return tasks.length;
  const first = workflow.actions.findIndex(({ state, attempt }) => state === 'PENDING' && attempt === 0);
  return before + (first === -1 ? workflow.actions.length : first);
}
