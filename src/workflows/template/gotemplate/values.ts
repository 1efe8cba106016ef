/**
 * What templates compute with: JSON values, and functions. A whole JavaScript number is Go's `int`, any other number is
 * `float64`; a float that happens to be whole (`1.0`) is a {@link Float}. Lists are `[]any`, objects `map[string]any`.
 */
export type Value =
  | null
  | boolean
  | string
  | number
  | Float
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

/** `value` as float64: wrapped only where it is whole. */
export function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** Go's kinds, as far as templates can tell them apart. */
export type Kind = 'nil' | 'bool' | 'int' | 'float' | 'string' | 'list' | 'map' | 'function';

export function kindOf(value: Value | undefined): Kind {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'boolean':
      return 'bool';
    case 'function':
      return 'function';
    case 'object':
      if (value === null) return 'nil';
      if (value instanceof Float) return 'float';
      return Array.isArray(value) ? 'list' : 'map';
    default:
      return 'nil';
  }
}

/** Go's name of the value's type, as in its messages and in `%T`. */
export function typeOf(value: Value): string {
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
  // NaN is not zero, so Go takes it for true.
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value | undefined): value is { readonly [key: string]: Value } {
  return kindOf(value) === 'map';
}

/** The number in an int or float64, else undefined. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
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
      return `the int ${String(value)}`;
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
    case 'function':
      return 'a function';
  }
}
