import { FunctionFault } from './faults.ts';
import { type Flags, NO_FLAGS, pad } from './flags.ts';
import { floatText } from './floats.ts';
import { entryOf, GoObject, isList, isMap, keysOf, kindOf, numberOf, typeOf, type Value } from './values.ts';

/** Characters that one formatting may write: lists that hold one another could else grow without bound. */
const TEXT_LIMIT = 1 << 20;

/** Lists and maps in one another. */
const DEPTH_LIMIT = 200;

/**
 * One value under one verb; lists and maps apply the verb to their elements.
 *
 * @throws FunctionFault when the text becomes too long, or the value is nested too deep
 */
export function verbText(value: Value, verb: string, flags: Flags, depth = 0): string {
  if (verb === 'T') return pad(typeOf(value), flags);
  if (depth > DEPTH_LIMIT) throw new FunctionFault(`the value is nested more than ${DEPTH_LIMIT} deep`);
  if (value === null) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  const syntax = verb === 'v' && flags.sharp;
  if (isList(value)) {
    const items = join(value.length, syntax, (index) => element(value[index] ?? null, verb, flags, depth));
    return syntax ? `${typeOf(value)}{${items}}` : `[${items}]`;
  }
  if (isMap(value)) {
    const keys = keysOf(value);
    const entries = join(keys.length, syntax, (index) => {
      const key = keys[index] ?? '';
      return `${verbText(key, verb, flags)}:${element(entryOf(value, key) ?? null, verb, flags, depth)}`;
    });
    return syntax ? `${typeOf(value)}{${entries}}` : `map[${entries}]`;
  }
  if (value instanceof GoObject) {
    return verb === 'v' || verb === 's' || verb === 'q'
      ? (stringText(value.text(), verb, flags) ?? '')
      : bad(value, verb);
  }
  switch (kindOf(value)) {
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(String(value), flags) : bad(value, verb);
    case 'string':
      return stringText(String(value), verb, flags) ?? bad(value, verb);
    case 'int':
      return integerText(typeof value === 'bigint' ? value : Number(value), verb, flags) ?? bad(value, verb);
    case 'float':
      return floatText(numberOf(value) ?? 0, verb, flags) ?? bad(value, verb);
    default:
      return bad(value, verb);
  }
}

/** An element of a list or map; a nil has a type there in `%#v`. */
function element(value: Value, verb: string, flags: Flags, depth: number): string {
  if (value === null && verb === 'v' && flags.sharp) return 'interface {}(nil)';
  return verbText(value, verb, flags, depth + 1);
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

function integerText(value: number | bigint, verb: string, flags: Flags): string | undefined {
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

function character(value: number | bigint): string {
  const code = Number(value);
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return String.fromCodePoint(valid ? code : 0xfffd);
}

function signed(value: number | bigint, base: number, prefix: string, flags: Flags): string {
  const sign = value < 0 ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  if (flags.precision === 0 && Number(value) === 0) return pad('', { ...flags, zero: false });
  let digits = (value < 0 ? -value : value).toString(base);
  if (flags.precision !== undefined) digits = digits.padStart(flags.precision, '0');
  else if (flags.zero && flags.width !== undefined) digits = digits.padStart(flags.width - sign.length, '0');
  return pad(sign + prefix + digits, { ...flags, zero: false });
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
export function quote(text: string, flags: Flags = NO_FLAGS, mark = '"'): string {
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
