import { TemplateFault } from './faults.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'field'
  | 'variable'
  | 'dot'
  | 'identifier'
  | 'keyword'
  | 'string'
  | 'character'
  | 'number'
  | 'pipe'
  | 'left parenthesis'
  | 'right parenthesis'
  | 'assign'
  | 'declare'
  | 'punctuation'
  | 'end of text';

/** One token: its own text, and where it stands in the template. A `text` token is already trimmed. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const KEYWORDS = new Set(
  ['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'nil', 'range', 'template', 'with'].concat(
    'true',
    'false',
  ),
);

const SINGLE: Readonly<Record<string, TokenKind>> = {
  '=': 'assign',
  '|': 'pipe',
  '(': 'left parenthesis',
  ')': 'right parenthesis',
};

// Sticky patterns, each tried at the current offset only. A number must not run into a letter.
const SPACE = /[ \t\r\n]+/y;
const WORD = /[\p{L}\p{Nd}_]+/uy;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|(?:0[oO][0-7_]*|0[bB][01_]*|[0-9_]*)(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;
// What follows the real part of a complex number.
const IMAGINARY = /[+-][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?i/y;
const INTERPRETED_STRING = /"(?:[^"\\\n]|\\[^\n])*"/y;
const CHARACTER = /'(?:[^'\\\n]|\\[^\n])*'/y;
const SPACES = new Set([' ', '\t', '\r', '\n']);

/** Splits a template text into tokens, on demand, as Go's text/template does (delimiters `{{` and `}}`). */
export class Lexer {
  readonly #text: string;
  #at = 0;
  #inAction = false;
  #parentheses = 0;
  /** Offset of the `{{` of the action being read, for "never closed". */
  #opened = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Offset of the `{{` of the action being read, undefined outside of actions. */
  get opened(): number | undefined {
    return this.#inAction ? this.#opened : undefined;
  }

  /** The next token; at the end `end of text`, again and again. @throws TemplateFault */
  next(): Token {
    while (!this.#inAction) {
      const token = this.#outside();
      if (token !== undefined) return token;
    }
    return this.#inside();
  }

  /** Text up to the next `{{`, or that delimiter; undefined after a comment or after text that was trimmed away. */
  #outside(): Token | undefined {
    const start = this.#at;
    const open = this.#text.indexOf('{{', start);
    if (open < 0) {
      this.#at = this.#text.length;
      return start < this.#at ? this.#token('text', start) : this.#token('end of text', start);
    }
    const trims = this.#text[open + 2] === '-' && this.#isSpace(open + 3);
    if (open > start) {
      this.#at = open;
      const end = trims ? this.#trimmedEnd(start, open) : open;
      return end > start ? { kind: 'text', text: this.#text.slice(start, end), start, end } : undefined;
    }
    // The trim marker is the minus with the space after it, so a comment may follow.
    this.#at = trims ? open + 4 : open + 2;
    if (this.#text.startsWith('/*', this.#at)) {
      this.#skipComment(open);
      return undefined;
    }
    this.#inAction = true;
    this.#parentheses = 0;
    this.#opened = open;
    return this.#token('open', open);
  }

  #skipComment(open: number): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    if (end < 0) throw new TemplateFault(open, 'the comment is never closed; expected */}}');
    this.#at = end + 2;
    if (!this.#close()) throw new TemplateFault(end, 'a comment must end with */}} (or */ -}})');
  }

