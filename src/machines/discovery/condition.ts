/**
 * Conditions of discovery rules, as they are written:
 *
 * - a text, where `*` is any and `?` one character, whatever their case: `Dell*`
 * - a regular expression (RE2) between slashes, somewhere in the text, `/…/i` whatever its case: `/^PowerEdge R[67]/`
 * - a number, with a comparison, with a unit: `4`, `>= 16GiB`, `< 1TB`; TiB, GiB, MiB, KiB are powers of 1024, TB, GB,
 *   MB, KB of 1000, as disks are sold
 * - `true`, `false`
 * - `!` before any of the texts: it is not so, of none of them
 * - a list: one of its conditions holds
 * - fields with a condition each: all of them hold, for the same entry of a list: `{size: '>= 1TB', rotational: false}`
 *
 * Where a path leads to several values, the condition holds for one of them. Pure.
 */
import { RE2JS } from 're2js';
import { type Field, fieldAt, valuesAt } from './fields.ts';

/** Whether a condition holds for the values of its field. */
export type Holds = (values: readonly unknown[]) => boolean;
/** Something wrong in a condition: where below it, and what. */
export interface Fault {
  path: (string | number)[];
  message: string;
}

const TEXT_MAX = 512;
const ENTRIES_MAX = 100;
const DEPTH_MAX = 4;

/** A condition read; `faults` has all that is wrong with it. */
export type Read = { holds: Holds } | { faults: Fault[] };

/** Reads a condition on a field. Never throws. */
export function readCondition(written: unknown, field: Field, depth = 0): Read {
  if (depth > DEPTH_MAX) return fault(`is nested more than ${DEPTH_MAX} deep`);
  if (Array.isArray(written)) return readAlternatives(written, field, depth);
  if (written !== null && typeof written === 'object') {
    return field.kind === 'fields' ? readFields(written, field, depth) : fault(`is a ${field.kind} and has no fields`);
  }
  if (field.kind === 'fields') {
    if (written === '*') return { holds: (values) => values.length > 0 };
    if (written === '!*') return { holds: (values) => values.length === 0 };
    const known = Object.keys(field.schema.shape).join(', ');
    return fault(`has fields: give conditions on them (${known}), or "*" for any and "!*" for none`);
  }
  if (typeof written === 'string') return readText(written.trim(), field.kind);
  if (typeof written !== 'number' && typeof written !== 'boolean')
    return fault('is no condition; give a text, a number, true, false, a list or fields');
  if (field.kind === 'text' && typeof written === 'number') return readText(String(written), 'text');
  if (typeof written !== field.kind) return fault(`is a ${field.kind}, and the condition a ${typeof written}`);
  return { holds: (values) => values.includes(written) };
}

function fault(message: string): { faults: Fault[] } {
  return { faults: [{ path: [], message }] };
}

function readAlternatives(written: unknown[], field: Field, depth: number): Read {
  if (written.length === 0) return fault('is an empty list, so that it never holds');
  if (written.length > ENTRIES_MAX) return fault(`has more than ${ENTRIES_MAX} entries`);
  const { holds, faults } = gather(written.entries(), (each) => readCondition(each, field, depth + 1));
  return faults.length > 0 ? { faults } : { holds: (values) => holds.some((one) => one(values)) };
}

/** Conditions on fields by their paths: for one thing, all hold. */
export function readFields(written: object, field: Field, depth = 0): Read {
  const entries = Object.entries(written);
  if (entries.length > ENTRIES_MAX) return fault(`has more than ${ENTRIES_MAX} entries`);
  const { holds, faults } = gather(entries, (each, path): Read => {
    const at = fieldAt(path, field);
    if ('problem' in at) return fault(at.problem);
    const read = readCondition(each, at, depth + 1);
    return 'faults' in read ? read : { holds: ([thing]) => read.holds(valuesAt(path, thing)) };
  });
  if (faults.length > 0) return { faults };
  return { holds: (values) => values.some((value) => holds.every((one) => one([value]))) };
}

/** Each read, and the faults of all. */
function gather<Key extends string | number>(
  entries: Iterable<[Key, unknown]>,
  read: (written: unknown, key: Key) => Read,
): { holds: Holds[]; faults: Fault[] } {
  const holds: Holds[] = [];
  const faults: Fault[] = [];
  for (const [key, each] of entries) {
    const one = read(each, key);
    if ('holds' in one) holds.push(one.holds);
    else faults.push(...one.faults.map(({ path, message }) => ({ path: [key, ...path], message })));
  }
  return { holds, faults };
}

function readText(text: string, kind: 'text' | 'number' | 'boolean'): Read {
  if (text === '') return fault('is empty; "!*" means that there is none');
  if (text.length > TEXT_MAX) return fault(`is longer than ${TEXT_MAX} characters`);
  if (text.startsWith('!')) {
    const read = readText(text.slice(1).trim(), kind);
    return 'faults' in read ? read : { holds: (values) => !read.holds(values) };
  }
  if (text === '*') return { holds: (values) => values.length > 0 };
  switch (kind) {
    case 'number':
      return readNumber(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') return fault(`is true or false, and not ${text}`);
      return { holds: (values) => values.includes(text === 'true') };
    case 'text':
      return readPattern(text);
  }
}

/** All patterns are RE2's, whose time is linear in the text: the texts are what unknown machines sent. */
function readPattern(text: string): Read {
  if (/^[<>=]/.test(text)) return fault(`compares, and the field is a text, not a number: ${text}`);
  if (!text.startsWith('/')) return matching(globPattern(text), RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
  const [, pattern, flag] = /^\/(.*)\/(i?)$/s.exec(text) ?? [];
  if (pattern === undefined) return fault(`begins with / and does not end with / or /i: ${text}`);
  return matching(pattern, flag === 'i' ? RE2JS.CASE_INSENSITIVE : 0);
}

function globPattern(glob: string): string {
  const escaped = glob.replace(/[\\.+()|[\]{}^$]/g, '\\$&');
  return `^(?:${escaped.replaceAll('*', '.*').replaceAll('?', '.')})$`;
}

function matching(pattern: string, flags: number): Read {
  try {
    const compiled = RE2JS.compile(pattern, flags);
    return { holds: (values) => values.some((value) => compiled.matcher(String(value)).find()) };
  } catch (error) {
    return fault(`is no regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '=': (a, b) => a === b,
};
const PREFIXES = 'KMGTP';
const NUMBER = /^(>=|<=|>|<|=|) *(\d{1,16}(?:\.\d{1,16})?) *(?:([kmgtp])(i?)b)?$/i;

function readNumber(text: string): Read {
  const match = NUMBER.exec(text);
  if (match === null)
    return fault(`is no comparison with a number: ${text}; write >= 4, or with a unit such as >= 16GiB or < 1TB`);
  const [, comparison, digits, prefix = '', binary] = match;
  const power = prefix === '' ? 0 : PREFIXES.indexOf(prefix.toUpperCase()) + 1;
  // 0.7 * 1000 ** 4 is not whole in binary; sizes are.
  const product = Number(digits) * (binary ? 1024 : 1000) ** power;
  const wanted = power === 0 ? product : Math.round(product);
  if (wanted > Number.MAX_SAFE_INTEGER) return fault(`is more than 2^53: ${text}`);
  const compare = COMPARISONS[comparison || '='];
  return { holds: (values) => values.some((value) => typeof value === 'number' && compare?.(value, wanted) === true) };
}
