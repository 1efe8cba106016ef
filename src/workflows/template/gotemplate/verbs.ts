import { FunctionFault } from './faults.ts';
import { entryOf, isList, isMap, keysOf, kindOf, numberOf, typeOf, type Value } from './values.ts';

/** Characters that one formatting may write: lists that hold one another could else grow without bound. */
const TEXT_LIMIT = 1 << 20;

/** Flags, width and precision of one directive. */
export interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
}

/** A directive without any. */
export const NO_FLAGS: Flags = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** One value under one verb; lists and maps apply the verb to their elements. */
export function verbText(value: Value, verb: string, flags: Flags): string {
  if (verb === 'T') return pad(typeOf(value), flags);
  if (value === null) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  const syntax = verb === 'v' && flags.sharp;
  if (isList(value)) {
    const items = join(value.length, syntax, (index) => verbText(value[index] ?? null, verb, flags));
    return syntax ? `[]interface {}{${items}}` : `[${items}]`;
  }
  if (isMap(value)) {
    const keys = keysOf(value);
    const entries = join(keys.length, syntax, (index) => {
      const key = keys[index] ?? '';
      return `${verbText(key, verb, flags)}:${verbText(entryOf(value, key) ?? null, verb, flags)}`;
    });
    return syntax ? `map[string]interface {}{${entries}}` : `map[${entries}]`;
  }
  switch (kindOf(value)) {
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(String(value), flags) : bad(value, verb);
    case 'string':
      return stringText(String(value), verb, flags) ?? bad(value, verb);
    case 'int':
      return integerText(Number(value), verb, flags) ?? bad(value, verb);
    case 'float':
      return floatText(numberOf(value) ?? 0, verb, flags) ?? bad(value, verb);
    default:
      return bad(value, verb);
  }
}

/** The texts of `count` elements, one after another, with the separator of Go's `%v` or `%#v`. */
function join(count: number, syntax: boolean, textOf: (index: number) => string): string {
  let text = '';
  for (let index = 0; index < count; index++) {
    if (index > 0) text += syntax ? ', ' : ' ';
    text += textOf(index);
    checkLength(text.length);
  }
  return text;
}

/** @throws FunctionFault when a text of this length is too long */
export function checkLength(length: number): void {
  if (length > TEXT_LIMIT) throw new FunctionFault(`the text becomes longer than ${TEXT_LIMIT} characters`);
}

function bad(value: Value, verb: string): string {
  return `%!${verb}(${typeOf(value)}=${kindOf(value) === 'function' ? 'func' : verbText(value, 'v', NO_FLAGS)})`;
}

function stringText(value: string, verb: string, flags: Flags): string | undefined {
  const cut = flags.precision === undefined ? value : [...value].slice(0, flags.precision).join('');
  switch (verb) {
    case 'v':
      return pad(flags.sharp ? quote(cut, { ...flags, sharp: false }) : cut, flags);
    case 's':
      return pad(cut, flags);
    case 'q':
      return pad(quote(cut, flags), flags);
    case 'x':
    case 'X': {
      const bytes = [...Buffer.from(value).subarray(0, flags.precision)];
      const prefix = flags.sharp && bytes.length > 0 ? '0x' : '';
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
      const text = prefix + hex.join(flags.space ? (flags.sharp ? ' 0x' : ' ') : '');
      return pad(verb === 'X' ? text.toUpperCase() : text, flags);
    }
    default:
      return undefined;
  }
}

function integerText(value: number, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
    case 'd':
      return signed(value, 10, '', flags);
    case 'b':
      return signed(value, 2, flags.sharp ? '0b' : '', flags);
    case 'o':
      return signed(value, 8, flags.sharp ? '0' : '', flags);
    case 'O':
      return signed(value, 8, '0o', flags);
    case 'x':
      return signed(value, 16, flags.sharp ? '0x' : '', flags);
    case 'X':
      return signed(value, 16, flags.sharp ? '0X' : '', flags).toUpperCase();
    case 'c':
      return pad(character(value), flags);
    case 'q':
      return pad(quote(character(value), flags, "'"), flags);
    case 'U': {
      const code = `U+${value
        .toString(16)
        .toUpperCase()
        .padStart(Math.max(4, flags.precision ?? 0), '0')}`;
      return pad(flags.sharp ? `${code} '${character(value)}'` : code, { ...flags, zero: false });
    }
    default:
      return undefined;
  }
}

