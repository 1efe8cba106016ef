import { type FunctionMap, fixed, type TemplateFunction } from '../gotemplate/index.ts';
import { perCharacter, text } from './arguments.ts';
import { isLower, isNumber, isPunctuation, isSpace, isUpper, lowerOf, upperOf } from './letters.ts';

/** Texts by their words: `FirstName` to `first_name` and the like. */
export const WORDS: FunctionMap = perCharacter(
  new Map<string, TemplateFunction>([
    ['title', fixed(1, ([s]) => title(text(s)))],
    ['untitle', fixed(1, ([s]) => atWordStarts(text(s), isSpace, lowerOf))],
    ['initials', fixed(1, ([s]) => initials(text(s)))],
    ['swapcase', fixed(1, ([s]) => swapCase(text(s)))],
    ['snakecase', fixed(1, ([s]) => connected(text(s), '_'))],
    ['kebabcase', fixed(1, ([s]) => connected(text(s), '-'))],
    ['camelcase', fixed(1, ([s]) => camelCase(text(s)))],
  ]),
);

/** `change` for each first character after a gap. */
function atWordStarts(s: string, isGap: (symbol: string) => boolean, change: (symbol: string) => string): string {
  let afterGap = true;
  let result = '';
  for (const symbol of s) {
    const gap = isGap(symbol);
    result += afterGap && !gap ? change(symbol) : symbol;
    afterGap = gap;
  }
  return result;
}

/** Go's `strings.Title`: what is no letter, digit or underscore ends a word. */
function title(s: string): string {
  return atWordStarts(s, (symbol) => (symbol <= '\x7f' ? !/[A-Za-z0-9_]/.test(symbol) : isSpace(symbol)), upperOf);
}

function initials(s: string): string {
  let result = '';
  atWordStarts(s, isSpace, (symbol) => {
    result += symbol;
    return symbol;
  });
  return result;
}

/** Upper to lower; lower to upper, after a space to title case. */
function swapCase(s: string): string {
  return Array.from(s, (symbol) => {
    if (isUpper(symbol)) return lowerOf(symbol);
    return isLower(symbol) ? upperOf(symbol) : symbol;
  }).join('');
}

function isConnector(symbol: string): boolean {
  return symbol === '-' || symbol === '_' || isSpace(symbol);
}

function isAlphabet(symbol: string): boolean {
  return /^\p{L}$/u.test(symbol);
}

/** `some_words` to `SomeWords`; connectors at the start and after another one stay. */
function camelCase(s: string): string {
  const symbols = [...s];
  let at = 0;
  let result = '';
  while (at < symbols.length && isConnector(symbols[at] ?? '')) result += symbols[at++];
  // xstrings writes the last connector of a text of nothing else twice.
  if (at === symbols.length) return result + (symbols.at(-1) ?? '');
  let previous = upperOf(symbols[at] ?? '');
  for (const symbol of symbols.slice(at + 1)) {
    if (isConnector(symbol) && isConnector(previous)) {
      result += previous;
      continue;
    }
    if (isConnector(previous)) previous = upperOf(symbol);
    else {
      result += previous;
      previous = lowerOf(symbol);
    }
  }
  return result + previous;
}

type WordKind = 'none' | 'number' | 'upper' | 'alphabet' | 'connector' | 'punctuation' | 'other';

interface Word {
  kind: WordKind;
  text: string;
}

/** `FirstName` to `first_name`, `HTTPServer` to `http_server`, `http2xx` to `http_2xx`, `Bld4Floor` to `bld4_floor`. */
function connected(s: string, connector: string): string {
  const words = wordsOf(s);
  const none: Word = { kind: 'none', text: '' };
  let at = 0;
  const next = (): Word => words[at++] ?? none;
  const more = (): boolean => at < words.length;
  let result = '';
  const write = (word: Word): void => {
    if (word.kind !== 'upper' && word.kind !== 'connector') result += word.text;
    else for (const symbol of word.text) result += isConnector(symbol) ? connector : lowerOf(symbol);
  };
  const joins = ({ kind }: Word): boolean => kind !== 'connector' && kind !== 'punctuation';
  let word = next();
  const writeRun = (): boolean => {
    while (word.kind === 'alphabet' || word.kind === 'number') {
      write(word);
      word = next();
    }
    return word.kind !== 'none' && joins(word);
  };
  while (more()) {
    if (word.kind !== 'connector') write(word);
    const last = word;
    word = next();
    if (last.kind === 'number') {
      if (writeRun()) result += connector;
    } else if (last.kind === 'connector') write(last);
    else if (last.kind === 'punctuation') continue;
    else if (word.kind !== 'number') {
      if (joins(word)) result += connector;
    } else if (more()) {
      const number = word;
      word = next();
      if (word.kind !== 'alphabet') {
        // The number belongs to the word before it.
        write(number);
        if (joins(word)) result += connector;
      } else {
        result += connector;
        write(number);
        if (writeRun()) result += connector;
      }
    }
  }
  write(word);
  return result;
}

/** Runs of characters of one kind; of `HTTPStatus` the `S` begins a word of its own. */
function wordsOf(s: string): Word[] {
  const symbols = [...s];
  const words: Word[] = [];
  let at = 0;
  while (at < symbols.length) {
    const start = at;
    const kind = kindOf(symbols[at] ?? '');
    const first = symbols[at + 1] ?? '';
    at += 1;
    const run = (belongs: (symbol: string) => boolean): void => {
      while (at < symbols.length && belongs(symbols[at] ?? '')) at += 1;
    };
    const isSmall = (symbol: string): boolean => isAlphabet(symbol) && !isUpper(symbol);
    if (kind === 'upper') {
      if (first !== '' && isUpper(first)) {
        run(isUpper);
        if (at < symbols.length && isAlphabet(symbols[at] ?? '')) at -= 1;
      } else run(isSmall);
    } else if (kind === 'alphabet') run(isSmall);
    else run((symbol) => kindOf(symbol) === kind);
    words.push({ kind, text: symbols.slice(start, at).join('') });
  }
  return words;
}

function kindOf(symbol: string): WordKind {
  if (isConnector(symbol)) return 'connector';
  if (isPunctuation(symbol)) return 'punctuation';
  if (isUpper(symbol)) return 'upper';
  if (isAlphabet(symbol)) return 'alphabet';
  return isNumber(symbol) ? 'number' : 'other';
}
