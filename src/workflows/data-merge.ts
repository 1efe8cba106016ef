/** Two writers' changes to one JSON object, brought together. Pure. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** TypeScript does not know them yet (ECMAScript's JSON.parse source text access). */
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): Json;
  isRawJSON(value: unknown): boolean;
};

/** Numbers that a double may not hold, among them the ids of 64 bits that disks and cards have. */
const LONG_NUMBER = /\d{16}|\d[eE]/;

/** JSON text as values, in which a number that a double cannot hold is kept as it is written. @throws SyntaxError */
export function parseExactly(text: string): Json {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, (_key: string, value: Json, context?: { source?: string }): Json => {
    const { source } = context ?? {};
    return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  }) as Json;
}

export type Merge =
  | { kind: 'merged'; value: JsonObject }
  /** Both changed the value at this path (keys from the top), and not to the same. */
  | { kind: 'conflict'; path: string[] };

/**
 * Brings together what two writers made of one version: each key that only one of them changed, added or removed is as
 * that one left it; objects are merged key by key; two lists, which have no keys, only where one is what it was.
 */
export function mergeObjects(base: JsonObject, theirs: JsonObject, ours: JsonObject): Merge {
  const value: JsonObject = Object.create(null);
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const [before, other, own] = [valueAt(base, key), valueAt(theirs, key), valueAt(ours, key)];
    if (same(other, own) || same(before, own)) {
      if (other !== undefined) value[key] = other;
    } else if (same(before, other)) {
      if (own !== undefined) value[key] = own;
    } else if (isObject(other) && isObject(own)) {
      const inner = mergeObjects(isObject(before) ? before : {}, other, own);
      if (inner.kind === 'conflict') return { kind: 'conflict', path: [key, ...inner.path] };
      value[key] = inner.value;
    } else return { kind: 'conflict', path: [key] };
  }
  return { kind: 'merged', value };
}

function valueAt(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isRawJSON(a) || isRawJSON(b)) return JSON.stringify(a) === JSON.stringify(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => same(each, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}
