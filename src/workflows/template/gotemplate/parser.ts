import { didYouMean } from '../nearest.ts';
import type { Action, Command, Control, Expression, Name, Node, Pipeline, Template, TemplateCall } from './ast.ts';
import { TemplateFault } from './faults.ts';
import { Lexer, type Token, type TokenKind } from './lexer.ts';
import { charOf, numberFrom, unquote } from './literals.ts';

/** How deep blocks and parentheses may stand in one another. */
const NESTING_LIMIT = 100;

/** How many variables may be declared at one place. */
const VARIABLE_LIMIT = 500;

/** What ends a list of nodes: `{{end}}`, or an `{{else}}` with what follows it. */
interface Ending {
  readonly word: 'end' | 'else';
  /** `if` or `with` of `{{else if …}}`; its pipeline is still unread. */
  readonly again: 'if' | 'with' | undefined;
  readonly start: number;
}

/**
 * Parses a template text (Go text/template, with `break`, `continue`, `else with` of the newer releases).
 *
 * A bare name that is no function is let through where it can only mean a value (`{{device_1}}`); with arguments, or
 * later in a pipeline, it must be one of `functions`.
 *
 * @throws TemplateFault at the first mistake.
 */
export function parse(text: string, functions: ReadonlySet<string>): Template {
  return new Parser(text, functions).parse();
}

class Parser {
  readonly #text: string;
  readonly #functions: ReadonlySet<string>;
  readonly #lexer: Lexer;
  readonly #defined = new Map<string, readonly Node[]>();
  #ahead: Token[] = [];
  #variables: string[] = ['$'];
  #loops = 0;
  #nesting = 0;

  constructor(text: string, functions: ReadonlySet<string>) {
    this.#text = text;
    this.#functions = functions;
    this.#lexer = new Lexer(text);
  }

  /** Parses, and says of a mistake on a later line of a hole where the hole began: perhaps its end is missing. */
  parse(): Template {
    try {
      return this.#whole();
    } catch (error) {
      const opened = this.#lexer.opened;
      if (!(error instanceof TemplateFault) || opened === undefined) throw error;
      if (!this.#text.slice(opened, error.offset).includes('\n')) throw error;
      const line = this.#text.slice(0, opened).split('\n').length;
      throw new TemplateFault(error.offset, `${error.message}; the {{ of line ${line} is not closed before`);
    }
  }

  #whole(): Template {
    const root: Node[] = [];
    for (let token = this.#next(); token.kind !== 'end of text'; token = this.#next()) {
      if (token.kind === 'text') {
        root.push({ kind: 'text', text: token.text, start: token.start, end: token.end });
        continue;
      }
      const word = this.#peekWord();
      if (word.kind === 'keyword' && word.text === 'define') {
        this.#define();
        continue;
      }
      const node = this.#action(token);
      if ('word' in node) throw new TemplateFault(node.start, `unexpected {{${node.word}}}, no block is open here`);
      root.push(node);
    }
    return { text: this.#text, root, defined: this.#defined };
  }

  #define(): void {
    const keyword = this.#nextWord();
    const name = this.#templateName('define');
    this.#expect('close', '}} after the name of the template');
    this.#install(name, this.#ownScope(keyword.start, 'define'), keyword.start);
  }

  /** The body of `define` or `block`: no outer variables, no outer loop. */
  #ownScope(start: number, what: string): readonly Node[] {
    const outer = { variables: this.#variables, loops: this.#loops };
    this.#variables = ['$'];
    this.#loops = 0;
    const { nodes, ending } = this.#list(start, what);
    if (ending.word === 'else')
      throw new TemplateFault(ending.start, `unexpected {{else}} in ${what}; expected {{end}}`);
    this.#variables = outer.variables;
    this.#loops = outer.loops;
    return nodes;
  }

