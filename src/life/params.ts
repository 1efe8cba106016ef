/** The params that count for a machine: its own, and those of its profiles and its stage, the nearest first. Pure. */
import type { Catalogue, Stage } from '../content/objects.ts';
import { STAGE_MAP } from '../content/stage-map.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import type { Life } from './record.ts';
import { isSealed } from './seal.ts';
import { parseTransition, type Transition } from './transition.ts';

/** Whose params are asked for. */
export interface About {
  life: Pick<Life, 'params' | 'profiles'>;
  stage?: Stage | undefined;
  catalogue: Pick<Catalogue, 'params' | 'profiles'>;
}

/** A param's value, and what gave it: `machine`, `profile p`, `stage s`, `stage s, profile p`, `profile global`, `default`. */
export interface Effective {
  value: unknown;
  from: string;
}

/** Profile whose params count for all machines, after everything else that somebody has set. */
export const GLOBAL_PROFILE = 'global';

/** Values given in one place. */
interface Level {
  from: string;
  params: Readonly<Record<string, unknown>>;
}

/**
 * The value of each param for a machine: its own; of its profiles in order, each followed by those that it names; of its
 * stage; of the stage's profiles; of the profile `global`; and the default of the param's schema. Profiles that do not
 * exist have no params.
 */
export function effectiveParams(about: About): ReadonlyMap<string, Effective> {
  const { life, stage, catalogue } = about;
  const known = lately.get(life);
  if (known?.stage === stage && known?.catalogue === catalogue) return known.effective;
  const effective = workedOut(about);
  if (Object.isFrozen(life)) lately.set(life, { stage, catalogue, effective });
  return effective;
}

/** What was worked out for lives as they are stored: each Task of a stage asks for the same. */
const lately = new WeakMap<About['life'], Omit<About, 'life'> & { effective: ReadonlyMap<string, Effective> }>();

function workedOut(about: About): ReadonlyMap<string, Effective> {
  const effective = new Map<string, Effective>();
  for (const { from, params } of levelsOf(about)) {
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined && !effective.has(name)) effective.set(name, { value, from });
    }
  }
  for (const name of about.catalogue.params.keys()) {
    const value = defaultOf(about, name);
    if (value !== undefined && !effective.has(name)) effective.set(name, { value, from: 'default' });
  }
  // Always of all levels together.
  const map = compose(STAGE_MAP, about);
  if (map !== undefined) effective.set(STAGE_MAP, map);
  return effective;
}

/**
 * The value of a param of all levels together: of maps the nearest value of each key, of lists all elements, the nearest
 * first. Any other value is the nearest one alone, and levels with another kind of value than the nearest do not count.
 *
 * @param read what a value stands for, such as that of a sealed one
 * @returns undefined where nobody gives it; `from` names all levels that have to do with it
 */
export function compose(
  name: string,
  about: About,
  read: (value: unknown) => unknown = (value) => value,
): Effective | undefined {
  const given = levelsOf(about).flatMap(({ from, params }) =>
    Object.hasOwn(params, name) ? [{ from, value: params[name] }] : [],
  );
  const byDefault = defaultOf(about, name);
  if (byDefault !== undefined) given.push({ from: 'default', value: byDefault });
  const values = given
    .filter(({ value }) => value !== undefined)
    .map(({ from, value }) => ({ from, value: read(value) }));
  const [nearest] = values;
  if (nearest === undefined) return undefined;
  if (Array.isArray(nearest.value)) {
    const lists = values.filter(({ value }) => Array.isArray(value));
    return { value: lists.flatMap(({ value }) => value as unknown[]), from: sources(lists) };
  }
  if (!isMap(nearest.value)) return nearest;
  const maps = values.filter(({ value }) => isMap(value));
  const merged = Object.fromEntries(maps.toReversed().flatMap(({ value }) => Object.entries(value as object)));
  return { value: merged, from: sources(maps) };
}

/**
 * What follows each stage, by `change-stage/map` of all levels together.
 *
 * @param of the stage that is asked about: entries of others may be wrong then
 * @throws TinsmithError INVALID_INPUT for entries that are no transition, all of them
 */
export function changeStageMap(about: About, of?: string): Map<string, Transition> {
  const composed = compose(STAGE_MAP, about);
  const map = new Map<string, Transition>();
  if (composed === undefined) return map;
  if (!isMap(composed.value)) refuseMap(composed.from, [{ field: '', message: 'is not a map of stages' }]);
  const problems: Problem[] = [];
  for (const [stage, text] of Object.entries(composed.value)) {
    const read = typeof text === 'string' ? parseTransition(text) : { problem: 'is not a text such as "next:Reboot"' };
    if ('next' in read) map.set(stage, read);
    else if (of === undefined || of === stage) problems.push({ field: stage, message: read.problem });
  }
  if (problems.length > 0) refuseMap(composed.from, problems);
  return map;
}

function refuseMap(from: string, problems: readonly Problem[]): never {
  const told = problems.map(({ field, message }) => (field === '' ? message : `what it says of ${field} ${message}`));
  throw new TinsmithError('INVALID_INPUT', `${STAGE_MAP} (${from}) is not usable: ${told.join('; ')}.`, {
    next: 'Write "next" or "next:Action" there, with the name of a stage that is to follow.',
    problems: problems.map(({ field, message }) => ({
      field: `params.${STAGE_MAP}${field === '' ? '' : `.${field}`}`,
      message,
    })),
  });
}

/** All places that give values, the nearest first, each profile once. */
function levelsOf({ life, stage, catalogue }: About): Level[] {
  const seen = new Set<string>();
  const profiles = (names: readonly string[], prefix: string): Level[] =>
    names.flatMap((name): Level[] => {
      const profile = catalogue.profiles.get(name);
      if (profile === undefined || seen.has(name)) return [];
      seen.add(name);
      return [{ from: `${prefix}profile ${name}`, params: profile.params }, ...profiles(profile.profiles, prefix)];
    });
  const levels: Level[] = [{ from: 'machine', params: life.params }, ...profiles(life.profiles, '')];
  if (stage) {
    const from = `stage ${stage.name}`;
    levels.push({ from, params: stage.params }, ...profiles(stage.profiles, `${from}, `));
  }
  return [...levels, ...profiles([GLOBAL_PROFILE], '')];
}

/** The default of a param's schema; undefined where there is none. */
function defaultOf({ catalogue }: About, name: string): unknown {
  const schema = catalogue.params.get(name)?.schema;
  return isMap(schema) && Object.hasOwn(schema, 'default') ? schema.default : undefined;
}

/** A sealed value is one value, whatever it looks like. */
function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isSealed(value);
}

const sources = (levels: readonly { from: string }[]): string => levels.map(({ from }) => from).join(', ');
