import { TemplateFault } from './faults.ts';
import { Lexer, type Token, type TokenKind } from './lexer.ts';

/** The tokens of a template text, with any number of them put back. */
export class Tokens {
  readonly #lexer: Lexer;
  readonly #ahead: Token[] = [];

  constructor(text: string) {
    this.#lexer = new Lexer(text);
  }

  /** Offset of the `{{` of the action being read, undefined outside of actions. */
  get opened(): number | undefined {
    return this.#lexer.opened;
  }

  next(): Token {
    return this.#ahead.shift() ?? this.#lexer.next();
  }

  /** The next token that is no space. */
  nextWord(): Token {
    let token = this.next();
    while (token.kind === 'space') token = this.next();
    return token;
  }

  /** The next token that is no space, left where it is. */
  peekWord(): Token {
    const token = this.nextWord();
    this.putBack(token);
    return token;
  }

  /** Makes these the tokens to come next, in this order. */
  putBack(...tokens: readonly Token[]): void {
    this.#ahead.unshift(...tokens);
  }

  /** The next word, which must be of this kind; `what` says in words what was expected. @throws TemplateFault */
  expect(kind: TokenKind, what: string): Token {
    const token = this.nextWord();
    if (token.kind !== kind) throw unexpected(token, what);
    return token;
  }
}

/** That `token` stands where something else should. */
export function unexpected(token: Token, expected: string): TemplateFault {
  const found = token.kind === 'close' ? '}}' : token.kind === 'space' ? 'space' : token.text;
  return new TemplateFault(
    token.start,
    `unexpected ${found === '' ? 'end' : found.slice(0, 40)}; expected ${expected}`,
  );
}
