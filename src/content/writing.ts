/**
 * Objects as people and Digital Rebar write them, with our keys. Only keys of the objects' own shapes are rewritten: what
 * stands in params, meta or a schema is somebody else's. Keys count whatever their case, as for Go's JSON. Pure.
 */

import type { Path } from '../yaml-source.ts';
import { type Section, SHAPES, taskStep, templateEntry } from './objects.ts';

/** A problem, with the keys that lead to it. */
export interface PathProblem {
  path: Path;
  message: string;
  of?: 'key' | 'value';
}

/** An object in our writing. */
export interface Written {
  value: unknown;
  /** Keys that mean something that is not done here, with their paths: `templates[0].Link`. */
  unsupported: Path[];
  problems: PathProblem[];
}

/** What an object has: its keys, and which of them lead to further objects. */
interface Form {
  keys: readonly string[];
  inner: { readonly [key: string]: { of: 'object' | 'list' | 'map'; form: Form } };
}

const ENTRY: Form = { keys: Object.keys(templateEntry.shape), inner: {} };
const STEP: Form = {
  keys: Object.keys(taskStep.shape),
  inner: {
    namespaces: {
      of: 'object',
      form: { keys: Object.keys(taskStep.shape.namespaces.unwrap().shape), inner: {} },
    },
  },
};
const ENTRIES = { templates: { of: 'list', form: ENTRY } } as const;
const OS_SHAPE = SHAPES.bootenvs.shape.os.unwrap();
const OS: Form = {
  keys: Object.keys(OS_SHAPE.shape),
  inner: {
    supportedArchitectures: {
      of: 'map',
      form: {
        keys: Object.keys(OS_SHAPE.shape.supportedArchitectures.unwrap().valueType.shape),
        inner: {},
      },
    },
  },
};
const FORMS: { readonly [S in Section]: Form } = {
  bootenvs: { keys: keysOf('bootenvs'), inner: { ...ENTRIES, os: { of: 'object', form: OS } } },
  params: { keys: keysOf('params'), inner: {} },
  profiles: { keys: keysOf('profiles'), inner: {} },
  stages: { keys: keysOf('stages'), inner: ENTRIES },
  tasks: { keys: keysOf('tasks'), inner: { templates: { of: 'list', form: STEP } } },
  templates: { keys: keysOf('templates'), inner: {} },
  workflows: { keys: keysOf('workflows'), inner: {} },
};

/** Digital Rebar's own bookkeeping, in small letters: it says nothing of what the object is to be. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  ...['validated', 'available', 'errors', 'readonly', 'endpoint', 'bundle', 'partialed', 'partial'],
  ...['createdat', 'createdby', 'lastmodifiedat', 'lastmodifiedby'],
]);
/** What Digital Rebar does with an object, and we do not. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...['extraroles', 'extraclaims', 'roles', 'claims', 'outputparams'],
  ...['link', 'startdelimiter', 'enddelimiter'],
]);

/** Brings an object into our writing. What is no object at all stays as it is. */
export function ourWriting(section: Section, input: unknown): Written {
  const into: Omit<Written, 'value'> = { unsupported: [], problems: [] };
  return { value: rewritten(input, FORMS[section], [], into), ...into };
}

/** Whether a value says nothing: Digital Rebar writes such for all that is not set. */
export function isNothing(value: unknown): boolean {
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === undefined || value === '' || value === false;
}

function rewritten(input: unknown, form: Form, path: Path, into: Omit<Written, 'value'>): unknown {
  if (!isMap(input)) return input;
  const known = new Map(form.keys.map((key) => [key.toLowerCase(), key]));
  const out = new Map<string, unknown>();
  for (const [given, value] of Object.entries(input)) {
    const lower = given.toLowerCase();
    const key = known.get(lower);
    const at = [...path, given];
    if (UNSUPPORTED.has(lower)) {
      if (isNothing(value)) continue;
      into.unsupported.push(at);
    }
    if (key === undefined) {
      if (BOOKKEEPING.has(lower) || UNSUPPORTED.has(lower)) continue;
      const message = `unknown key "${given}"; known are ${form.keys.join(', ')}`;
      into.problems.push({ path: at, message, of: 'key' });
    } else if (out.has(key)) into.problems.push({ path: at, message: `the key "${key}" is given twice`, of: 'key' });
    // Go reads null as if nothing stood there.
    else if (value !== null) out.set(key, inner(key, value, form, [...path, key], into));
  }
  return Object.fromEntries(out);
}

function inner(key: string, value: unknown, form: Form, path: Path, into: Omit<Written, 'value'>): unknown {
  if (key === 'meta') return withTexts(value);
  const next = Object.hasOwn(form.inner, key) ? form.inner[key] : undefined;
  switch (next?.of) {
    case undefined:
      return value;
    case 'object':
      return rewritten(value, next.form, path, into);
    case 'list':
      if (!Array.isArray(value)) return value;
      return value.map((each, index) => rewritten(each, next.form, [...path, index], into));
    case 'map':
      if (!isMap(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, rewritten(each, next.form, [...path, name], into)]),
      );
  }
}

/** YAML reads numbers and truth values where Digital Rebar has texts. */
function withTexts(meta: unknown): unknown {
  if (!isMap(meta)) return meta;
  return Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [
      key,
      typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
    ]),
  );
}

function keysOf(section: Section): string[] {
  return Object.keys(SHAPES[section].shape);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
