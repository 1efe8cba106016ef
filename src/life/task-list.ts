/** The Tasks of a stage, in the order in which they are run. Pure. */
import type { Catalogue } from '../content/index.ts';

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
