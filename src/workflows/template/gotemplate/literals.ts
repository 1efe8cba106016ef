import { Complex } from './complex.ts';
import { float, int, type Value } from './values.ts';

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};

/** Text of a quoted string or character constant, quotes included (Go spec, "String literals"); undefined when malformed. */
export function unquote(source: string): string | undefined {
  const quote = source[0];
  const inner = source.slice(1, -1);
  // Go drops carriage returns from raw strings.
  if (quote === '`') return inner.replaceAll('\r', '');
  if (!inner.includes('\\')) return inner;
  const bytes: Uint8Array[] = [];
  let at = 0;
  while (at < inner.length) {
    const backslash = inner.indexOf('\\', at);
    if (backslash < 0) break;
    bytes.push(Buffer.from(inner.slice(at, backslash)));
    const read = readEscape(inner, backslash + 1, quote ?? '"');
    if (read === undefined) return undefined;
    bytes.push(read.bytes);
    at = read.next;
  }
  bytes.push(Buffer.from(inner.slice(at)));
  return Buffer.concat(bytes).toString();
}

/** The bytes of the escape whose first character after the backslash is at `at`, and where the text goes on. */
function readEscape(text: string, at: number, quote: string): { bytes: Uint8Array; next: number } | undefined {
  const letter = text[at];
  if (letter === undefined) return undefined;
  if (letter === quote) return { bytes: Buffer.from(letter), next: at + 1 };
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { bytes: Buffer.from([simple]), next: at + 1 };
  const digits = { x: 2, u: 4, U: 8 }[letter];
  if (digits !== undefined) {
    const hex = text.slice(at + 1, at + 1 + digits);
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    const next = at + 1 + digits;
    if (letter === 'x') return { bytes: Buffer.from([code]), next };
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    return { bytes: Buffer.from(String.fromCodePoint(code)), next };
  }
  const octal = /^[0-7]{3}/.exec(text.slice(at, at + 3))?.[0];
  if (octal === undefined || Number.parseInt(octal, 8) > 255) return undefined;
  return { bytes: Buffer.from([Number.parseInt(octal, 8)]), next: at + 3 };
}

/** Code point of a character constant such as `'a'` or `'\n'`; undefined when it is not exactly one character. */
export function charOf(source: string): number | undefined {
  const text = unquote(source);
  if (text === undefined || source === "'''") return undefined;
  const code = text.codePointAt(0);
  return code !== undefined && String.fromCodePoint(code).length === text.length ? code : undefined;
}

const INTEGER =
  /^[+-]?(?:0|[1-9](?:_?[0-9])*|0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])+)$/;
const DECIMAL_FLOAT = /^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9]+)?$/;

const HEXADECIMAL_FLOAT = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]{1,4})$/;

function hexadecimalFloat([, sign, whole = '', fraction = '', power = '0']: readonly string[]): number {
  const value = Number(BigInt(`0x0${whole}${fraction}`)) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** `2i` or `1+2i` */
function complexFrom(source: string): { value: Value } | { problem: string } {
  const [, real = '0', imaginary = ''] =
    /^(.*?[0-9.])??((?:(?<=[0-9.])[+-]|^[+-]?)[0-9_.]*(?:[eE][+-]?[0-9]+)?)i$/.exec(source) ?? [];
  const parts = [real, imaginary].map((part) =>
    DECIMAL_FLOAT.test(part) ? Number(part.replaceAll('_', '')) : Number.NaN,
  );
  const [first = 0, second = 0] = parts;
  return Number.isFinite(first + second) ? { value: new Complex(first, second) } : { problem: `bad number ${source}` };
}

/** Value of a number as Go writes it; a message when it is none, or one that an int cannot hold here. */
export function numberFrom(source: string): { value: Value } | { problem: string } {
  const plain = source.replaceAll('_', '').replace(/^\+/, '');
  if (source.endsWith('i')) return complexFrom(source);
  if (INTEGER.test(source)) {
    const digits = BigInt(plain.replace(/^-/, '').replace(/^0(?=[0-7]+$)/, '0o'));
    const value = plain.startsWith('-') ? -digits : digits;
    if (BigInt.asIntN(64, value) !== value) return { problem: `the number ${source} does not fit in 64 bits` };
    return { value: int(value) };
  }
  if (DECIMAL_FLOAT.test(source)) {
    if (/^[+-]?0[0-9_]+$/.test(source)) return { problem: `${source} is no octal number` };
    const value = Number(plain);
    if (!Number.isFinite(value)) return { problem: `the number ${source} is out of range` };
    return { value: float(value) };
  }
  const hexadecimal = HEXADECIMAL_FLOAT.exec(plain);
  if (hexadecimal !== null) return { value: float(hexadecimalFloat(hexadecimal)) };
  return { problem: `bad number ${source}; write decimal, 0x, 0o or 0b integers, or decimal fractions` };
}
