/** A machine's life and its Jobs as the API shows them: ISO times, and nothing of what is sealed. */
import type { Job as JobRecord } from '../life/job-record.ts';
import type { Life as LifeRecord } from '../life/record.ts';
import { isSealed } from '../life/seal.ts';
import type { LifeView } from '../life/view.ts';
import type { Job, Life, LifeSummary, MachineParams } from './types.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const maybeIso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : iso(ms));

/** All that is shown of a secure value. */
const SEALED = { sealed: true };

/** Tells by the name of a param whether its values are secure. */
type IsSecure = (param: string) => boolean;

/** A value, or only that there is one. One that is sealed stays hidden when its param is not there any more. */
function shown(name: string, value: unknown, isSecure: IsSecure): unknown {
  return isSecure(name) || isSealed(value) ? SEALED : value;
}

/** All of it. */
export function presentLife(view: LifeView, isSecure: IsSecure): Life {
  const { halt, in: inside } = view;
  return {
    stage: view.stage,
    bootEnv: view.bootEnv,
    list: view.list,
    profiles: view.profiles,
    params: Object.fromEntries(
      Object.entries(view.params).map(([name, value]) => [name, shown(name, value, isSecure)]),
    ),
    locked: view.locked,
    runnable: view.runnable,
    halt: halt && { why: halt.why, sentence: halt.sentence, at: iso(halt.at) },
    waits: view.waits,
    in: inside && { bootEnv: inside.bootEnv, boot: inside.boot, agent: inside.agent, at: iso(inside.at) },
    tasks: view.tasks,
    currentTask: view.currentTask,
    job: view.job,
    workflow: view.workflow,
    unusable: view.unusable,
  };
}

/** What is told of it beside the machine. */
export function presentLifeSummary(view: LifeView): LifeSummary {
  const { stage, bootEnv, runnable, locked, halt, currentTask, tasks } = view;
  return { stage, bootEnv, runnable, locked, halt: halt?.sentence, currentTask, tasks: tasks.length };
}

/** Whether a machine has a life that is worth telling of. */
export function hasLife({ stage, bootEnv, list, profiles, params, locked, halt }: LifeRecord): boolean {
  const named = [stage, bootEnv, list, halt].some((each) => each !== undefined);
  return named || locked || profiles.length > 0 || Object.keys(params).length > 0;
}

/** Values with where they come from, by name. */
export function presentParams(
  values: Iterable<[name: string, of: { value: unknown; from: string }]>,
  isSecure: IsSecure,
): MachineParams {
  return Object.fromEntries(
    [...values]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { value, from }]) => [name, { value: shown(name, value, isSecure), from }]),
  );
}

/** A Job. */
export function presentJob(job: JobRecord): Job {
  const { createdAt, startedAt, endedAt } = job;
  return { ...job, createdAt: iso(createdAt), startedAt: maybeIso(startedAt), endedAt: maybeIso(endedAt) };
}
