/** One object, from whatever somebody gives as one. Pure. */
import type { z } from 'zod';
import { NESTED_MAX, nestsTooDeep } from '../json.ts';
import type { Path } from '../yaml-source.ts';
import { type Objects, type Section, SHAPES } from './objects.ts';
import { ourWriting, type PathProblem } from './writing.ts';

/** An object as it was read, or what is wrong with it. */
export type Read<S extends Section = Section> = { unsupported: Path[] } & (
  | { object: Objects[S]; problems: [] }
  | { object: undefined; problems: PathProblem[] }
);

/** Reads an object of a section, in Digital Rebar's writing or ours. It is frozen. */
export function readObject<S extends Section>(section: S, input: unknown): Read<S> {
  if (nestsTooDeep(input)) {
    const message = `has lists and maps more than ${NESTED_MAX} deep in one another`;
    return { object: undefined, unsupported: [], problems: [{ path: [], message }] };
  }
  const { value, unsupported, problems } = ourWriting(section, input);
  problems.push(...withoutJson(value, []));
  // The shape of a section gives its objects.
  const shape: z.ZodType = SHAPES[section];
  const parsed = shape.safeParse(value);
  if (!parsed.success) problems.push(...parsed.error.issues.map(problemOf));
  if (!parsed.success || problems.length > 0) return { object: undefined, unsupported, problems };
  // As it will be read from the store: without what is undefined, and nothing shared with the input.
  const object = frozen(JSON.parse(JSON.stringify(parsed.data))) as Objects[S];
  return { object, unsupported, problems: [] };
}

/** Freezes a value and all that is in it. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

/** A complaint of zod, for people. */
export function problemOf(issue: z.core.$ZodIssue): PathProblem {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'invalid_type' && /received undefined/.test(issue.message)) return { path, message: 'is missing' };
  // Of several possible forms the last is the usual one.
  const ofUnion = issue.code === 'invalid_union' ? issue.errors.at(-1)?.[0]?.message : undefined;
  return { path, message: ofUnion ?? issue.message };
}

/** YAML has numbers that JSON has no writing for. */
function withoutJson(value: unknown, path: Path): PathProblem[] {
  if (typeof value === 'number' && !Number.isFinite(value)) return [{ path, message: `cannot be ${value}` }];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [...entries].flatMap(([key, each]) => withoutJson(each, [...path, key]));
}
