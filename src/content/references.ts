/** What objects refer to. Pure. */

import type { Path } from '../yaml-source.ts';
import type { Objects, Section, TemplateEntry } from './objects.ts';
import type { Each } from './sections.ts';
import { STAGE_MAP, stageMapEntries } from './stage-map.ts';
import { defaultOf } from './values.ts';

/** One object's mention of another. */
export interface Reference {
  path: Path;
  section: Section;
  name: string;
  /** It must be there. Params need no object, and templates that are called may be defined in another text. */
  isNeeded: boolean;
}

const known = new WeakMap<object, readonly Reference[]>();

/** All that an object refers to. */
export function referencesOf(each: Each): readonly Reference[] {
  let references = known.get(each.object);
  if (references === undefined) {
    references = find(each);
    known.set(each.object, references);
  }
  return references;
}

function find({ section, object }: Each): Reference[] {
  switch (section) {
    case 'bootenvs':
      return [...entries(object.templates), ...needs(object), ...calls(object.bootParams, ['bootParams'])];
    case 'params':
      return object.name === STAGE_MAP ? stageMap(defaultOf(object), ['schema', 'default']) : [];
    case 'profiles':
      return [...names(object.profiles, 'profiles', ['profiles']), ...params(object.params)];
    case 'stages':
      return [
        ...(object.bootEnv === '' ? [] : [needed('bootenvs', object.bootEnv, ['bootEnv'])]),
        ...names(object.tasks, 'tasks', ['tasks']),
        ...names(object.profiles, 'profiles', ['profiles']),
        ...params(object.params),
        ...entries(object.templates),
        ...needs(object),
      ];
    case 'tasks':
      return [
        ...names(object.prerequisites, 'tasks', ['prerequisites']),
        ...entries(object.templates),
        ...needs(object),
      ];
    case 'templates':
      return calls(object.contents, ['contents']);
    case 'workflows':
      return names(object.stages, 'stages', ['stages']);
  }
}

function needed(section: Section, name: string, path: Path): Reference {
  return { path, section, name, isNeeded: true };
}

function names(list: readonly string[], section: Section, path: Path): Reference[] {
  return list.map((name, index) => needed(section, name, [...path, index]));
}

function needs({ requiredParams, optionalParams }: Pick<Objects['tasks'], 'requiredParams' | 'optionalParams'>) {
  const of = (list: readonly string[], key: string): Reference[] =>
    list.map((name, index) => ({ path: [key, index], section: 'params', name, isNeeded: false }));
  return [...of(requiredParams, 'requiredParams'), ...of(optionalParams, 'optionalParams')];
}

function entries(templates: readonly TemplateEntry[]): Reference[] {
  return templates.flatMap(({ id = '', contents = '', path }, index) => [
    ...(id === '' ? [] : [needed('templates', id, ['templates', index, 'id'])]),
    ...calls(contents, ['templates', index, 'contents']),
    ...calls(path, ['templates', index, 'path']),
  ]);
}

/** Values of params, and the stages that a map of changes names. */
function params(values: Readonly<Record<string, unknown>>): Reference[] {
  const used = Object.keys(values).map(
    (name): Reference => ({ path: ['params', name], section: 'params', name, isNeeded: false }),
  );
  return [...used, ...stageMap(values[STAGE_MAP], ['params', STAGE_MAP])];
}

function stageMap(value: unknown, path: Path): Reference[] {
  return stageMapEntries(value).flatMap(([stage, { next }]) => [
    needed('stages', stage, [...path, stage]),
    needed('stages', next, [...path, stage]),
  ]);
}

/** `{{template "name" .}}` */
const CALL = /\{\{-?\s*template\s+(?:"([^"]*)"|`([^`]*)`)/g;

function calls(text: string, path: Path): Reference[] {
  const called = new Set([...text.matchAll(CALL)].map(([, quoted, raw]) => quoted ?? raw ?? ''));
  return [...called].map((name) => ({ path, section: 'templates', name, isNeeded: false }));
}
