import {
  FunctionFault,
  type FunctionMap,
  fixed,
  float,
  type TemplateFunction,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { whole } from './arguments.ts';
import { toFloat } from './numbers.ts';

/** Fractions. The four operations are on decimal numbers, so that 0.1 and 0.2 are 0.3. */
export const DECIMALS: FunctionMap = new Map<string, TemplateFunction>([
  ['float64', fixed(1, ([value]) => float(toFloat(value)))],
  ['add1f', fixed(1, ([value]) => chain(value, [1], add))],
  ['addf', variadic(0, (values) => chain(0, values, add))],
  ['subf', variadic(1, ([first, ...values]) => chain(first, values, (a, b) => add(a, { ...b, digits: -b.digits })))],
  ['mulf', variadic(1, ([first, ...values]) => chain(first, values, multiply))],
  ['divf', variadic(1, ([first, ...values]) => chain(first, values, divide))],
  ['maxf', variadic(1, (values) => float(values.map(toFloat).reduce((a, b) => Math.max(a, b))))],
  ['minf', variadic(1, (values) => float(values.map(toFloat).reduce((a, b) => Math.min(a, b))))],
  ['floor', fixed(1, ([value]) => float(Math.floor(toFloat(value))))],
  ['ceil', fixed(1, ([value]) => float(Math.ceil(toFloat(value))))],
  ['round', { min: 2, max: 3, call: ([value, places, on]) => float(round(toFloat(value), whole(places), on)) }],
]);

/** `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Places after the point that a division is worked out to. */
const DIVISION_PLACES = 16;

/** Digits of a number on the way, at most. */
const DIGIT_LIMIT = 5000;

function chain(
  first: Value | undefined,
  rest: readonly Value[],
  operation: (a: Decimal, b: Decimal) => Decimal,
): Value {
  let result = decimal(toFloat(first));
  for (const value of rest) {
    result = operation(result, decimal(toFloat(value)));
    if (Math.abs(result.exponent) > DIGIT_LIMIT)
      throw new FunctionFault(`a number has more than ${DIGIT_LIMIT} digits`);
  }
  return float(Number(`${result.digits}e${result.exponent}`));
}

/** The shortest decimal number that reads back as `value`. */
function decimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new FunctionFault(`cannot compute with ${value}`);
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const [units = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(units + fraction), exponent: Number(power) - fraction.length };
}

function add(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return { digits: scaled(a, exponent) + scaled(b, exponent), exponent };
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}

function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, exponent: a.exponent + b.exponent };
}

/** Rounded half away from zero in the last place. */
function divide(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw new FunctionFault('division by zero');
  const shift = a.exponent - b.exponent + DIVISION_PLACES;
  const dividend = shift >= 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const divisor = shift >= 0 ? b.digits : b.digits * 10n ** BigInt(-shift);
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  const up = 2n * (rest < 0n ? -rest : rest) >= (divisor < 0n ? -divisor : divisor);
  const away = dividend < 0n === divisor < 0n ? 1n : -1n;
  return { digits: quotient + (up ? away : 0n), exponent: -DIVISION_PLACES };
}

/** To so many places; a rest of `on` or more goes up. */
function round(value: number, places: number, on: Value | undefined): number {
  const power = 10 ** places;
  const scaledUp = power * value;
  const rest = scaledUp - Math.trunc(scaledUp);
  return (rest >= (on === undefined ? 0.5 : toFloat(on)) ? Math.ceil(scaledUp) : Math.floor(scaledUp)) / power;
}
