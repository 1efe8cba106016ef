/** A machine's life as it is shown. Pure. */
import type { Catalogue } from '../content/index.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { Halt, Life } from './record.ts';

/** A life as people see it, with what follows from it. */
export interface LifeView extends Omit<Life, 'before' | 'halt' | 'rests'> {
  runnable: boolean;
  /** The newest Job. */
  job: string | undefined;
  halt: Pick<Halt, 'why' | 'sentence' | 'at'> | undefined;
  /** Why it is in its stage still, once all is done. */
  waits: string | undefined;
  /** Position of the Task whose turn it is; -1: none has begun; as many as there are: all are done. */
  currentTask: number;
  /** Why nothing can be run on it as it is. */
  unusable: string[];
}

/** Digital Rebar's pointer into the list of Tasks. */
export function currentTaskOf(
  { before, tasks }: Pick<Life, 'before' | 'tasks'>,
  workflow: Workflow | undefined,
): number {
  if (!workflow) return tasks.length;
  const index = workflow.actions.findIndex(({ state }) => state !== 'SUCCESS' && state !== 'SKIPPED');
  if (index === -1) return tasks.length;
  const none = before + index === 0 && workflow.actions[0]?.attempt === 0;
  return none ? -1 : before + index;
}

/** What of lives as they are stored is not there: it is asked before each Task. */
const lately = new WeakMap<object, { catalogue: Catalogue; unusable: readonly string[] }>();

/** What a machine names that is not there. */
export function unusableBecause(
  life: Pick<Life, 'profiles' | 'tasks' | 'stage' | 'bootEnv'>,
  catalogue: Catalogue,
): readonly string[] {
  const known = lately.get(life);
  if (known?.catalogue === catalogue) return known.unusable;
  const unusable = missingFor(life, catalogue);
  if (Object.isFrozen(life)) lately.set(life, { catalogue, unusable });
  return unusable;
}

function missingFor(
  { profiles, tasks, stage, bootEnv }: Pick<Life, 'profiles' | 'tasks' | 'stage' | 'bootEnv'>,
  catalogue: Catalogue,
): string[] {
  const missing = (what: string, names: readonly string[], known: { has(name: string): boolean }): string[] =>
    [...new Set(names)].filter((name) => !known.has(name)).map((name) => `${what} ${name} is not there`);
  return [
    ...missing('profile', profiles, catalogue.profiles),
    ...missing('Task', tasks, catalogue.tasks),
    ...missing('stage', stage === undefined ? [] : [stage], catalogue.stages),
    ...missing('boot environment', bootEnv === undefined ? [] : [bootEnv], catalogue.bootenvs),
  ];
}
