import { didYouMean } from '../nearest.ts';
import type { Command, Expression, Name, Pipeline } from './ast.ts';
import { TemplateFault } from './faults.ts';
import type { FunctionMap } from './functions.ts';
import type { Token, TokenKind } from './lexer.ts';
import { charOf, numberFrom, unquote } from './literals.ts';
import { type Tokens, unexpected } from './tokens.ts';

/** How deep blocks and parentheses may stand in one another. */
const NESTING_LIMIT = 100;

/** How many variables may be declared at one place. */
const VARIABLE_LIMIT = 500;

/** Parses what stands inside `{{ }}`, and knows which variables are declared at the place. */
export class ExpressionParser {
  /** Names of the variables in scope, the dollar sign included; the blocks' parser cuts them off where a block ends. */
  variables: string[] = ['$'];
  readonly #text: string;
  readonly #tokens: Tokens;
  readonly #functions: FunctionMap;
  /** Names of the functions called so far. */
  readonly calls = new Set<string>();
  #nesting = 0;

  constructor(text: string, tokens: Tokens, functions: FunctionMap) {
    this.#text = text;
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /** `declarations? command ('|' command)*` up to and with the token `until`. */
  pipeline(until: 'close' | 'right parenthesis', what: string): Pipeline {
    const first = this.#tokens.peekWord();
    const { declares, assigns } = this.#declarations(what);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.peekWord();
      if (token.kind === until) {
        this.#tokens.nextWord();
        if (commands.length === 0) throw new TemplateFault(token.start, `${what} has no value; expected an expression`);
        if (!assigns) this.variables.push(...declares);
        if (this.variables.length > VARIABLE_LIMIT) {
          throw new TemplateFault(first.start, `more than ${VARIABLE_LIMIT} variables are declared here`);
        }
        return { kind: 'pipeline', declares, assigns, commands, start: first.start, end: token.end };
      }
      commands.push(this.#command(commands.length, until));
    }
  }

  /** `$x :=`, `$x =` and, in range, `$i, $e :=`. The variables come into being after the pipeline's own value. */
  #declarations(what: string): { declares: string[]; assigns: boolean } {
    const declared: Token[] = [];
    for (;;) {
      const variable = this.#tokens.peekWord();
      if (variable.kind !== 'variable') break;
      this.#tokens.nextWord();
      const after = this.#tokens.next();
      const sign = after.kind === 'space' ? this.#tokens.next() : after;
      if (sign.kind === 'assign' || sign.kind === 'declare') {
        declared.push(variable);
        const assigns = sign.kind === 'assign';
        if (assigns) for (const token of declared) this.#known(token);
        return { declares: declared.map((token) => token.text), assigns };
      }
      if (sign.kind === 'punctuation' && sign.text === ',') {
        if (what !== 'range' || declared.length > 0)
          throw new TemplateFault(sign.start, `too many variables in ${what}`);
        declared.push(variable);
        continue;
      }
      if (declared.length > 0) throw unexpected(sign, ':= after the variables of range');
      this.#tokens.putBack(...(after === sign ? [variable, after] : [variable, after, sign]));
      break;
    }
    if (declared.length > 0) throw unexpected(this.#tokens.peekWord(), 'a second variable in range');
    return { declares: [], assigns: false };
  }

  /** `operand (space operand)*`, up to a pipe (which is read) or the end of the pipeline (which is not). */
  #command(stage: number, until: TokenKind): Command {
    const operands: Expression[] = [];
    const start = this.#tokens.peekWord().start;
    let end = start;
    for (;;) {
      operands.push(this.#operand());
      end = operands.at(-1)?.end ?? end;
      const after = this.#tokens.next();
      const token = after.kind === 'space' ? this.#tokens.next() : after;
      if (token.kind === until) {
        this.#tokens.putBack(token);
        break;
      }
      if (token.kind === 'pipe') {
        const next = this.#tokens.peekWord();
        if (next.kind === until) throw unexpected(next, 'a function after |');
        break;
      }
      if (after.kind !== 'space') throw unexpected(token, 'a space, |, or the end of the expression');
      this.#tokens.putBack(token);
    }
    const [head, ...args] = operands;
    if (head === undefined) throw new TemplateFault(start, 'expected a value');
    this.#checkHead(head, args, stage);
    return { head, args, start, end };
  }

  #checkHead(head: Expression, args: readonly Expression[], stage: number): void {
    if (stage > 0 && (head.kind === 'literal' || head.kind === 'dot' || head.kind === 'nil')) {
      throw new TemplateFault(head.start, 'a function was expected after |, this is a value');
    }
    if (head.kind !== 'identifier' || this.#functions.has(head.name)) return;
    if (args.length === 0 && stage === 0) return;
    throw new TemplateFault(
      head.start,
      `there is no function "${head.name}"${didYouMean(head.name, this.#functions.keys())}`,
    );
  }

  /** A term, with the fields after it. */
  #operand(): Expression {
    const term = this.#term();
    const names: Name[] = [];
    for (let token = this.#tokens.next(); ; token = this.#tokens.next()) {
      if (token.kind !== 'field') {
        this.#tokens.putBack(token);
        break;
      }
      names.push({ text: token.text.slice(1), start: token.start });
    }
    const last = names.at(-1);
    if (last === undefined) return term;
    const end = last.start + 1 + last.text.length;
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, names: [...term.names, ...names], end };
      case 'identifier':
      case 'pipeline':
        return { kind: 'chain', base: term, names, start: term.start, end };
      default:
        throw new TemplateFault(term.end, `unexpected . after ${this.#text.slice(term.start, term.end)}`);
    }
  }

  #term(): Expression {
    const token = this.#tokens.nextWord();
    const { start, end, text } = token;
    switch (token.kind) {
      case 'identifier':
        this.#note(text, start);
        return { kind: 'identifier', name: text, start, end };
      case 'dot':
        return { kind: 'dot', start, end };
      case 'field':
        return { kind: 'field', names: [{ text: text.slice(1), start }], start, end };
      case 'variable':
        return { kind: 'variable', name: this.#known(token), names: [], start, end };
      case 'string': {
        const value = unquote(text);
        if (value === undefined) throw new TemplateFault(start, `the string ${text} has an escape that is none`);
        return { kind: 'literal', value, start, end };
      }
      case 'character': {
        const value = charOf(text);
        if (value === undefined)
          throw new TemplateFault(start, `${text} is not one character; strings are written "…"`);
        return { kind: 'literal', value, start, end };
      }
      case 'number': {
        const read = numberFrom(text);
        if ('problem' in read) throw new TemplateFault(start, read.problem);
        return { kind: 'literal', value: read.value, start, end };
      }
      case 'left parenthesis': {
        this.enter(start);
        const inner = this.pipeline('right parenthesis', 'a parenthesis');
        this.leave();
        return { ...inner, start };
      }
      case 'keyword':
        if (text === 'nil') return { kind: 'nil', start, end };
        if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', start, end };
        throw unexpected(token, 'a value');
      default:
        throw unexpected(token, 'a value (a field, variable, function, string, number or parenthesis)');
    }
  }

  /** Notes the call of a function. @throws TemplateFault when it may not be called */
  #note(name: string, start: number): void {
    const known = this.#functions.get(name);
    if (known === undefined) return;
    if (known.refused !== undefined) throw new TemplateFault(start, `${name} ${known.refused}`);
    this.calls.add(name);
  }

  #known(variable: Token): string {
    if (!this.variables.includes(variable.text)) {
      const hint = didYouMean(variable.text, this.variables.slice(1));
      throw new TemplateFault(variable.start, `the variable ${variable.text} is not declared${hint}`);
    }
    return variable.text;
  }

  /** Goes one block or parenthesis deeper. @throws TemplateFault where that is too deep */
  enter(start: number): void {
    this.#nesting += 1;
    if (this.#nesting > NESTING_LIMIT) throw new TemplateFault(start, `nested more than ${NESTING_LIMIT} deep`);
  }

  leave(): void {
    this.#nesting -= 1;
  }
}
