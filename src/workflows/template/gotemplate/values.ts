import type { TemplateFunction } from './functions.ts';

/**
 * What templates compute with: JSON values, and functions. A whole JavaScript number is Go's `int`, any other number is
 * `float64`; a float that happens to be whole (`1.0`) is a {@link Float}. A bigint is Go's `int64`. Lists are `[]any`,
 * objects `map[string]any`, where {@link typed} says nothing else.
 */
export type Value =
  | null
  | boolean
  | string
  | number
  | bigint
  | Float
  | GoObject
  | readonly Value[]
  | Callable
  | { readonly [key: string]: Value };

/** A function found in the data, for `call`. */
export type Callable = (...args: Value[]) => Value;

/** A float64 whose value is whole, which a plain number could not tell from an int. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A value of one of Go's own types, such as a time: templates see its text and its methods. */
export abstract class GoObject {
  /** Go's name of the type. */
  abstract readonly type: string;
  /** Go's kind of the type, such as `struct`. */
  abstract readonly kind: string;

  /** What `%v` writes. */
  abstract text(): string;

  /** The string that JSON has for it. */
  json(): string {
    return this.text();
  }

  /** The method of that name, for `.Name` and `.Name argument`. */
  abstract method(name: string): TemplateFunction | undefined;

  /** Names of its methods, of which messages say the one that was perhaps meant. */
  names(): Iterable<string> {
    return [];
  }
}

/** Go's types of lists and maps that are not of `interface {}`. */
const GO_TYPES = new WeakMap<object, string>();

/** Notes that `value` has the Go type `type`, such as `[]string`; it is otherwise the list or map that it is. */
export function typed<T extends readonly Value[] | { readonly [key: string]: Value }>(value: T, type: string): T {
  GO_TYPES.set(value, type);
  return value;
}

/** `value` as float64: wrapped only where it is whole. */
export function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** Go's kinds, as far as templates can tell them apart. */
export type Kind = 'nil' | 'bool' | 'int' | 'float' | 'string' | 'list' | 'map' | 'object' | 'function';

export function kindOf(value: Value | undefined): Kind {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'bigint':
      return 'int';
    case 'boolean':
      return 'bool';
    case 'function':
      return 'function';
    case 'object':
      if (value === null) return 'nil';
      if (value instanceof Float) return 'float';
      if (value instanceof GoObject) return 'object';
      return Array.isArray(value) ? 'list' : 'map';
    default:
      return 'nil';
  }
}

/** Go's name of the value's type, as in its messages and in `%T`. */
export function typeOf(value: Value): string {
  if (typeof value === 'bigint') return 'int64';
  if (value instanceof GoObject) return value.type;
  if (typeof value === 'object' && value !== null) {
    const type = GO_TYPES.get(value);
    if (type !== undefined) return type;
  }
  switch (kindOf(value)) {
    case 'nil':
      return '<nil>';
    case 'int':
      return 'int';
    case 'float':
      return 'float64';
    case 'list':
      return '[]interface {}';
    case 'map':
      return 'map[string]interface {}';
    case 'function':
    case 'object':
      return 'func';
    case 'bool':
      return 'bool';
    case 'string':
      return 'string';
  }
}

/** Go's truth: false, 0, nil and the empty string, list and map are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) {
    for (const key in value) if (Object.hasOwn(value, key)) return true;
    return false;
  }
  if (value instanceof Float) return value.value !== 0;
  if (typeof value === 'bigint') return value !== 0n;
  // NaN is not zero, so Go takes it for true.
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value | undefined): value is { readonly [key: string]: Value } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float) &&
    !(value instanceof GoObject)
  );
}

/** Whether the value is one of Go's integers: a whole number, or a bigint. */
export function isInt(value: Value | undefined): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

/** A bigint as the int that it is, a number where that is exact. */
export function int(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** The number in an int or float64, else undefined. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** Own entry of a map; undefined when there is none (a key of the prototype is none). */
export function entryOf(map: { readonly [key: string]: Value }, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : undefined;
}

/** The map's keys in Go's printing and ranging order. */
export function keysOf(map: { readonly [key: string]: Value }): string[] {
  return Object.keys(map).sort();
}

/** The type in words for error messages. */
export function inWords(value: Value): string {
  switch (kindOf(value)) {
    case 'nil':
      return 'nothing (nil)';
    case 'int':
      return `the ${typeOf(value)} ${String(value)}`;
    case 'float':
      return 'a float';
    case 'bool':
      return `the bool ${String(value)}`;
    case 'string':
      return 'a string';
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    case 'object':
      return `a ${typeOf(value)}`;
    case 'function':
      return 'a function';
  }
}
