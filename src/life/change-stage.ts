/**
 * What follows when all Tasks of a stage are done: Digital Rebar's map of changes, or a list of stages. Pure. Facts:
 * `change-stage/map` of the first agent and of version 4; where they differ, what a person would expect.
 */
import type { Stage } from '../content/index.ts';
import type { Transition } from './transition.ts';

/** What the machine, or its agent, does on the way to the next stage. */
export type OnTheWay = 'nothing' | 'reboot' | 'poweroff' | 'stop';

export type Change =
  | { change: 'enter'; stage: Stage; way: OnTheWay }
  /** It stays, and more may come. `sentence` says why, for people. */
  | { change: 'rest'; sentence: string }
  /** It stays, and the agent ends. */
  | { change: 'exit'; sentence: string };

export interface ChangeFacts {
  stage: Stage;
  /** What the map says of each stage. */
  map: ReadonlyMap<string, Transition>;
  /** The list of stages that the machine goes through: the map is not looked at then. */
  list?: { name: string; stages: readonly string[] } | undefined;
  /** The environment that the machine is in. */
  bootEnv: string | undefined;
  find: (stage: string) => Stage | undefined;
}

/** Environments that install a system: their installer restarts the machine itself. */
export const INSTALLER = /-install$/;

/** Decides what follows a stage whose Tasks are all done. */
export function changeOf(facts: ChangeFacts): Change {
  const { stage, map, list, bootEnv } = facts;
  if (list) return nextOfList(facts, list);
  const entry = map.get(stage.name);
  if (entry) {
    if (entry.next === stage.name) return { change: 'rest', sentence: `stage ${stage.name} is followed by itself` };
    return enter(facts, entry.next, entry.action);
  }
  if (INSTALLER.test(bootEnv ?? '') || INSTALLER.test(stage.name)) return enter(facts, 'local', undefined);
  const end = `all is done in stage ${stage.name}, and nothing follows it in change-stage/map`;
  return stage.runnerWait === false ? { change: 'exit', sentence: end } : { change: 'rest', sentence: end };
}

function nextOfList(facts: ChangeFacts, { name, stages }: { name: string; stages: readonly string[] }): Change {
  const at = stages.indexOf(facts.stage.name);
  const next = stages[at + 1];
  if (at === -1) return { change: 'rest', sentence: `stage ${facts.stage.name} is none of the stages of list ${name}` };
  if (next === undefined) return { change: 'rest', sentence: `list ${name} is done` };
  return enter(facts, next, undefined);
}

function enter({ stage, bootEnv, find }: ChangeFacts, name: string, action: Transition['action']): Change {
  const next = find(name);
  if (!next)
    return {
      change: 'rest',
      sentence: `stage ${name}, which follows ${stage.name}, is not there: add it, or correct change-stage/map`,
    };
  const way = onTheWay(next, action, bootEnv);
  // An installer restarts the machine when it is ready to: a restart in the middle would spoil the system.
  const isInstaller = INSTALLER.test(bootEnv ?? '');
  return { change: 'enter', stage: next, way: isInstaller && way === 'reboot' ? 'stop' : way };
}

function onTheWay(next: Stage, action: Transition['action'], bootEnv: string | undefined): OnTheWay {
  if (next.reboot) return 'reboot';
  switch (action) {
    case 'Reboot':
      return 'reboot';
    case 'Shutdown':
      return 'poweroff';
    case 'Stop':
      return 'stop';
    case 'Success':
    case undefined:
      return next.bootEnv !== '' && next.bootEnv !== bootEnv ? 'reboot' : 'nothing';
  }
}
