import { didYouMean } from '../nearest.ts';
import type { TemplateFunction } from './functions.ts';
import { type GoObject, inWords, isMap, keysOf, kindOf, typeOf, type Value } from './values.ts';

/** Keys that a "no such key" message lists at most. */
const LISTED_KEYS = 20;

/** How many arguments a function that was given `count` takes instead. */
export function wantedArguments({ min, max }: TemplateFunction, count: number): string {
  const bound = count < min ? min : max;
  const exactly = min === max ? '' : count < min ? 'at least ' : 'at most ';
  return `${exactly}${bound} argument${bound === 1 ? '' : 's'}`;
}

/** That `key` is missing in `map`, what is there, and what was perhaps meant. */
export function noEntry(key: string, map: Value): string {
  if (!isMap(map)) return `no value for "${key}" (there is ${kindOf(map) === 'nil' ? 'no data' : typeOf(map)})`;
  const keys = keysOf(map);
  const shown = keys.slice(0, LISTED_KEYS).join(', ');
  const rest = keys.length > LISTED_KEYS ? ` and ${keys.length - LISTED_KEYS} more` : '';
  const there = keys.length === 0 ? '; there are no keys' : `; there are: ${shown}${rest}`;
  return `no value for "${key}"${didYouMean(key, keys)}${there}`;
}

/** That an object has no `name`, and what was perhaps meant. */
export function noMethod(name: string, object: GoObject): string {
  return `${inWords(object)} has no field or method "${name}"${didYouMean(name, object.names())}`;
}
