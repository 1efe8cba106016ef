import { FunctionFault } from './faults.ts';
import { sprint, sprintf, sprintln } from './format.ts';
import { entryOf, inWords, isInt, isList, isMap, isTrue, kindOf, numberOf, typeOf, type Value } from './values.ts';
import { isPrintable } from './verbs.ts';

/** A function that templates may call. */
export interface TemplateFunction {
  /** Fewest arguments. */
  readonly min: number;
  /** Most arguments; Infinity where any number is taken. */
  readonly max: number;
  /**
   * Result for the arguments, their number checked. `spend` pays for work beyond a look at arguments and result.
   *
   * @throws FunctionFault
   */
  readonly call: (args: readonly Value[], spend: Spend) => Value;
  /** What the function costs for each character of its text arguments, where that is more than a glance. */
  readonly stepsPerCharacter?: number;
  /** The function changes a map that it is given. */
  readonly mutates?: true;
  /** The function is known and may not be called; this says why, after its name. */
  readonly refused?: string;
}

/** Pays for so many steps of work. @throws TemplateFault when they are more than the rendering may take */
export type Spend = (steps: number) => void;

/** Functions by the name that templates call them by. */
export type FunctionMap = ReadonlyMap<string, TemplateFunction>;

/** A function of a fixed number of arguments. */
export function fixed(count: number, call: TemplateFunction['call']): TemplateFunction {
  return { min: count, max: count, call };
}

/** A function of `min` arguments or more. */
export function variadic(min: number, call: TemplateFunction['call']): TemplateFunction {
  return { min, max: Number.POSITIVE_INFINITY, call };
}

/** The argument as a string. @throws FunctionFault when it is none */
export function stringArgument(value: Value | undefined, what: string): string {
  if (typeof value !== 'string') throw new FunctionFault(`${what} must be a string, not ${inWords(value ?? null)}`);
  return value;
}

/**
 * Go's own functions. `and` and `or` are here for their names and numbers of arguments only: the evaluator does them,
 * because they leave arguments unevaluated.
 */
export const GO_FUNCTIONS: FunctionMap = new Map<string, TemplateFunction>([
  ['and', variadic(1, (args) => args.find((value) => !isTrue(value)) ?? args.at(-1) ?? null)],
  ['or', variadic(1, (args) => args.find((value) => isTrue(value)) ?? args.at(-1) ?? null)],
  ['not', fixed(1, ([value = null]) => !isTrue(value))],
  ['eq', variadic(1, equalsAny)],
  ['ne', fixed(2, (args) => !equalsAny(args))],
  ['lt', fixed(2, ([a = null, b = null]) => less(a, b))],
  ['le', fixed(2, ([a = null, b = null]) => less(a, b) || equal(a, b))],
  ['gt', fixed(2, ([a = null, b = null]) => !(less(a, b) || equal(a, b)))],
  ['ge', fixed(2, ([a = null, b = null]) => !less(a, b))],
  ['index', variadic(1, ([item = null, ...indexes]) => indexes.reduce(indexOne, nonNil(item, 'index')))],
  ['slice', { min: 1, max: 4, call: ([item = null, ...bounds]) => slice(nonNil(item, 'slice'), bounds) }],
  ['len', fixed(1, ([value = null]) => length(value))],
  ['print', variadic(0, sprint)],
  ['println', variadic(0, sprintln)],
  ['printf', variadic(1, ([format, ...values]) => sprintf(stringArgument(format, 'the format'), values))],
  ['html', variadic(0, (args) => escapeHtml(textOf(args)))],
  ['js', variadic(0, (args) => escapeJavaScript(textOf(args)))],
  ['urlquery', variadic(0, (args) => escapeQuery(textOf(args)))],
  ['call', variadic(1, callValue)],
]);

function equalsAny([first = null, ...others]: readonly Value[]): boolean {
  if (others.length === 0) throw new FunctionFault('nothing to compare with');
  return others.some((other) => equal(first, other));
}

