/** The Tasks that those named by a template need before them. Pure. */
import type { Stages } from './stages.ts';
import type { TemplateAction } from './template/document.ts';

/** The actions of one worker, with one more for each Task that another needs, unless that stands before it already. */
export function withTasksBefore(actions: readonly TemplateAction[], named: Stages['named']): TemplateAction[] {
  const done = new Set<string>();
  return actions.flatMap((action): TemplateAction[] => {
    const { run, name } = action;
    if (run.kind !== 'job' || run.step) return [action];
    const about = named(run);
    const before = ('before' in about ? about.before : []).filter((task) => !done.has(task));
    for (const task of [...before, run.task]) done.add(task);
    return [
      ...before.map((task) => ({ ...action, name: `${name}: ${task}`, timeout: 0, run: { ...run, task } })),
      action,
    ];
  });
}
