import {
  Float,
  FunctionFault,
  type FunctionMap,
  fixed,
  float,
  GoObject,
  isList,
  isMap,
  keysOf,
  type Spend,
  type Value,
} from '../gotemplate/index.ts';
import { checkText, text, withMust } from './arguments.ts';
import { checkDepth } from './deep.ts';

/** JSON as Go's `encoding/json` writes and reads it. What is no JSON is nil for `fromJson`, an error for `mustFromJson`. */
export const JSON_FUNCTIONS: FunctionMap = new Map([
  ...withMust({
    toJson: fixed(1, ([value = null], spend) => new Writer('', true, spend).text(value)),
    toPrettyJson: fixed(1, ([value = null], spend) => new Writer('  ', true, spend).text(value)),
    toRawJson: fixed(1, ([value = null], spend) => new Writer('', false, spend).text(value)),
  }),
  ['fromJson', { min: 1, max: 1, call: ([source]) => nilWhereNone(text(source)), stepsPerCharacter: 0.1 }],
  ['mustFromJson', { min: 1, max: 1, call: ([source]) => read(text(source)), stepsPerCharacter: 0.1 }],
]);

function nilWhereNone(source: string): Value {
  try {
    return read(source);
  } catch (error) {
    if (error instanceof FunctionFault) return null;
    throw error;
  }
}

/** Writes one value: keys in order, `<`, `>` and `&` escaped where asked for. */
class Writer {
  readonly #step: string;
  readonly #escapes: boolean;
  readonly #spend: Spend;
  #length = 0;

  constructor(step: string, escapes: boolean, spend: Spend) {
    this.#step = step;
    this.#escapes = escapes;
    this.#spend = spend;
  }

  text(value: Value, margin = '', depth = 0): string {
    checkDepth(depth);
    this.#spend(1);
    if (isList(value)) {
      return this.#block('[', ']', value.length, margin, (inner, index) =>
        this.text(value[index] ?? null, inner, depth + 1),
      );
    }
    if (isMap(value)) {
      const keys = keysOf(value);
      return this.#block('{', '}', keys.length, margin, (inner, index) => {
        const key = keys[index] ?? '';
        const colon = this.#step === '' ? ':' : ': ';
        return this.#string(key) + colon + this.text(value[key] ?? null, inner, depth + 1);
      });
    }
    if (typeof value === 'string') return this.#string(value);
    if (value instanceof GoObject) return this.#string(value.json());
    return scalar(value);
  }

  #block(open: string, close: string, count: number, margin: string, item: (inner: string, index: number) => string) {
    if (count === 0) return open + close;
    const inner = margin + this.#step;
    const [before, after] = this.#step === '' ? ['', ''] : [`\n${inner}`, `\n${margin}`];
    let written = '';
    for (let index = 0; index < count; index++) written += (index > 0 ? ',' : '') + before + item(inner, index);
    this.#count(written.length);
    return open + written + after + close;
  }

  #string(value: string): string {
    const quoted = JSON.stringify(value.toWellFormed()).replaceAll(
      /\\[bf]|[\u2028\u2029]/g,
      (symbol) => ESCAPES[symbol] ?? symbol,
    );
    const escaped = this.#escapes ? quoted.replaceAll(/[<>&]/g, (symbol) => ESCAPES[symbol] ?? symbol) : quoted;
    this.#count(escaped.length);
    return escaped;
  }

  #count(length: number): void {
    this.#length += length;
    // Each level counts what is in it again, so this is no more than a bound.
    checkText(this.#length >> 4);
    checkText(length);
  }
}

/** Where Go writes another escape than JavaScript. */
const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
  '\\b': '\\u0008',
  '\\f': '\\u000c',
};

function scalar(value: Value): string {
  if (typeof value === 'function') throw new FunctionFault('a function cannot be written as JSON');
  const number = value instanceof Float ? value.value : value;
  if (typeof number !== 'number') return String(number);
  if (!Number.isFinite(number)) throw new FunctionFault(`${number} cannot be written as JSON`);
  const size = Math.abs(number);
  if (Object.is(number, -0)) return '-0';
  if (size === 0 || (size >= 1e-6 && size < 1e21)) return String(number);
  // Go leaves the zero out of e-07, but not of e+21 and longer ones.
  return number.toExponential();
}

/** Numbers become float64, as in Go. */
function read(source: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new FunctionFault(`the text is no JSON: ${error instanceof Error ? error.message : ''}`);
  }
  return floats(value, 0);
}

function floats(value: unknown, depth: number): Value {
  checkDepth(depth);
  if (typeof value === 'number') return float(value);
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value !== 'object' || value === null) {
    return typeof value === 'string' || typeof value === 'boolean' ? value : null;
  }
  if (Array.isArray(value)) return value.map((item) => floats(item, depth + 1));
  const made: Record<string, Value> = Object.create(null);
  for (const [key, item] of Object.entries(value)) made[key] = floats(item, depth + 1);
  return made;
}
