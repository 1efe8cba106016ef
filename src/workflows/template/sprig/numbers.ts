import {
  FunctionFault,
  type FunctionMap,
  fixed,
  int,
  isInt,
  isList,
  numberOf,
  sprint,
  type TemplateFunction,
  typed,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { checkList, text, whole } from './arguments.ts';

/** Whole numbers. Arithmetic is on int64, and wraps around as in Go. */
export const NUMBERS: FunctionMap = new Map<string, TemplateFunction>([
  ['int', fixed(1, ([value]) => int(toInt(value)))],
  ['int64', fixed(1, ([value]) => toInt(value))],
  ['atoi', fixed(1, ([value]) => int(atoi(text(value))))],
  ['toDecimal', fixed(1, ([value = null]) => octal(sprint([value])))],
  ['add', variadic(0, (values) => wrap(values.reduce<bigint>((sum, value) => sum + toInt(value), 0n)))],
  ['add1', fixed(1, ([value]) => wrap(toInt(value) + 1n))],
  ['sub', fixed(2, ([a, b]) => wrap(toInt(a) - toInt(b)))],
  ['mul', variadic(1, (values) => values.reduce<bigint>((product, value) => wrap(product * toInt(value)), 1n))],
  ['div', fixed(2, ([a, b]) => wrap(toInt(a) / divisor(b)))],
  ['mod', fixed(2, ([a, b]) => toInt(a) % divisor(b))],
  ['max', variadic(1, (values) => values.map(toInt).reduce((a, b) => (b > a ? b : a)))],
  ['biggest', variadic(1, (values) => values.map(toInt).reduce((a, b) => (b > a ? b : a)))],
  ['min', variadic(1, (values) => values.map(toInt).reduce((a, b) => (b < a ? b : a)))],
  ['until', fixed(1, ([count]) => typed(until(whole(count)), '[]int'))],
  ['untilStep', fixed(3, ([start, stop, step]) => typed(steps(whole(start), whole(stop), whole(step)), '[]int'))],
  ['seq', variadic(0, (values) => sequence(values.map(whole)).join(' '))],
]);

function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function divisor(value: Value | undefined): bigint {
  const number = toInt(value);
  if (number === 0n) throw new FunctionFault('division by zero');
  return number;
}

/** Any value as int64: floats are cut, texts read as Go reads literals, and what is no number is 0. */
export function toInt(value: Value | undefined): bigint {
  if (isInt(value)) return BigInt(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') return parseInteger(value.replace(/\.0*$/, (zeros) => (zeros === '.' ? '.' : '')));
  const number = numberOf(value ?? null);
  return number === undefined || !Number.isFinite(number) ? 0n : wrap(BigInt(Math.trunc(number)));
}

/** Go's `strconv.ParseInt(s, 0, 64)`, or 0. */
function parseInteger(source: string): bigint {
  const match = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/.exec(source);
  if (match === null || source.length > 100 || /__|_$|^[+-]?_/.test(source)) return 0n;
  const digits = (match[2] ?? '').replaceAll('_', '').replace(/^0(?=[0-7])/, '0o');
  const value = match[1] === '-' ? -BigInt(digits) : BigInt(digits);
  return wrap(value) === value ? value : 0n;
}

/** Go's `strconv.Atoi`, or 0; of a number that is too large the largest. */
function atoi(source: string): bigint {
  if (!/^[+-]?[0-9]+$/.test(source)) return 0n;
  const value = BigInt(source.replace(/^\+/, '').slice(0, 400));
  return value > MAX ? MAX : value < -MAX - 1n ? -MAX - 1n : value;
}

const MAX = 2n ** 63n - 1n;

function octal(source: string): bigint {
  if (!/^[+-]?[0-7]{1,30}$/.test(source)) return 0n;
  const digits = BigInt(`0o${source.replace(/^[+-]/, '')}`);
  const value = source.startsWith('-') ? -digits : digits;
  return wrap(value) === value ? value : 0n;
}

function until(count: number): number[] {
  return steps(0, count, count < 0 ? -1 : 1);
}

/** From `start` up or down to before `stop`; nothing where `step` does not lead there. */
function steps(start: number, stop: number, step: number): number[] {
  const count = step === 0 ? 0 : Math.ceil((stop - start) / step);
  if (count <= 0) return [];
  checkList(count);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** As the Unix command: `seq last`, `seq first last`, `seq first step last`. */
function sequence(values: readonly number[]): number[] {
  const [first = 0, second = 0, third = 0] = values;
  switch (values.length) {
    case 1:
      return counted(1, first, first < 1 ? -1 : 1);
    case 2:
      return counted(first, second, second < first ? -1 : 1);
    case 3:
      return third < first && second > 0 ? [] : counted(first, third, second);
    default:
      return [];
  }
}

function counted(first: number, last: number, step: number): number[] {
  return steps(first, last + (last < first ? -1 : 1), step);
}

/** Any value as float64; what is no number is 0. */
export function toFloat(value: Value | undefined): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return parseFloat64(value) ?? 0;
  return isList(value) ? 0 : (numberOf(value ?? null) ?? 0);
}

/** Go's `strconv.ParseFloat`: decimal, and hexadecimal with an exponent. */
function parseFloat64(source: string): number | undefined {
  const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(source);
  if (special !== null) {
    if (/nan/i.test(special[2] ?? '')) return special[1] === '' ? Number.NaN : undefined;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(source)) return undefined;
  const value = Number(source);
  return Number.isFinite(value) ? value : undefined;
}