function equal(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind === 'nil' || other === 'nil') return kind === other;
  if (kind !== other) throw new FunctionFault(`cannot compare ${inWords(a)} with ${inWords(b)}`);
  if (kind === 'float') return numberOf(a) === numberOf(b);
  if (kind === 'list' || kind === 'map' || kind === 'function' || kind === 'object') {
    throw new FunctionFault(`cannot compare values of type ${inWords(a)}`);
  }
  return typeof a === typeof b ? a === b : isInt(a) && isInt(b) && BigInt(a) === BigInt(b);
}

function less(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  if (kind !== 'int' && kind !== 'float' && kind !== 'string') {
    throw new FunctionFault(`${inWords(a)} has no order`);
  }
  if (kind !== kindOf(b)) throw new FunctionFault(`cannot compare ${inWords(a)} with ${inWords(b)}`);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  if (isInt(a) && isInt(b)) return a < b;
  return (numberOf(a) ?? 0) < (numberOf(b) ?? 0);
}

function nonNil(value: Value, what: string): Value {
  if (value === null) throw new FunctionFault(`${what} of nothing (nil)`);
  return value;
}

function indexOne(item: Value, index: Value): Value {
  if (isMap(item)) {
    if (typeof index !== 'string') throw new FunctionFault(`a map's key must be a string, not ${inWords(index)}`);
    return entryOf(item, index) ?? null;
  }
  if (isList(item)) {
    const at = position(index, item.length);
    if (at >= item.length) throw new FunctionFault(`index out of range: ${at} (the list has ${item.length})`);
    return item[at] ?? null;
  }
  if (typeof item === 'string') {
    const bytes = Buffer.from(item);
    const byte = bytes[position(index, bytes.length)];
    if (byte === undefined) throw new FunctionFault(`index out of range: ${bytes.length}`);
    return byte;
  }
  throw new FunctionFault(item === null ? 'index of nothing (nil)' : `cannot index ${inWords(item)}`);
}

/** An index from 0 to `limit`. */
function position(index: Value, limit: number): number {
  if (!isInt(index)) throw new FunctionFault(`an index must be an int, not ${inWords(index)}`);
  if (index < 0 || index > limit) throw new FunctionFault(`index out of range: ${index} (of ${limit})`);
  return Number(index);
}

function slice(item: Value, bounds: readonly Value[]): Value {
  if (typeof item !== 'string' && !isList(item)) throw new FunctionFault(`cannot slice ${inWords(item)}`);
  if (typeof item === 'string' && bounds.length === 3) throw new FunctionFault('cannot 3-index slice a string');
  const source = typeof item === 'string' ? Buffer.from(item) : item;
  const [from = 0, to = source.length, most = source.length] = bounds.map((bound) => position(bound, source.length));
  if (from > to) throw new FunctionFault(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw new FunctionFault(`invalid slice index: ${to} > ${most}`);
  return Buffer.isBuffer(source) ? source.subarray(from, to).toString() : source.slice(from, to);
}

function length(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new FunctionFault(`${value === null ? 'nothing (nil)' : inWords(value)} has no length`);
}

function callValue([callee = null, ...args]: readonly Value[]): Value {
  if (typeof callee !== 'function') throw new FunctionFault(`call of a value that is no function: ${typeOf(callee)}`);
  return callee(...args);
}

/** The arguments of an escaping function as one text, as a hole would print them. */
function textOf(args: readonly Value[]): string {
  return args.length === 1 && args[0] === null ? '<no value>' : sprint(args.map((value) => value ?? '<no value>'));
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/["'&<>\0]/g, (symbol) => HTML[symbol] ?? symbol);
}

function escapeJavaScript(text: string): string {
  let escaped = '';
  for (const symbol of text) {
    const code = symbol.codePointAt(0) ?? 0;
    if (symbol === '\\' || symbol === "'" || symbol === '"') escaped += `\\${symbol}`;
    else if (code < 0x20 || '<>&='.includes(symbol) || (code > 0x7e && !isPrintable(symbol))) {
      escaped += `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
    } else escaped += symbol;
  }
  return escaped;
}

/** Go's `url.QueryEscape`: unreserved characters stay, space is `+`. */
function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+');
  return escaped.replaceAll(/[!'()*]/g, (symbol) => `%${symbol.charCodeAt(0).toString(16).toUpperCase()}`);
}
