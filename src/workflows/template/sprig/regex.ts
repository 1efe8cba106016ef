import { RE2JS } from 're2js';
import { FunctionFault, type FunctionMap, fixed, type Spend, typed } from '../gotemplate/index.ts';
import { checkList, checkText, text, whole, withMust } from './arguments.ts';

/**
 * Regular expressions of RE2's syntax, in time linear in the text. A pattern that RE2 does not take is an error, and
 * matches nothing in `regexMatch`.
 */
export const REGEX: FunctionMap = new Map([
  ...withMust({
    regexFind: fixed(2, ([pattern, s], spend) => matches(text(pattern), text(s), 1, spend)[0]?.text ?? ''),
    regexFindAll: fixed(3, ([pattern, s, count], spend) => {
      const found = matches(text(pattern), text(s), whole(count), spend);
      return typed(
        found.map((match) => match.text),
        '[]string',
      );
    }),
    regexReplaceAll: fixed(3, ([pattern, s, by], spend) => {
      const parts = replacementParts(text(by));
      return replaced(text(pattern), text(s), (match) => expanded(parts, match), spend);
    }),
    regexReplaceAllLiteral: fixed(3, ([pattern, s, by], spend) => {
      const literal = text(by);
      return replaced(text(pattern), text(s), () => literal, spend);
    }),
    regexSplit: fixed(3, ([pattern, s, count], spend) => {
      return typed(split(text(pattern), text(s), whole(count), spend), '[]string');
    }),
  }),
  ['mustRegexMatch', fixed(2, ([pattern, s], spend) => matches(text(pattern), text(s), 1, spend).length > 0)],
  [
    'regexMatch',
    fixed(2, ([pattern, s], spend) => {
      return isPattern(text(pattern), spend) && matches(text(pattern), text(s), 1, spend).length > 0;
    }),
  ],
  ['regexQuoteMeta', fixed(1, ([s]) => text(s).replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&'))],
]);

interface Match {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The groups' texts, the whole match first. */
  readonly groups: readonly string[];
  readonly names: Readonly<Record<string, number>>;
}

/** Patterns compiled last, as a range calls with the same one again and again. */
const COMPILED = new Map<string, RE2JS>();
const COMPILED_LIMIT = 64;

/** Characters of a pattern: repetitions make a thousand times as many states of it. */
const PATTERN_LIMIT = 1000;

/** Characters times instructions of the pattern that cost one step. */
const WORK_PER_STEP = 128;

function compile(pattern: string, spend: Spend): RE2JS {
  const known = COMPILED.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > PATTERN_LIMIT) throw new FunctionFault(`the pattern has more than ${PATTERN_LIMIT} characters`);
  spend(10 + pattern.length);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new FunctionFault(`the pattern is wrong: ${error instanceof Error ? error.message : ''}`);
  }
  spend(compiled.programSize());
  if (COMPILED.size >= COMPILED_LIMIT) COMPILED.clear();
  COMPILED.set(pattern, compiled);
  return compiled;
}

function isPattern(pattern: string, spend: Spend): boolean {
  try {
    compile(pattern, spend);
    return true;
  } catch (error) {
    if (error instanceof FunctionFault) return false;
    throw error;
  }
}

/** The first `count` matches, or all where it is negative; an empty one does not follow a match at once. */
function matches(pattern: string, s: string, count: number, spend: Spend): Match[] {
  const compiled = compile(pattern, spend);
  const matcher = compiled.matcher(s);
  const names = compiled.namedGroups();
  const size = compiled.programSize();
  const found: Match[] = [];
  let at = 0;
  let end = -1;
  while (at <= s.length && (count < 0 || found.length < count)) {
    spend(1 + Math.ceil(((s.length - at) * size) / WORK_PER_STEP));
    if (!matcher.find(at)) break;
    const match = { start: matcher.start(), end: matcher.end() };
    const isEmpty = match.end === match.start;
    at = isEmpty ? match.end + widthAt(s, match.end) : match.end;
    if (!isEmpty || match.start !== end) {
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? '');
      found.push({ ...match, text: groups[0] ?? '', groups, names });
      checkList(found.length);
    }
    end = match.end;
  }
  return found;
}

/** UTF-16 units of the character there. */
function widthAt(s: string, at: number): number {
  return (s.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function replaced(pattern: string, s: string, by: (match: Match) => string, spend: Spend): string {
  let result = '';
  let at = 0;
  for (const match of matches(pattern, s, -1, spend)) {
    result += s.slice(at, match.start) + by(match);
    checkText(result.length);
    at = match.end;
  }
  return result + s.slice(at);
}

/** Go's `Regexp.Split`. */
function split(pattern: string, s: string, count: number, spend: Spend): string[] {
  if (count === 0) return [];
  if (pattern !== '' && s === '') return [''];
  const parts: string[] = [];
  let start = 0;
  let end = 0;
  for (const match of matches(pattern, s, count, spend)) {
    if (count > 0 && parts.length === count - 1) break;
    end = match.start;
    if (match.end !== 0) parts.push(s.slice(start, end));
    start = match.end;
  }
  if (end !== s.length) parts.push(s.slice(start));
  return parts;
}

/** A piece of a replacement: literal text, or a group by its number or name. */
type Part = { literal: string } | { group: string };

/** `$1`, `${1}`, `$name` and `$$`; a name goes on as long as letters, digits and underscores do. */
function replacementParts(by: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of by.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    parts.push({ literal: by.slice(at, match.index) });
    const group = match[1] ?? match[2];
    parts.push(group === undefined ? { literal: '$' } : { group });
    at = match.index + match[0].length;
  }
  parts.push({ literal: by.slice(at) });
  return parts;
}

function expanded(parts: readonly Part[], { groups, names }: Match): string {
  let result = '';
  for (const part of parts) {
    if ('literal' in part) result += part.literal;
    else result += groups[/^[0-9]+$/.test(part.group) ? Number(part.group) : (names[part.group] ?? -1)] ?? '';
  }
  return result;
}