function character(code: number): string {
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return String.fromCodePoint(valid ? code : 0xfffd);
}

function signed(value: number, base: number, prefix: string, flags: Flags): string {
  const sign = value < 0 ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  if (flags.precision === 0 && value === 0) return pad('', { ...flags, zero: false });
  let digits = Math.abs(value).toString(base);
  if (flags.precision !== undefined) digits = digits.padStart(flags.precision, '0');
  else if (flags.zero && flags.width !== undefined) digits = digits.padStart(flags.width - sign.length, '0');
  return pad(sign + prefix + digits, { ...flags, zero: false });
}

function floatText(value: number, verb: string, flags: Flags): string | undefined {
  let text: string;
  switch (verb) {
    case 'v':
    case 'g':
    case 'G':
      text = general(value, flags.precision);
      break;
    case 'e':
    case 'E':
      text = exponent(value.toExponential(Math.min(flags.precision ?? 6, 100)));
      break;
    case 'f':
    case 'F':
      text = fixed(value, Math.min(flags.precision ?? 6, 100));
      break;
    default:
      return undefined;
  }
  if (!Number.isFinite(value)) text = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (verb === 'E' || verb === 'G') text = text.toUpperCase();
  if (flags.plus && !text.startsWith('-') && !text.startsWith('+')) text = `+${text}`;
  if (flags.space && !/^[+-]/.test(text)) text = ` ${text}`;
  if (!flags.zero || flags.width === undefined || !Number.isFinite(value)) return pad(text, { ...flags, zero: false });
  const sign = /^[+\- ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(flags.width - sign.length, '0');
}

/** `toFixed` gives up at 1e21 and writes an exponent; Go never does. */
function fixed(value: number, digits: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
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
  const scientific = value.toExponential(digits - 1);
  const power = Number(scientific.slice(scientific.indexOf('e') + 1));
  const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (power < -4 || power >= digits) {
    const [mantissa = '', tail = ''] = scientific.split('e');
    return exponent(`${trim(mantissa)}e${tail}`);
  }
  return trim(value.toFixed(Math.max(0, digits - 1 - power)));
}

/** JavaScript's `1e+3` as Go's `1e+03`. */
function exponent(text: string): string {
  return text.replace(/e([+-])([0-9])$/, 'e$10$2');
}

function pad(text: string, flags: Flags): string {
  if (flags.width === undefined) return text;
  const missing = flags.width - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Go's `strconv.Quote`; with the `#` flag raw where it can be, with `+` ASCII only. */
function quote(text: string, flags: Flags, mark = '"'): string {
  if (flags.sharp && mark === '"' && isRaw(text)) return `\`${text}\``;
  let quoted = '';
  for (const symbol of text) {
    const code = symbol.codePointAt(0) ?? 0;
    if (symbol === mark) quoted += `\\${mark}`;
    else if (ESCAPES[symbol] !== undefined) quoted += ESCAPES[symbol];
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`;
    else if ((flags.plus && code > 0x7e) || !isPrintable(symbol)) {
      quoted += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    } else quoted += symbol;
  }
  return mark + quoted + mark;
}

/** Whether Go can write the text between back quotes: no back quote, no control character but the tab. */
function isRaw(text: string): boolean {
  return [...text].every((symbol) => symbol === '\t' || (symbol >= ' ' && !'`\u007f\ufeff'.includes(symbol)));
}

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrintable(symbol: string): boolean {
  return symbol === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(symbol);
}
