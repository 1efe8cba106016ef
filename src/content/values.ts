/** Values of params against the JSON Schemas that the params have. */
import { isIPv4, isIPv6 } from 'node:net';
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { RE2JS } from 're2js';
import { messageOf } from '../errors.ts';
import { nestsTooDeep } from '../json.ts';
import type { Param } from './objects.ts';

/** Problems told of one value. */
const TOLD = 20;

/**
 * Digital Rebar checks patterns as Go does, and Go's take linear time, whatever they are and are matched against: nobody
 * can stop the appliance with one.
 */
const goPatterns = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    // Ajv keeps patterns by what they are as texts: without one of its own, each would be the first.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
  },
  // Only for validators that are written out as programs, which these are not.
  { code: 'goPatterns' },
);

const OPTIONS: Options = {
  // Keywords that it does not know (Digital Rebar's forms have some) are no fault of a schema.
  strict: false,
  allErrors: true,
  logger: false,
  code: { regExp: goPatterns },
  formats: {
    ipv4: isIPv4,
    ipv6: isIPv6,
    uri: (text) => URL.canParse(text),
    email: /^[^\s@]+@[^\s@]+$/,
    hostname:
      /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
    uuid: /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
    'date-time': (text) => /^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text)),
  },
};

let shared: Ajv | undefined;
/** One for all: a new one takes ten times as long as a schema. */
function one(): Ajv {
  shared ??= new Ajv(OPTIONS);
  return shared;
}

type Compiled = { validate: ValidateFunction } | { fault: string };

/** Compiled schemas by their params, which are frozen. */
const compiled = new WeakMap<Param, Compiled>();

/**
 * What is wrong with a value of a param, in words; nothing where the param is not described, or has no schema. One of a
 * secure param must be sealed, and what is in it is not looked at.
 */
export function checkValue(param: Param | undefined, value: unknown): string[] {
  if (param === undefined) return [];
  if (!param.secure) return checkPlainValue(param, value);
  return hasSealedForm(value) ? [] : ['is secure: its value must be sealed before it is sent'];
}

/** The form of sealed values, ours and Digital Rebar's; whether one can be opened here is another matter. */
function hasSealedForm(value: unknown): boolean {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value).map((key) => key.toLowerCase()) : [];
  return ['key', 'nonce', 'payload'].every((key) => keys.includes(key));
}

/** As `checkValue`, of a value that is not sealed, whether the param is secure or not. */
export function checkPlainValue(param: Param, value: unknown): string[] {
  if (param.schema === undefined) return [];
  const schema = schemaOf(param);
  if ('fault' in schema) return [];
  if (nestsTooDeep(value)) return ['has lists and maps too deep in one another'];
  try {
    if (schema.validate(value)) return [];
  } catch (error) {
    // A schema that refers to itself, and to nothing else, is followed until the stack is full.
    return [`cannot be checked against the param's schema: ${messageOf(error)}`];
  }
  return [...new Set((schema.validate.errors ?? []).map(inWords))].slice(0, TOLD);
}

/** Why a param's schema is no JSON Schema; undefined where it is one, or there is none. */
export function checkSchema(param: Param): string | undefined {
  if (param.schema === undefined) return undefined;
  const schema = schemaOf(param);
  return 'fault' in schema ? schema.fault : undefined;
}

/** The value of a param that nobody gives a value. */
export function defaultOf(param: Param | undefined): unknown {
  return isRecord(param?.schema) && Object.hasOwn(param.schema, 'default') ? param.schema.default : undefined;
}

function schemaOf(param: Param): Compiled {
  const known = compiled.get(param);
  if (known) return known;
  const made = compile(param.schema);
  compiled.set(param, made);
  return made;
}

function compile(schema: unknown): Compiled {
  if (typeof schema === 'boolean') return compile(schema ? {} : { not: {} });
  if (!isRecord(schema) || Array.isArray(schema)) return { fault: 'must be a map, or true or false' };
  if (nestsTooDeep(schema)) return { fault: 'has lists and maps too deep in one another' };
  // A schema stands for itself: which draft it names, and what it calls itself, makes no difference.
  const { $schema: _draft, $id: _id, id: _oldId, ...rest } = schema;
  const copy = structuredClone(rest);
  // Schemas that have names within would be known to all that are compiled after them.
  const ajv = JSON.stringify(copy).includes('"$id"') ? new Ajv(OPTIONS) : one();
  try {
    const validate = ajv.compile(copy);
    return '$async' in validate ? { fault: 'is asynchronous ($async)' } : { validate };
  } catch (error) {
    return {
      fault: messageOf(error)
        .replace(/^schema is invalid: /, '')
        .replaceAll('data/', ''),
    };
  } finally {
    ajv.removeSchema(copy);
  }
}

function inWords({ instancePath, keyword, message = 'is wrong', params }: ErrorObject): string {
  const at = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const where = at === '' ? '' : `${at} `;
  switch (keyword) {
    case 'additionalProperties':
      return `${where}must not have ${JSON.stringify(params.additionalProperty)}`;
    case 'required':
      return `${where}must have ${JSON.stringify(params.missingProperty)}`;
    case 'enum':
      return `${where}must be one of ${JSON.stringify(params.allowedValues).slice(1, -1).replaceAll(',', ', ')}`;
    case 'const':
      return `${where}must be ${JSON.stringify(params.allowedValue)}`;
    default:
      return `${where}${message}`;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
