/** Values of the param `change-stage/map`: which stage follows which, and what the machine does on the way. Pure. */

/** Name of the param. */
export const STAGE_MAP = 'change-stage/map';

/** What is done between two stages. */
export const STAGE_ACTIONS = ['Reboot', 'Stop', 'Shutdown', 'Success'] as const;
export type StageAction = (typeof STAGE_ACTIONS)[number];

/** `next[:Action]`, taken apart. `action` undefined: none is given; `unknown`: what is given is none. */
export interface StageMapEntry {
  next: string;
  action: StageAction | undefined;
  unknown?: string;
}

/** Takes an entry apart at its first colon. Actions may be in any case. */
export function readStageMapEntry(text: string): StageMapEntry {
  const colon = text.indexOf(':');
  if (colon === -1) return { next: text.trim(), action: undefined };
  const given = text.slice(colon + 1).trim();
  const action = STAGE_ACTIONS.find((known) => known.toLowerCase() === given.toLowerCase());
  return { next: text.slice(0, colon).trim(), action, ...(action === undefined ? { unknown: given } : {}) };
}

/** The entries of a value that are texts; what else is in it, the param's schema complains of. */
export function stageMapEntries(value: unknown): [stage: string, entry: StageMapEntry][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([stage, entry]): [string, StageMapEntry][] =>
    typeof entry === 'string' ? [[stage, readStageMapEntry(entry)]] : [],
  );
}

/** What is wrong with a map that somebody gives a machine: actions that there are none of, stages that are not there. */
export function stageMapProblems(value: unknown, isStage: (name: string) => boolean): string[] {
  const gone = (name: string): string[] => (isStage(name) ? [] : [`stage ${name || '(none)'} is not there`]);
  return stageMapEntries(value).flatMap(([stage, { next, unknown }]) => [
    ...gone(stage).map((message) => `${stage}: ${message}`),
    ...gone(next).map((message) => `${stage}: ${message}`),
    ...(unknown === undefined ? [] : [`${stage}: there is no action ${unknown}, but ${STAGE_ACTIONS.join(', ')}`]),
  ]);
}