  #install(name: string, nodes: readonly Node[], start: number): void {
    const existing = this.#defined.get(name);
    if (existing === undefined || isBlank(existing)) this.#defined.set(name, nodes);
    else if (!isBlank(nodes)) throw new TemplateFault(start, `the template "${name}" is defined twice`);
  }

  /** Nodes up to `{{end}}` or `{{else}}`. `start` and `what` name the block that is open, for the message. */
  #list(start: number, what: string): { nodes: Node[]; ending: Ending } {
    this.#enter(start);
    const nodes: Node[] = [];
    for (let token = this.#next(); token.kind !== 'end of text'; token = this.#next()) {
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text, start: token.start, end: token.end });
        continue;
      }
      const node = this.#action(token);
      if ('word' in node) {
        this.#nesting -= 1;
        return { nodes, ending: node };
      }
      nodes.push(node);
    }
    throw new TemplateFault(start, `{{${what}}} is never closed; expected {{end}}`);
  }

  /** One `{{ … }}` whose opening delimiter was read. */
  #action(open: Token): Node | Ending {
    const word = this.#peekWord();
    if (word.kind !== 'keyword') return this.#hole(open);
    switch (word.text) {
      case 'if':
      case 'with':
      case 'range':
        this.#nextWord();
        return this.#control(word.text, open.start);
      case 'template':
      case 'block':
        this.#nextWord();
        return this.#call(word.text, open.start);
      case 'break':
      case 'continue': {
        this.#nextWord();
        const close = this.#expect('close', `}} after ${word.text}`);
        if (this.#loops === 0) throw new TemplateFault(word.start, `{{${word.text}}} outside {{range}}`);
        return { kind: word.text, start: open.start, end: close.end };
      }
      case 'end':
        this.#nextWord();
        this.#expect('close', '}} after end');
        return { word: 'end', again: undefined, start: open.start };
      case 'else':
        return this.#else(open.start);
      case 'define':
        throw new TemplateFault(word.start, '{{define}} must stand outside all other blocks');
      default:
        return this.#hole(open);
    }
  }

  #else(start: number): Ending {
    this.#nextWord();
    const next = this.#peekWord();
    if (next.kind === 'keyword' && (next.text === 'if' || next.text === 'with')) {
      this.#nextWord();
      return { word: 'else', again: next.text, start };
    }
    this.#expect('close', '}}, "if" or "with" after else');
    return { word: 'else', again: undefined, start };
  }

  #hole(open: Token): Action {
    const pipeline = this.#pipeline('close', 'a hole');
    return { kind: 'action', pipeline, start: open.start, end: pipeline.end };
  }

  #control(kind: Control['kind'], start: number): Control {
    this.#enter(start);
    const mark = this.#variables.length;
    const pipeline = this.#pipeline('close', kind);
    if (kind === 'range') this.#loops += 1;
    const { nodes: body, ending } = this.#list(start, kind);
    if (kind === 'range') this.#loops -= 1;
    const otherwise = ending.word === 'end' ? undefined : this.#otherwise(kind, ending);
    this.#variables.length = mark;
    this.#nesting -= 1;
    return { kind, pipeline, body, otherwise, start, end: pipeline.end };
  }

  #otherwise(kind: Control['kind'], ending: Ending): Node[] {
    if (ending.again !== undefined) {
      if (ending.again !== kind) {
        throw new TemplateFault(
          ending.start,
          `{{else ${ending.again}}} does not fit {{${kind}}}; expected {{else}} or {{end}}`,
        );
      }
      return [this.#control(ending.again, ending.start)];
    }
    const { nodes, ending: last } = this.#list(ending.start, 'else');
    if (last.word === 'else') throw new TemplateFault(last.start, `a second {{else}} in {{${kind}}}; expected {{end}}`);
    return nodes;
  }

  #call(word: 'template' | 'block', start: number): TemplateCall {
    const name = this.#templateName(word);
    const bare = word === 'template' && this.#peekWord().kind === 'close';
    const pipeline = bare ? undefined : this.#pipeline('close', word);
    const end = pipeline?.end ?? this.#nextWord().end;
    if (word === 'block') this.#install(name, this.#ownScope(start, 'block'), start);
    return { kind: 'template', name, pipeline, start, end };
  }

  #templateName(what: string): string {
    const token = this.#nextWord();
    const name = token.kind === 'string' ? unquote(token.text) : undefined;
    if (name === undefined) throw this.#unexpected(token, `the quoted name of a template after ${what}`);
    return name;
  }

  /** `declarations? command ('|' command)*` up to and with the token `until`. */
  #pipeline(until: 'close' | 'right parenthesis', what: string): Pipeline {
    const first = this.#peekWord();
    const { declares, assigns } = this.#declarations(what);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#peekWord();
      if (token.kind === until) {
        this.#nextWord();
        if (commands.length === 0) throw new TemplateFault(token.start, `${what} has no value; expected an expression`);
        if (!assigns) this.#variables.push(...declares);
        if (this.#variables.length > VARIABLE_LIMIT) {
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
      const variable = this.#peekWord();
      if (variable.kind !== 'variable') break;
      this.#nextWord();
      const after = this.#next();
      const sign = after.kind === 'space' ? this.#next() : after;
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
      if (declared.length > 0) throw this.#unexpected(sign, ':= after the variables of range');
      this.#ahead.unshift(...(after === sign ? [variable, after] : [variable, after, sign]));
      break;
    }
    if (declared.length > 0) throw this.#unexpected(this.#peekWord(), 'a second variable in range');
    return { declares: [], assigns: false };
  }

  /** `operand (space operand)*`, up to a pipe (which is read) or the end of the pipeline (which is not). */
  #command(stage: number, until: TokenKind): Command {
    const operands: Expression[] = [];
    const start = this.#peekWord().start;
    let end = start;
    for (;;) {
      operands.push(this.#operand());
      end = operands.at(-1)?.end ?? end;
      const after = this.#next();
      const token = after.kind === 'space' ? this.#next() : after;
      if (token.kind === until) {
        this.#ahead.unshift(token);
        break;
      }
      if (token.kind === 'pipe') {
        const next = this.#peekWord();
        if (next.kind === until) throw this.#unexpected(next, 'a function after |');
        break;
      }
      if (after.kind !== 'space') throw this.#unexpected(token, 'a space, |, or the end of the expression');
      this.#ahead.unshift(token);
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
    throw new TemplateFault(head.start, `there is no function "${head.name}"${didYouMean(head.name, this.#functions)}`);
  }

  /** A term, with the fields after it. */
  #operand(): Expression {
    const term = this.#term();
    const names: Name[] = [];
    for (let token = this.#next(); ; token = this.#next()) {
      if (token.kind !== 'field') {
        this.#ahead.unshift(token);
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
    const token = this.#nextWord();
    const { start, end, text } = token;
    switch (token.kind) {
      case 'identifier':
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
        this.#enter(start);
        const inner = this.#pipeline('right parenthesis', 'a parenthesis');
        this.#nesting -= 1;
        return { ...inner, start };
      }
      case 'keyword':
        if (text === 'nil') return { kind: 'nil', start, end };
        if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', start, end };
        throw this.#unexpected(token, 'a value');
      default:
        throw this.#unexpected(token, 'a value (a field, variable, function, string, number or parenthesis)');
    }
  }

  #known(variable: Token): string {
    if (!this.#variables.includes(variable.text)) {
      const hint = didYouMean(variable.text, this.#variables.slice(1));
      throw new TemplateFault(variable.start, `the variable ${variable.text} is not declared${hint}`);
    }
    return variable.text;
  }

  #enter(start: number): void {
    this.#nesting += 1;
    if (this.#nesting > NESTING_LIMIT) throw new TemplateFault(start, `nested more than ${NESTING_LIMIT} deep`);
  }

  #expect(kind: TokenKind, what: string): Token {
    const token = this.#nextWord();
    if (token.kind !== kind) throw this.#unexpected(token, what);
    return token;
  }

  #unexpected(token: Token, expected: string): TemplateFault {
    const found = token.kind === 'close' ? '}}' : token.kind === 'space' ? 'space' : token.text;
    return new TemplateFault(
      token.start,
      `unexpected ${found === '' ? 'end' : found.slice(0, 40)}; expected ${expected}`,
    );
  }

  #next(): Token {
    return this.#ahead.shift() ?? this.#lexer.next();
  }

  /** The next token that is no space. */
  #nextWord(): Token {
    let token = this.#next();
    while (token.kind === 'space') token = this.#next();
    return token;
  }

  #peekWord(): Token {
    const token = this.#nextWord();
    this.#ahead.unshift(token);
    return token;
  }
}

/** Only space (comments leave nothing): such a definition may be replaced, as in Go. */
function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}
