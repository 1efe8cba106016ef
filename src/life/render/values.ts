/** Values of params as templates see them. */
import {
  FunctionFault,
  type FunctionMap,
  type Spend,
  type TemplateFunction,
  type Value,
} from '../../workflows/template/gotemplate/index.ts';
import { TEMPLATE_FUNCTIONS } from '../../workflows/template/tinkerbell-functions.ts';

/** Functions that Tinkerbell has added to Go's and sprig's; Digital Rebar has none of these. */
const TINKERBELL = new Set(['formatPartition', 'netmaskToPrefixLength', 'toYaml', 'fromYaml']);

/** What templates may call: Go's functions, and the hermetic part of sprig. */
export const FUNCTIONS: FunctionMap = new Map([...TEMPLATE_FUNCTIONS].filter(([name]) => !TINKERBELL.has(name)));

/** Lists and maps in one another. */
const DEPTH_LIMIT = 200;

/**
 * A copy of a JSON value: templates may change the maps that they are given. Whole numbers are ints.
 * @throws FunctionFault for a value that is nested too deep
 */
export function copied(value: unknown, spend: Spend, depth = 0): Value {
  spend(1);
  if (depth > DEPTH_LIMIT) throw new FunctionFault(`the value is nested more than ${DEPTH_LIMIT} deep`);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object': {
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item) => copied(item, spend, depth + 1));
      const copy: Record<string, Value> = Object.create(null);
      for (const [key, item] of Object.entries(value)) {
        if (item !== undefined) copy[key] = copied(item, spend, depth + 1);
      }
      return copy;
    }
    default:
      return null;
  }
}

/** JSON on one line, with a newline after it, as Go's encoder writes it. */
export function asJson(value: Value, spend: Spend): string {
  return `${String(called('toJson').call([value], spend))}\n`;
}

/** YAML, with a newline after it. */
export function asYaml(value: Value, spend: Spend): string {
  return `${String(called('toYaml').call([value], spend))}\n`;
}

/** `255.255.255.0` to 24. @throws FunctionFault */
export function prefixLength(netmask: Value, spend: Spend): number {
  return Number(called('netmaskToPrefixLength').call([netmask], spend));
}

/** A part of a URL. @throws FunctionFault for what is no URL, or a part that is none of these */
export function urlPart(segment: string, url: string, spend: Spend): string {
  const parts = called('urlParse').call([url], spend) as { readonly [key: string]: Value };
  switch (segment) {
    case 'scheme':
    case 'host':
    case 'path':
      return String(parts[segment] ?? '');
    default:
      throw new FunctionFault(`a URL's parts are "scheme", "host" and "path", not "${segment}"`);
  }
}

function called(name: string): TemplateFunction {
  const found = TEMPLATE_FUNCTIONS.get(name);
  if (found === undefined) throw new Error(`The template engine has no function ${name}.`);
  return found;
}
