/** One subnet, from whatever somebody gives as one. Pure. */
import type { z } from 'zod';
import { NESTED_MAX, nestsTooDeep } from '../../json.ts';
import { type PathProblem, problemsWithin } from './check.ts';
import { fromDigitalRebar, isDigitalRebars } from './digital-rebar.ts';
import { optionOf } from './option-table.ts';
import { parsed } from './parsed.ts';
import { followingMode, type Subnet, subnetWriting, tidy } from './subnet.ts';

/** A subnet as it was read, or what is wrong with it. */
export type Read = { unsupported: readonly string[] } & (
  | { subnet: Subnet; problems: readonly [] }
  | { subnet: undefined; problems: readonly PathProblem[] }
);

/** What documents call a subnet, as `kind`. */
export const SUBNET_KIND = 'Subnet';

const KEYS = Object.keys(subnetWriting.shape);

/** Reads a subnet in our writing or in Digital Rebar's. `kind: Subnet` may stand in it. */
export function readSubnet(input: unknown): Read {
  if (!isMap(input)) return refused([{ path: [], message: 'is no map of keys' }]);
  if (nestsTooDeep(input))
    return refused([{ path: [], message: `has lists and maps more than ${NESTED_MAX} deep in one another` }]);
  const { kind, ...bare } = input;
  if (kind !== undefined && kind !== SUBNET_KIND)
    return refused([{ path: ['kind'], message: `is ${JSON.stringify(kind)}, and a ${SUBNET_KIND} is wanted` }]);
  if (!isDigitalRebars(bare)) return readOurs(bare);
  const { value, unsupported, problems, keys } = fromDigitalRebar(bare);
  const read = readOurs(value);
  const all = [...problems, ...read.problems.map((each) => underTheirKey(each, keys))];
  return all.length > 0 ? refused(all, unsupported) : { ...read, unsupported };
}

/** Whether a document is a subnet: by its kind, or as Digital Rebar gives its own, which have none. */
export function isSubnet(value: unknown): value is Record<string, unknown> {
  if (!isMap(value) || 'apiVersion' in value) return false;
  return value.kind === SUBNET_KIND || (value.kind === undefined && 'Subnet' in value && 'Name' in value);
}

/**
 * A subnet with some of its fields changed (RFC 7396): null takes one away. Ranges that come or go take the mode with them that
 * follows from them, unless another was chosen.
 */
export function patched({ mode, ...subnet }: Subnet, patch: Record<string, unknown>): Record<string, unknown> {
  const { options: changes, ...fields } = patch;
  const follows = 'ranges' in patch && mode === followingMode(subnet);
  const options = isMap(changes)
    ? { ...subnet.options, ...Object.fromEntries(Object.entries(changes).map(([key, value]) => [usual(key), value])) }
    : changes === undefined
      ? subnet.options
      : changes;
  return {
    ...subnet,
    ...(follows ? {} : { mode }),
    ...fields,
    options: isMap(options) ? withoutNulls(options) : options,
  };
}

function readOurs(input: Record<string, unknown>): Read {
  const told = withoutNulls(input);
  const given = isMap(told.options) ? { ...told, options: withoutNulls(told.options) } : told;
  const read = subnetWriting.safeParse(given);
  if (!read.success) {
    const problems = read.error.issues.flatMap(problemsOf);
    return refused([...problems, ...problemsOfTheRest(given, problems)]);
  }
  const subnet = tidy(read.data);
  const problems = problemsWithin(parsed(subnet));
  return problems.length > 0 ? refused(problems) : { subnet, problems: [], unsupported: [] };
}

/** What is wrong with the fields that are well-formed, where others are not: all is told at once. */
function problemsOfTheRest(given: Record<string, unknown>, problems: readonly PathProblem[]): PathProblem[] {
  const faulty = new Set(problems.map(({ path }) => path[0]));
  const rest = Object.entries(given).filter(([key]) => !faulty.has(key));
  const read = subnetWriting.safeParse({ ...Object.fromEntries(rest), name: 'unnamed' });
  if (!read.success) return [];
  return problemsWithin(parsed(tidy(read.data))).filter(({ path }) => !faulty.has(path[0]));
}

function refused(problems: readonly PathProblem[], unsupported: readonly string[] = []): Read {
  return { subnet: undefined, problems, unsupported };
}

/** A complaint of zod, for people. */
function problemsOf(issue: z.core.$ZodIssue): PathProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? `; known are ${KEYS.join(', ')}` : '';
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key "${key}"${known}` }));
  }
  if (issue.code === 'invalid_type' && /received undefined/.test(issue.message))
    return [{ path, message: 'is missing' }];
  return [{ path, message: issue.message }];
}

function underTheirKey(
  { path: [key = '', ...rest], message }: PathProblem,
  keys: Readonly<Record<string, string>>,
): PathProblem {
  const theirs = keys[String(key)];
  return theirs === undefined ? { path: [key, ...rest], message } : { path: [theirs], message };
}

/** How an option is written here, whatever it was called. */
function usual(key: string): string {
  const option = optionOf(key);
  return typeof option === 'string' ? key : option.key;
}

/** What says null says nothing, as YAML does of an empty value. */
function withoutNulls(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
