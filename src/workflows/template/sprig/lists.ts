import {
  FunctionFault,
  type FunctionMap,
  fixed,
  isList,
  type Spend,
  type TemplateFunction,
  typed,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { list, textOf, textsOf, whole, withMust } from './arguments.ts';
import { deepEqual } from './deep.ts';
import { isEmpty } from './defaults.ts';
import { toInt } from './numbers.ts';

/** Lists: each function makes a new one. */
export const LISTS: FunctionMap = new Map<string, TemplateFunction>([
  ...withMust({
    append: fixed(2, ([items, item = null]) => [...list(items), item]),
    push: fixed(2, ([items, item = null]) => [...list(items), item]),
    prepend: fixed(2, ([items, item = null]) => [item, ...list(items)]),
    first: fixed(1, ([items]) => list(items)[0] ?? null),
    last: fixed(1, ([items]) => list(items).at(-1) ?? null),
    rest: fixed(1, ([items]) => list(items).slice(1)),
    initial: fixed(1, ([items]) => list(items).slice(0, -1)),
    reverse: fixed(1, ([items]) => list(items).toReversed()),
    compact: fixed(1, ([items]) => list(items).filter((item) => !isEmpty(item))),
    uniq: fixed(1, ([items], spend) => unique(list(items), spend)),
    without: variadic(1, ([items, ...dropped], spend) => {
      return list(items).filter((item) => !includes(dropped, item, spend));
    }),
    has: fixed(2, ([item = null, items], spend) => items !== null && includes(list(items), item, spend)),
    slice: variadic(1, ([items, ...bounds]) => slice(list(items), bounds)),
    chunk: fixed(2, ([size, items]) => chunks(list(items), whole(size))),
  }),
  ['list', variadic(0, (items) => [...items])],
  ['tuple', variadic(0, (items) => [...items])],
  ['concat', variadic(0, (lists) => lists.flatMap(list))],
  ['sortAlpha', fixed(1, ([items]) => typed(sorted(items ?? null), '[]string'))],
]);

/** Go sorts by bytes; in UTF-16 that is another order only beyond the basic plane. */
function sorted(items: Value): string[] {
  if (!isList(items)) return [textOf(items)];
  return textsOf(items).sort((a, b) => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function unique(items: readonly Value[], spend: Spend): Value[] {
  const kept: Value[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    // Texts are compared by a set; all else one by one.
    if (typeof item === 'string') {
      if (!seen.has(item)) kept.push(item);
      seen.add(item);
    } else if (!includes(kept, item, spend)) kept.push(item);
  }
  return kept;
}

function includes(items: readonly Value[], wanted: Value, spend: Spend): boolean {
  return items.some((item) => deepEqual(item, wanted, spend));
}

/** Also what Go's own `slice` does, for lists. */
function slice(items: readonly Value[], bounds: readonly Value[]): Value {
  const [start = 0, end = items.length] = bounds.map((bound) => Number(toInt(bound)));
  if (items.length === 0 && bounds.length < 3) return items;
  if (start < 0 || end > items.length || start > end) {
    throw new FunctionFault(`${start} to ${end} is no part of a list of ${items.length}`);
  }
  return items.slice(start, end);
}

function chunks(items: readonly Value[], size: number): Value {
  if (size < 1) throw new FunctionFault(`a chunk cannot have ${size} elements`);
  const made: Value[] = [];
  for (let at = 0; at < items.length; at += size) made.push(items.slice(at, at + size));
  return typed(made, '[][]interface {}');
}
