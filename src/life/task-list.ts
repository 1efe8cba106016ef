/** The Tasks of a stage, in the order in which they are run. Pure. */
import type { Catalogue } from '../content/index.ts';
import type { Problem } from '../errors.ts';
import { didYouMean } from '../workflows/template/nearest.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { paramProblems } from './param-problems.ts';
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

/** A Task that a template names: those that are run before it, or what is wrong with it, by the fields of its action. */
export function namedTask(
  task: string,
  params: Readonly<Record<string, unknown>>,
  catalogue: Catalogue,
): { before: string[] } | { problems: Problem[] } {
  const problems: Problem[] = [];
  if (!catalogue.tasks.has(task)) {
    const message = `there is no Task ${task}${didYouMean(task, catalogue.tasks.keys())}`;
    problems.push({ field: 'task', message });
  }
  const secure = Object.keys(params).filter((name) => catalogue.params.get(name)?.secure);
  for (const name of secure)
    problems.push({ field: `params.${name}`, message: 'is secure: set it for the machine or in a profile, not here' });
  problems.push(
    ...paramProblems(catalogue, params).filter(({ field }) => !secure.includes(field.slice('params.'.length))),
  );
  return problems.length > 0 ? { problems } : { before: withPrerequisites([task], catalogue).slice(0, -1) };
}

/** How many of the Tasks of a stage have begun: what comes after them may be changed. */
export function begunTasks({ tasks, before }: Pick<Life, 'tasks' | 'before'>, workflow: Workflow | undefined): number {
  if (!workflow) return tasks.length;
  const first = workflow.actions.findIndex(({ state, attempt }) => state === 'PENDING' && attempt === 0);
  return before + (first === -1 ? workflow.actions.length : first);
}
