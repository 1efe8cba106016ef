import {
  entryOf,
  FunctionFault,
  type FunctionMap,
  fixed,
  isMap,
  keysOf,
  type Spend,
  type TemplateFunction,
  typed,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { type Dict, dict, text, textOf, withMust } from './arguments.ts';
import { checkDepth, deepCopy, deepEqual, holds } from './deep.ts';
import { isEmpty } from './defaults.ts';

/** A function that changes the map that it is given. */
function mutating(one: TemplateFunction): TemplateFunction {
  return { ...one, mutates: true };
}

/** Maps. Where Go takes their keys in any order, these take them sorted: a template must always render the same. */
export const DICTS: FunctionMap = new Map<string, TemplateFunction>([
  ['dict', variadic(0, dictOf)],
  ['get', fixed(2, ([map, key]) => entryOf(dict(map), text(key)) ?? '')],
  ['hasKey', fixed(2, ([map, key]) => entryOf(dict(map), text(key)) !== undefined)],
  ['set', mutating(fixed(3, ([map, key, value = null], spend) => set(dict(map), text(key), value, spend)))],
  ['unset', mutating(fixed(2, ([map, key]) => unset(dict(map), text(key))))],
  [
    'keys',
    variadic(0, (maps) =>
      typed(
        maps.flatMap((map) => keysOf(dict(map))),
        '[]string',
      ),
    ),
  ],
  ['values', fixed(1, ([map]) => keysOf(dict(map)).map((key) => entryOf(dict(map), key) ?? null))],
  ['pluck', variadic(1, ([key, ...maps]) => present(maps.map((map) => entryOf(dict(map), text(key)))))],
  ['pick', variadic(1, ([map, ...keys]) => filtered(dict(map), keys, true))],
  ['omit', variadic(1, ([map, ...keys]) => filtered(dict(map), keys, false))],
  ['dig', { min: 3, max: Number.POSITIVE_INFINITY, call: dig }],
  ['deepEqual', fixed(2, ([a = null, b = null], spend) => deepEqual(a, b, spend))],
  ...withMust({
    deepCopy: fixed(1, ([value = null], spend) => deepCopy(value, spend)),
    merge: mutating(variadic(1, (maps, spend) => mergeAll(maps, false, spend))),
    mergeOverwrite: mutating(variadic(1, (maps, spend) => mergeAll(maps, true, spend))),
  }),
]);

function dictOf(args: readonly Value[]): Value {
  const made: Record<string, Value> = Object.create(null);
  for (let at = 0; at < args.length; at += 2)
    made[textOf(args[at])] = args[at + 1] ?? (at + 1 < args.length ? null : '');
  return made;
}

function present(values: readonly (Value | undefined)[]): Value[] {
  return values.filter((value) => value !== undefined);
}

/** Puts an entry into a map, which the evaluator has made sure is the template's own. */
function set(map: Dict, key: string, value: Value, spend: Spend): Value {
  if (holds(value, map, spend)) throw new FunctionFault('a map cannot hold itself');
  // An assignment to the key `__proto__` would be no entry.
  return Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true });
}

function unset(map: Dict, key: string): Value {
  Reflect.deleteProperty(map, key);
  return map;
}

function filtered(map: Dict, keys: readonly Value[], keep: boolean): Value {
  const named = new Set(keys.map(text));
  const made: Record<string, Value> = Object.create(null);
  for (const [key, value] of Object.entries(map)) if (named.has(key) === keep) made[key] = value;
  return made;
}

/** `dig "a" "b" DEFAULT map` */
function dig(args: readonly Value[]): Value {
  const keys = args.slice(0, -2);
  let value: Value = dict(args.at(-1));
  for (const key of keys) {
    const next = entryOf(dict(value), text(key));
    if (next === undefined) return args.at(-2) ?? null;
    value = next;
  }
  return value;
}

function mergeAll([target, ...sources]: readonly Value[], overwrite: boolean, spend: Spend): Value {
  const into = dict(target);
  for (const source of sources) merge(into, dict(source), overwrite, spend, 0);
  return into;
}

/**
 * Maps are merged key by key; of other values the first that is not empty stays, or with `overwrite` the last. As in
 * Go's mergo, a map does not take the place of a value that is none.
 */
function merge(into: Dict, source: Dict, overwrite: boolean, spend: Spend, depth: number): void {
  checkDepth(depth);
  for (const key of keysOf(source)) {
    spend(1);
    const theirs = entryOf(source, key) ?? null;
    const ours = entryOf(into, key) ?? null;
    const given = !isEmpty(ours);
    if (given && isMap(theirs)) {
      if (isMap(ours)) merge(ours, theirs, overwrite, spend, depth + 1);
    } else if (overwrite || (theirs !== null && !given)) set(into, key, theirs, spend);
  }
}
