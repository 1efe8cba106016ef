import {
  Float,
  FunctionFault,
  type FunctionMap,
  inWords,
  isInt,
  isList,
  isMap,
  plain,
  stringArgument,
  type TemplateFunction,
  type Value,
} from '../gotemplate/index.ts';

/** Elements of a list that one function makes at most. */
export const LIST_LIMIT = 100_000;

/** Characters of a text that one function makes at most. */
export const TEXT_LIMIT = 1 << 20;

/** A map as templates see it. */
export type Dict = { readonly [key: string]: Value };

/** An argument that Go declares as `string`. @throws FunctionFault */
export function text(value: Value | undefined): string {
  return stringArgument(value, 'the argument');
}

/** An argument that Go declares as `int`, also one that is written `2.0`; a whole number beyond ±2^53 is cut to that. @throws FunctionFault */
export function whole(value: Value | undefined): number {
  if (isInt(value)) return Number(value);
  if (value instanceof Float) return value.value;
  throw new FunctionFault(`the argument must be an int, not ${inWords(value ?? null)}`);
}

/** An argument that must be a list. @throws FunctionFault */
export function list(value: Value | undefined): readonly Value[] {
  if (isList(value)) return value;
  throw new FunctionFault(`the argument must be a list, not ${inWords(value ?? null)}`);
}

/** An argument that must be a map. @throws FunctionFault */
export function dict(value: Value | undefined): Dict {
  if (isMap(value)) return value;
  throw new FunctionFault(`the argument must be a map, not ${inWords(value ?? null)}`);
}

/** Any value as text: a string as it is, all else as a hole would print it. */
export function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : plain(value ?? null);
}

/** A list's elements as texts, without the nils; any other value as a list of one. */
export function textsOf(value: Value | undefined): string[] {
  if (isList(value)) return value.filter((element) => element !== null).map(textOf);
  return value === null || value === undefined ? [] : [textOf(value)];
}

/** @throws FunctionFault when a text of this length is longer than a function may make */
export function checkText(length: number): void {
  if (length > TEXT_LIMIT) throw new FunctionFault(`the text becomes longer than ${TEXT_LIMIT} characters`);
}

/** @throws FunctionFault when a list of this length is longer than a function may make */
export function checkList(length: number): void {
  if (length > LIST_LIMIT) throw new FunctionFault(`the list becomes longer than ${LIST_LIMIT}`);
}

/** The functions, and each of them again as `mustX`: ours tell their errors under either name. */
export function withMust(functions: Readonly<Record<string, TemplateFunction>>): FunctionMap {
  return new Map(
    Object.entries(functions).flatMap(([name, one]): [string, TemplateFunction][] => [
      [name, one],
      [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`, one],
    ]),
  );
}

/** The functions, paid for as what looks at each character of its arguments more than once. */
export function perCharacter(functions: FunctionMap, stepsPerCharacter = 0.1): FunctionMap {
  return new Map([...functions].map(([name, one]) => [name, { ...one, stepsPerCharacter }]));
}