  /** Passes `}}` or ` -}}` with the space that it trims, where it stands here. */
  #close(): boolean {
    if (this.#text.startsWith('}}', this.#at)) {
      this.#at += 2;
      return true;
    }
    if (!this.#isSpace(this.#at) || !this.#text.startsWith('-}}', this.#at + 1)) return false;
    this.#at += 4;
    while (this.#isSpace(this.#at)) this.#at += 1;
    return true;
  }

  #inside(): Token {
    const start = this.#at;
    const text = this.#text;
    if (start >= text.length) throw new TemplateFault(this.#opened, 'the action is never closed; expected }}');
    if (this.#close()) {
      if (this.#parentheses > 0) throw new TemplateFault(start, 'a parenthesis is not closed; expected )');
      this.#inAction = false;
      return this.#token('close', start);
    }
    const character = text[start] ?? '';
    if (SPACES.has(character)) return this.#space(start);
    const single = SINGLE[character];
    if (single !== undefined) {
      this.#parentheses += character === '(' ? 1 : character === ')' ? -1 : 0;
      if (this.#parentheses < 0) throw new TemplateFault(start, 'unexpected ), no parenthesis is open');
      this.#at += 1;
      return this.#token(single, start);
    }
    if (character === ':') {
      if (text[start + 1] !== '=') throw new TemplateFault(start, 'unexpected ":"; expected := to declare a variable');
      this.#at += 2;
      return this.#token('declare', start);
    }
    if (character === '"') return this.#quoted('string', INTERPRETED_STRING, 'string', '"');
    if (character === "'") return this.#quoted('character', CHARACTER, 'character', "'");
    if (character === '`') {
      const end = text.indexOf('`', start + 1);
      if (end < 0) throw new TemplateFault(start, 'the string is never closed; expected `');
      this.#at = end + 1;
      return this.#token('string', start);
    }
    const next = text[start + 1] ?? '';
    if (character === '$') return this.#name('variable', 'variable');
    if (character === '.' && !isDigit(next)) return this.#name('field', 'dot');
    if (isDigit(character) || character === '.' || character === '+' || character === '-') return this.#number(start);
    const word = this.#match(WORD);
    if (word !== undefined) {
      this.#expectTerminator();
      return this.#token(KEYWORDS.has(word) ? 'keyword' : 'identifier', start);
    }
    if (character > ' ' && character <= '~') {
      this.#at += 1;
      return this.#token('punctuation', start);
    }
    throw new TemplateFault(start, `unexpected character ${JSON.stringify(codePointAt(text, start))} inside {{ }}`);
  }

  /** A run of space, except the last one when it belongs to ` -}}`. */
  #space(start: number): Token {
    this.#match(SPACE);
    if (this.#text.startsWith('-}}', this.#at)) this.#at -= 1;
    return this.#token('space', start);
  }

  /** `.name`, `$name`, or the mark alone. */
  #name(kind: TokenKind, alone: TokenKind): Token {
    const start = this.#at;
    this.#at += 1;
    const word = this.#match(WORD);
    this.#expectTerminator();
    return this.#token(word === undefined ? alone : kind, start);
  }

  #number(start: number): Token {
    this.#match(NUMBER);
    this.#match(IMAGINARY);
    if (this.#at === start || this.#match(WORD) !== undefined) {
      throw new TemplateFault(start, `bad number ${JSON.stringify(this.#text.slice(start, this.#at))}`);
    }
    return this.#token('number', start);
  }

  #quoted(kind: TokenKind, pattern: RegExp, what: string, quote: string): Token {
    const start = this.#at;
    if (this.#match(pattern) === undefined) {
      throw new TemplateFault(start, `the ${what} is never closed; expected ${quote} on the same line`);
    }
    return this.#token(kind, start);
  }

  /** Names must be followed by something that ends them, so that `$x+2` is an error and not two operands. */
  #expectTerminator(): void {
    const character = this.#text[this.#at];
    if (character === undefined || SPACES.has(character) || '.,|:)('.includes(character)) return;
    if (this.#text.startsWith('}}', this.#at)) return;
    const shown = JSON.stringify(codePointAt(this.#text, this.#at));
    throw new TemplateFault(this.#at, `unexpected character ${shown} in a name (letters, digits and _ only)`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #trimmedEnd(start: number, end: number): number {
    let at = end;
    while (at > start && this.#isSpace(at - 1)) at -= 1;
    return at;
  }

  #isSpace(at: number): boolean {
    return SPACES.has(this.#text[at] ?? '');
  }

  #token(kind: TokenKind, start: number): Token {
    return { kind, text: this.#text.slice(start, this.#at), start, end: this.#at };
  }
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function codePointAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0xfffd);
}
