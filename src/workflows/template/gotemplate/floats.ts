import { type Flags, pad } from './flags.ts';

/** A float64 under one verb; undefined for a verb that floats do not have. */
export function floatText(value: number, verb: string, flags: Flags): string | undefined {
  let text: string;
  switch (verb) {
    case 'v':
    case 'g':
    case 'G':
      text = flags.sharp && verb !== 'v' ? padded(value, flags.precision ?? 6) : general(value, flags.precision);
      break;
    case 'x':
    case 'X':
      text = hexadecimal(value, flags.precision);
      break;
    case 'b':
      text = binary(value);
      break;
    case 'e':
    case 'E':
      text = exponent(exponential(value, Math.min(flags.precision ?? 6, 100)));
      break;
    case 'f':
    case 'F':
      text = fixed(value, Math.min(flags.precision ?? 6, 100));
      break;
    default:
      return undefined;
  }
  if (!Number.isFinite(value)) text = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (verb === 'E' || verb === 'G' || verb === 'X') text = text.toUpperCase();
  if (flags.plus && !text.startsWith('-') && !text.startsWith('+')) text = `+${text}`;
  if (flags.space && !/^[+-]/.test(text)) text = ` ${text}`;
  if (!flags.zero || flags.width === undefined || !Number.isFinite(value)) return pad(text, { ...flags, zero: false });
  const sign = /^[+\- ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(flags.width - sign.length, '0');
}

/** `toFixed` gives up at 1e21 and writes an exponent; Go never does. */
function fixed(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  const text = value.toFixed(digits);
  // Half-way cases go to the even digit in Go, away from zero in JavaScript.
  const exact = value.toFixed(Math.min(digits + TIE_DIGITS, 100));
  return evenAtTie(text, exact, digits === 0 ? exact.indexOf('.') : text.length);
}

function exponential(value: number, digits: number): string {
  const [mantissa = '', power = ''] = value.toExponential(digits).split('e');
  const [exact = ''] = value.toExponential(Math.min(digits + TIE_DIGITS, 100)).split('e');
  return `${evenAtTie(mantissa, exact, digits === 0 ? exact.indexOf('.') : mantissa.length)}e${power}`;
}

/** Digits after which a float64 that is no half-way case has shown that it is none. */
const TIE_DIGITS = 30;

/** `rounded`, or where `exact` is half-way after `length` characters, what is cut there if that is even. */
function evenAtTie(rounded: string, exact: string, length: number): string {
  const rest = exact.slice(length).replace('.', '');
  if (length < 0 || !/^50*$/.test(rest)) return rounded;
  const cut = exact.slice(0, length);
  return Number(cut.at(-1)) % 2 === 0 ? cut : rounded;
}

/** `%#g`: all digits of the precision, zeros too. */
function padded(value: number, precision: number): string {
  const digits = Math.min(Math.max(precision, 1), 100);
  const [mantissa = '', tail = '0'] = exponential(value, digits - 1).split('e');
  const power = Number(tail);
  if (power < -4 || power >= digits) return exponent(`${mantissa}e${tail}`);
  const text = fixed(value, Math.max(0, digits - 1 - power));
  return text.includes('.') ? text : `${text}.`;
}

/** Mantissa of 53 bits and binary exponent. */
function binaryParts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const stored = Number(bits >> 52n);
  const fraction = bits & (2n ** 52n - 1n);
  return stored === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (2n ** 52n), exponent: stored - 1075 };
}

function sign(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

/** `%b`: `4503599627370496p-52` */
function binary(value: number): string {
  const { mantissa, exponent } = binaryParts(value);
  return `${sign(value)}${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/** `%x`: `0x1.8p+00` */
function hexadecimal(value: number, precision: number | undefined): string {
  let { mantissa, exponent } = binaryParts(value);
  if (mantissa === 0n) return `${sign(value)}0x0p+00`;
  for (; mantissa < 2n ** 52n; mantissa <<= 1n) exponent -= 1;
  if (precision !== undefined && precision < 13) {
    const dropped = BigInt(52 - 4 * precision);
    const half = 1n << (dropped - 1n);
    const rest = mantissa & ((1n << dropped) - 1n);
    mantissa >>= dropped;
    if (rest > half || (rest === half && mantissa % 2n === 1n)) mantissa += 1n;
    mantissa <<= dropped;
    if (mantissa >= 2n ** 53n) {
      mantissa >>= 1n;
      exponent += 1;
    }
  }
  const hex = mantissa.toString(16);
  const fraction =
    precision === undefined ? hex.slice(1).replace(/0+$/, '') : hex.slice(1).padEnd(precision, '0').slice(0, precision);
  const power = exponent + 52;
  const tail = `p${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return `${sign(value)}0x${hex.charAt(0)}${fraction === '' ? '' : `.${fraction}`}${tail}`;
}

/** Go's `%g`: the shortest text that reads back the same, with an exponent below 1e-4 and from 1e6. */
function general(value: number, precision: number | undefined): string {
  if (!Number.isFinite(value)) return String(value);
  if (precision === undefined) {
    const shortest = exponent(value.toExponential());
    const power = Number(shortest.slice(shortest.indexOf('e') + 1));
    if (power < -4 || power >= 6) return shortest;
    return Object.is(value, -0) ? '-0' : String(value);
  }
  const digits = Math.min(Math.max(precision, 1), 100);
  const scientific = exponential(value, digits - 1);
  const power = Number(scientific.slice(scientific.indexOf('e') + 1));
  const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (power < -4 || power >= digits) {
    const [mantissa = '', tail = ''] = scientific.split('e');
    return exponent(`${trim(mantissa)}e${tail}`);
  }
  return trim(fixed(value, Math.max(0, digits - 1 - power)));
}

/** JavaScript's `1e+3` as Go's `1e+03`. */
function exponent(text: string): string {
  return text.replace(/e([+-])([0-9])$/, 'e$10$2');
}
