import {
  FunctionFault,
  type FunctionMap,
  fixed,
  quote,
  type TemplateFunction,
  typed,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { checkList, checkText, perCharacter, text, textOf, textsOf, whole } from './arguments.ts';
import { byteLength, bytesOf, isAscii, isSpace, lower, trimmed, upper } from './letters.ts';

/** Texts: what Go's `strings` package does, with the text as the last argument. */
export const STRINGS: FunctionMap = new Map<string, TemplateFunction>([
  ['trim', fixed(1, ([s]) => trimmed(text(s), isSpace))],
  ['trimAll', fixed(2, ([cut, s]) => trimSet(text(s), text(cut)))],
  ['trimall', fixed(2, ([cut, s]) => trimSet(text(s), text(cut)))],
  ['trimSuffix', fixed(2, ([end, s]) => withoutSuffix(text(s), text(end)))],
  ['trimPrefix', fixed(2, ([start, s]) => withoutPrefix(text(s), text(start)))],
  ['upper', fixed(1, ([s]) => upper(text(s)))],
  ['lower', fixed(1, ([s]) => lower(text(s)))],
  ['contains', fixed(2, ([part, s]) => text(s).includes(text(part)))],
  ['hasPrefix', fixed(2, ([part, s]) => text(s).startsWith(text(part)))],
  ['hasSuffix', fixed(2, ([part, s]) => text(s).endsWith(text(part)))],
  ['repeat', fixed(2, ([count, s]) => repeated(text(s), whole(count)))],
  ['replace', fixed(3, ([from, to, s]) => replaced(text(s), text(from), text(to)))],
  ['substr', fixed(3, ([start, end, s]) => substring(text(s), whole(start), whole(end)))],
  ['trunc', fixed(2, ([count, s]) => truncated(text(s), whole(count)))],
  ['abbrev', fixed(2, ([width, s]) => abbreviated(text(s), 0, whole(width)))],
  ['abbrevboth', fixed(3, ([left, right, s]) => abbreviated(text(s), whole(left), whole(right)))],
  [
    'nospace',
    fixed(1, ([s]) =>
      Array.from(text(s))
        .filter((symbol) => !isSpace(symbol))
        .join(''),
    ),
  ],
  ['quote', variadic(0, (args) => printed(args, (value) => quote(textOf(value))))],
  ['squote', variadic(0, (args) => printed(args, (value) => `'${textOf(value)}'`))],
  ['cat', variadic(0, (args) => trimmed(printed(args, textOf), isSpace))],
  ['indent', fixed(2, ([spaces, s]) => indented(text(s), whole(spaces)))],
  ['nindent', fixed(2, ([spaces, s]) => `\n${indented(text(s), whole(spaces))}`)],
  ['plural', fixed(3, ([one, many, count]) => (whole(count) === 1 ? text(one) : text(many)))],
  ['toString', fixed(1, ([value]) => textOf(value))],
  ['toStrings', fixed(1, ([value]) => typed(textsOf(value), '[]string'))],
  ['join', fixed(2, ([separator, value]) => textsOf(value).join(text(separator)))],
  ['splitList', fixed(2, ([separator, s]) => typed(split(text(s), text(separator)), '[]string'))],
  ['split', fixed(2, ([separator, s]) => numbered(split(text(s), text(separator))))],
  ['splitn', fixed(3, ([separator, count, s]) => numbered(split(text(s), text(separator), whole(count))))],
  ['hello', fixed(0, () => 'Hello!')],
  ...perCharacter(
    new Map([
      ['wrap', fixed(2, ([width, s]) => wrapped(text(s), whole(width), '\n', false))],
      ['wrapWith', fixed(3, ([width, end, s]) => wrapped(text(s), whole(width), text(end) || '\n', true))],
    ]),
  ),
]);

function printed(args: readonly Value[], one: (value: Value) => string): string {
  return args
    .filter((value) => value !== null)
    .map(one)
    .join(' ');
}

function trimSet(s: string, cut: string): string {
  const dropped = new Set(cut);
  return trimmed(s, (symbol) => dropped.has(symbol));
}

function withoutPrefix(s: string, prefix: string): string {
  return s.startsWith(prefix) ? s.slice(prefix.length) : s;
}

function withoutSuffix(s: string, suffix: string): string {
  return s.endsWith(suffix) ? s.slice(0, s.length - suffix.length) : s;
}

function repeated(s: string, count: number): string {
  if (count < 0) throw new FunctionFault(`cannot repeat ${count} times`);
  checkText(s.length * count);
  return s.repeat(count);
}

/** All of `from` by `to`; an empty `from` stands before each character and at the end. */
function replaced(s: string, from: string, to: string): string {
  const parts = from === '' ? ['', ...s, ''] : s.split(from);
  checkText(s.length + Math.max(0, parts.length - 1) * (to.length - from.length));
  return parts.join(to);
}

/** Go's `strings.SplitN`. */
function split(s: string, separator: string, count = -1): string[] {
  if (count === 0) return [];
  const parts = separator === '' ? [...s] : s.split(separator);
  checkList(parts.length);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

function numbered(parts: readonly string[]): Value {
  return typed(Object.fromEntries(parts.map((part, index) => [`_${index}`, part])), 'map[string]string');
}

function substring(s: string, start: number, end: number): string {
  const length = byteLength(s);
  const [from, to] = start < 0 ? [0, end] : [start, end < 0 || end > length ? length : end];
  if (to < 0 || to > length || from > to) throw new FunctionFault(`${from} to ${to} is no part of ${length} bytes`);
  return bytesOf(s, from, to);
}

function truncated(s: string, count: number): string {
  const length = byteLength(s);
  if (count < 0) return length + count > 0 ? bytesOf(s, length + count) : s;
  return length > count ? bytesOf(s, 0, count) : s;
}

/** At most `width` bytes, with `...` where something was left out before `offset` and at the end. */
function abbreviated(s: string, offset: number, width: number): string {
  if (width < 4 || (offset > 0 && width < 7)) return s;
  const length = byteLength(s);
  if (length <= width) return s;
  const from = Math.min(offset, length, Math.max(0, length - (width - 3)) || offset);
  if (from <= 4) return `${bytesOf(s, 0, width - 3)}...`;
  if (from + width - 3 < length) return `...${abbreviated(bytesOf(s, from), 0, width - 3)}`;
  return `...${bytesOf(s, length - (width - 3))}`;
}

function indented(s: string, spaces: number): string {
  if (spaces < 0) throw new FunctionFault(`cannot indent by ${spaces}`);
  const lines = s.split('\n');
  checkText(s.length + lines.length * spaces);
  const margin = ' '.repeat(spaces);
  return margin + lines.join(`\n${margin}`);
}

/** Lines of at most `width` characters, broken at spaces; `breaks` tells whether longer words are broken too. */
function wrapped(s: string, width: number, newline: string, breaks: boolean): string {
  const size = Math.max(1, width);
  const at: string | string[] = isAscii(s) ? s : [...s];
  const part = (from: number, to: number): string => {
    const slice = at.slice(from, to);
    return typeof slice === 'string' ? slice : slice.join('');
  };
  let result = '';
  let offset = 0;
  while (at.length - offset > size) {
    checkText(result.length);
    if (at[offset] === ' ') {
      offset += 1;
      continue;
    }
    let space = offset + size;
    while (space >= offset && at[space] !== ' ') space -= 1;
    if (space < offset) {
      if (breaks) {
        result += part(offset, offset + size) + newline;
        offset += size;
        continue;
      }
      space = at.indexOf(' ', offset + size);
      if (space < 0) return result + part(offset, at.length);
    }
    result += part(offset, space) + newline;
    offset = space + 1;
  }
  return result + part(offset, at.length);
}
