import type { Action, Control, Node, Template, TemplateCall } from './ast.ts';
import { ExpressionParser } from './expressions.ts';
import { TemplateFault } from './faults.ts';
import type { FunctionMap } from './functions.ts';
import type { Token } from './lexer.ts';
import { unquote } from './literals.ts';
import { Tokens, unexpected } from './tokens.ts';

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
export function parse(text: string, functions: FunctionMap): Template {
  return new Parser(text, functions).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: Tokens;
  readonly #expressions: ExpressionParser;
  readonly #defined = new Map<string, readonly Node[]>();
  #loops = 0;

  constructor(text: string, functions: FunctionMap) {
    this.#text = text;
    this.#tokens = new Tokens(text);
    this.#expressions = new ExpressionParser(text, this.#tokens, functions);
  }

  /** Parses, and says of a mistake on a later line of a hole where the hole began: perhaps its end is missing. */
  parse(): Template {
    try {
      return this.#whole();
    } catch (error) {
      const opened = this.#tokens.opened;
      if (!(error instanceof TemplateFault) || opened === undefined) throw error;
      if (!this.#text.slice(opened, error.offset).includes('\n')) throw error;
      const line = this.#text.slice(0, opened).split('\n').length;
      throw new TemplateFault(error.offset, `${error.message}; the {{ of line ${line} is not closed before`);
    }
  }

  #whole(): Template {
    const root: Node[] = [];
    for (let token = this.#tokens.next(); token.kind !== 'end of text'; token = this.#tokens.next()) {
      if (token.kind === 'text') {
        root.push({ kind: 'text', text: token.text, start: token.start, end: token.end });
        continue;
      }
      const word = this.#tokens.peekWord();
      if (word.kind === 'keyword' && word.text === 'define') {
        this.#define();
        continue;
      }
      const node = this.#action(token);
      if ('word' in node) throw new TemplateFault(node.start, `unexpected {{${node.word}}}, no block is open here`);
      root.push(node);
    }
    return { text: this.#text, root, defined: this.#defined, calls: this.#expressions.calls };
  }

  #define(): void {
    const keyword = this.#tokens.nextWord();
    const name = this.#templateName('define');
    this.#tokens.expect('close', '}} after the name of the template');
    this.#install(name, this.#ownScope(keyword.start, 'define'), keyword.start);
  }

  /** The body of `define` or `block`: no outer variables, no outer loop. */
  #ownScope(start: number, what: string): readonly Node[] {
    const outer = { variables: this.#expressions.variables, loops: this.#loops };
    this.#expressions.variables = ['$'];
    this.#loops = 0;
    const { nodes, ending } = this.#list(start, what);
    if (ending.word === 'else')
      throw new TemplateFault(ending.start, `unexpected {{else}} in ${what}; expected {{end}}`);
    this.#expressions.variables = outer.variables;
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
    this.#expressions.enter(start);
    const nodes: Node[] = [];
    for (let token = this.#tokens.next(); token.kind !== 'end of text'; token = this.#tokens.next()) {
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text, start: token.start, end: token.end });
        continue;
      }
      const node = this.#action(token);
      if ('word' in node) {
        this.#expressions.leave();
        return { nodes, ending: node };
      }
      nodes.push(node);
    }
    throw new TemplateFault(start, `{{${what}}} is never closed; expected {{end}}`);
  }

  /** One `{{ … }}` whose opening delimiter was read. */
  #action(open: Token): Node | Ending {
    const word = this.#tokens.peekWord();
    if (word.kind !== 'keyword') return this.#hole(open);
    switch (word.text) {
      case 'if':
      case 'with':
      case 'range':
        this.#tokens.nextWord();
        return this.#control(word.text, open.start);
      case 'template':
      case 'block':
        this.#tokens.nextWord();
        return this.#call(word.text, open.start);
      case 'break':
      case 'continue': {
        this.#tokens.nextWord();
        const close = this.#tokens.expect('close', `}} after ${word.text}`);
        if (this.#loops === 0) throw new TemplateFault(word.start, `{{${word.text}}} outside {{range}}`);
        return { kind: word.text, start: open.start, end: close.end };
      }
      case 'end':
        this.#tokens.nextWord();
        this.#tokens.expect('close', '}} after end');
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
    this.#tokens.nextWord();
    const next = this.#tokens.peekWord();
    if (next.kind === 'keyword' && (next.text === 'if' || next.text === 'with')) {
      this.#tokens.nextWord();
      return { word: 'else', again: next.text, start };
    }
    this.#tokens.expect('close', '}}, "if" or "with" after else');
    return { word: 'else', again: undefined, start };
  }

  #hole(open: Token): Action {
    const pipeline = this.#expressions.pipeline('close', 'a hole');
    return { kind: 'action', pipeline, start: open.start, end: pipeline.end };
  }

  #control(kind: Control['kind'], start: number): Control {
    this.#expressions.enter(start);
    const mark = this.#expressions.variables.length;
    const pipeline = this.#expressions.pipeline('close', kind);
    if (kind === 'range') this.#loops += 1;
    const { nodes: body, ending } = this.#list(start, kind);
    if (kind === 'range') this.#loops -= 1;
    const otherwise = ending.word === 'end' ? undefined : this.#otherwise(kind, ending);
    this.#expressions.variables.length = mark;
    this.#expressions.leave();
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
    const bare = word === 'template' && this.#tokens.peekWord().kind === 'close';
    const pipeline = bare ? undefined : this.#expressions.pipeline('close', word);
    const end = pipeline?.end ?? this.#tokens.nextWord().end;
    if (word === 'block') this.#install(name, this.#ownScope(start, 'block'), start);
    return { kind: 'template', name, pipeline, start, end };
  }

  #templateName(what: string): string {
    const token = this.#tokens.nextWord();
    const name = token.kind === 'string' ? unquote(token.text) : undefined;
    if (name === undefined) throw unexpected(token, `the quoted name of a template after ${what}`);
    return name;
  }
}

/** Only space (comments leave nothing): such a definition may be replaced, as in Go. */
function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}
