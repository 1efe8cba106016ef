import {
  entryOf,
  Float,
  FunctionFault,
  GoObject,
  isList,
  isMap,
  type Spend,
  typed,
  typeOf,
  type Value,
} from '../gotemplate/index.ts';

/** Lists and maps in one another. */
const DEPTH_LIMIT = 200;

/** @throws FunctionFault when a value is nested deeper than functions follow it */
export function checkDepth(depth: number): void {
  if (depth > DEPTH_LIMIT) throw new FunctionFault(`the value is nested more than ${DEPTH_LIMIT} deep`);
}

/** Go's `reflect.DeepEqual`: the same type and the same contents. */
export function deepEqual(a: Value, b: Value, spend: Spend, depth = 0): boolean {
  spend(1);
  checkDepth(depth);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (typeOf(a) !== typeOf(b)) return false;
  if (a instanceof Float) return b instanceof Float && a.value === b.value;
  if (a instanceof GoObject) return b instanceof GoObject && a.text() === b.text();
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    return a.every((item, index) => deepEqual(item, b[index] ?? null, spend, depth + 1));
  }
  if (!isMap(a) || !isMap(b) || Object.keys(a).length !== Object.keys(b).length) return false;
  return Object.entries(a).every(([key, value]) => {
    const other = entryOf(b, key);
    return other !== undefined && deepEqual(value, other, spend, depth + 1);
  });
}

/** A copy that shares no list and no map with `value`. */
export function deepCopy(value: Value, spend: Spend, depth = 0): Value {
  spend(1);
  checkDepth(depth);
  if (isList(value)) {
    return typed(
      value.map((item) => deepCopy(item, spend, depth + 1)),
      typeOf(value),
    );
  }
  if (!isMap(value)) return value;
  const copy: Record<string, Value> = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = deepCopy(item, spend, depth + 1);
  return typed(copy, typeOf(value));
}

/** Whether `part` is `value` or is somewhere in it. */
export function holds(value: Value, part: Value, spend: Spend, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  spend(1);
  checkDepth(depth);
  if (value === part) return true;
  if (isList(value)) return value.some((item) => holds(item, part, spend, depth + 1));
  return isMap(value) && Object.values(value).some((item) => holds(item, part, spend, depth + 1));
}
