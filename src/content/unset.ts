/** Objects as short as they can be written. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type Objects, type Section, SHAPES, templateEntry } from './objects.ts';

/** What keys of an object, and of its template entries, are where nobody sets them. */
const UNSET = new Map<Section | 'entry', Record<string, unknown>>();

/** An object without the keys that say what they would say if they were not there. */
export function withoutDefaults(section: Section, object: Objects[Section]): Record<string, unknown> {
  const rest = without(object, unsetOf(section));
  if ('templates' in object && 'templates' in rest) {
    rest.templates = object.templates.map((entry) => without(entry, unsetOf('entry')));
  }
  return rest;
}

function without(object: object, unset: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) => !Object.hasOwn(unset, key) || !isDeepStrictEqual(value, unset[key]),
    ),
  );
}

function unsetOf(kind: Section | 'entry'): Record<string, unknown> {
  let unset = UNSET.get(kind);
  if (unset === undefined) {
    const { name: _name, id: _id, ...rest } = smallest(kind);
    unset = rest;
    UNSET.set(kind, unset);
  }
  return unset;
}

function smallest(kind: Section | 'entry'): Record<string, unknown> {
  if (kind === 'entry') return { path: '', meta: templateEntry.parse({ name: 'x', contents: 'x' }).meta };
  return kind === 'templates' ? SHAPES.templates.parse({ id: 'x' }) : SHAPES[kind].parse({ name: 'x' });
}
