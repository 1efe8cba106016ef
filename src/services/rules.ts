/**
 * Router rules as Traefik v2 writes them (doc.traefik.io/traefik/v2.11/routing/routers): `Host`, `Path`, `PathPrefix`
 * and `Method`, joined by `&&`, `||`, `!` and parentheses. Pure.
 */

/** A rule; the values of one condition are alternatives. */
export type Rule =
  | { kind: 'host' | 'path' | 'prefix' | 'method'; values: string[] }
  | { kind: 'and' | 'or'; rules: Rule[] }
  | { kind: 'not'; rule: Rule };

/** What a rule looks at. */
export interface RuleRequest {
  /** Without port; undefined: not known, so that conditions on it hold, negated or not. */
  host: string | undefined;
  /** As sent: percent-encoded, without the query. */
  path: string;
  method: string;
}

const CONDITIONS = {
  host: 'host',
  // Traefik: the same as Host, for historical reasons.
  hostheader: 'host',
  path: 'path',
  pathprefix: 'prefix',
  method: 'method',
} as const;
/** Traefik's other conditions, by their names in lower case. */
const UNSUPPORTED = ['headers', 'headersregexp', 'hostregexp', 'query', 'clientip', 'hostsni', 'hostsniregexp', 'alpn'];
const SUPPORTED = 'Host, Path, PathPrefix and Method, with &&, ||, ! and parentheses';

/** A rule is parsed and matched by recursion. */
const DEPTH_MAX = 50;
const LENGTH_MAX = 8192;

type Token = { at: number } & (
  | { kind: 'name' | 'text'; text: string }
  | { kind: '(' | ')' | ',' | '!' | '&&' | '||' }
  | { kind: 'end' }
);

class Wrong extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const TOKEN = /\s*(?:(\|\||&&|[(),!])|([A-Za-z]\w*)|(`[^`]*`|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\S)|$)/suy;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Wrong('cannot be read', 0);
    const [whole, operator, name, quoted, other] = match;
    const at = TOKEN.lastIndex - whole.trimStart().length;
    if (operator !== undefined) found.push({ kind: operator as '&&', at });
    else if (name !== undefined) found.push({ kind: 'name', text: name, at });
    else if (quoted !== undefined) {
      const inside = quoted.slice(1, -1);
      found.push({ kind: 'text', text: quoted.startsWith('`') ? inside : inside.replace(/\\(.)/gsu, '$1'), at });
    } else if (other === undefined) {
      found.push({ kind: 'end', at: text.length });
      return found;
    } else if ('`"\''.includes(other)) throw new Wrong(`the ${other} that opens here is not closed`, at);
    else throw new Wrong(`${other} means nothing here`, at);
  }
}

function shown(token: Token): string {
  if (token.kind === 'end') return 'the rule ends';
  return `${'text' in token ? token.text : token.kind} comes`;
}

/** Recursive descent; `!` binds more than `&&`, and that more than `||`, as in Go. */
class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  parse(): Rule {
    const rule = this.#or();
    if (this.#next.kind !== 'end') throw new Wrong(`&& or || must come here, and ${shown(this.#next)}`, this.#next.at);
    return rule;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', at: 0 };
  }

  #take(kind: Token['kind']): boolean {
    if (this.#next.kind !== kind) return false;
    this.#at++;
    return true;
  }

  #must(kind: '(' | ')', where: string): void {
    const { at } = this.#next;
    if (!this.#take(kind)) throw new Wrong(`${kind} must come ${where}, and ${shown(this.#next)}`, at);
  }

  #or(): Rule {
    return this.#joined('or', '||', () => this.#joined('and', '&&', () => this.#single()));
  }

  #joined(kind: 'and' | 'or', operator: '&&' | '||', part: () => Rule): Rule {
    const first = part();
    const rules = [first];
    while (this.#take(operator)) rules.push(part());
    return rules.length === 1 ? first : { kind, rules };
  }

  #single(): Rule {
    const token = this.#next;
    if (++this.#depth > DEPTH_MAX) throw new Wrong(`is nested more than ${DEPTH_MAX} deep`, token.at);
    try {
      if (this.#take('!')) return { kind: 'not', rule: this.#single() };
      if (this.#take('(')) {
        const rule = this.#or();
        this.#must(')', 'here');
        return rule;
      }
      if (token.kind !== 'name') {
        throw new Wrong(`a condition such as Path(\`/x\`) must come here, and ${shown(token)}`, token.at);
      }
      this.#at++;
      return this.#condition(token.text, token.at);
    } finally {
      this.#depth--;
    }
  }

  #condition(name: string, at: number): Rule {
    const key = name.toLowerCase();
    if (UNSUPPORTED.includes(key)) throw new Wrong(`${name} is not supported; there are ${SUPPORTED}`, at);
    if (!Object.hasOwn(CONDITIONS, key)) throw new Wrong(`there is no condition ${name}; there are ${SUPPORTED}`, at);
    const kind = CONDITIONS[key as keyof typeof CONDITIONS];
    this.#must('(', `after ${name}`);
    const values: string[] = [];
    do {
      const token = this.#next;
      if (token.kind !== 'text') throw new Wrong(`a text in quotes must come here, and ${shown(token)}`, token.at);
      this.#at++;
      values.push(checkedValue(kind, token.text, token.at));
    } while (this.#take(','));
    this.#must(')', `after what ${name} is to be`);
    return { kind, values };
  }
}

function checkedValue(kind: 'host' | 'path' | 'prefix' | 'method', text: string, at: number): string {
  switch (kind) {
    case 'host':
      if (!/^[^\s:/]+$/.test(text)) throw new Wrong(`${text || 'an empty text'} is not a host's name without port`, at);
      return plainHost(text);
    case 'path':
    case 'prefix':
      if (!text.startsWith('/')) throw new Wrong(`the path ${text || '(empty)'} does not begin with /`, at);
      if (/[{}]/.test(text)) throw new Wrong(`${text} is a pattern; patterns in braces are not supported`, at);
      if (/[?#\s]/.test(text)) throw new Wrong(`${text} is not a path: no request's path has ? or # or a blank`, at);
      return text;
    case 'method':
      if (!/^[A-Za-z]+$/.test(text)) throw new Wrong(`${text || 'an empty text'} is not an HTTP method`, at);
      return text.toUpperCase();
  }
}

/** A host's name as it is compared: in lower case, without the dot of the root. */
function plainHost(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Reads a rule. `at` is the place of the problem in the text, from 0. Never throws. */
export function parseRule(text: string): { rule: Rule } | { problem: string; at: number } {
  if (text.length > LENGTH_MAX) return { problem: `is longer than ${LENGTH_MAX} characters`, at: LENGTH_MAX };
  try {
    return { rule: new Parser(text).parse() };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message, at: error.at };
    throw error;
  }
}

/** Whether a request is the rule's. Hosts are compared without regard to case; paths and methods as they are. */
export function matches(rule: Rule, request: RuleRequest): boolean {
  return is(rule, request, true);
}

/** Whether the rule is `wanted`, with the negations moved inwards: there a host that is not known fits both ways. */
function is(rule: Rule, request: RuleRequest, wanted: boolean): boolean {
  switch (rule.kind) {
    case 'not':
      return is(rule.rule, request, !wanted);
    case 'and':
    case 'or':
      return (rule.kind === 'and') === wanted
        ? rule.rules.every((each) => is(each, request, wanted))
        : rule.rules.some((each) => is(each, request, wanted));
    case 'host':
      return request.host === undefined || rule.values.includes(plainHost(request.host)) === wanted;
    case 'path':
      return rule.values.includes(request.path) === wanted;
    case 'prefix':
      return rule.values.some((prefix) => request.path.startsWith(prefix)) === wanted;
    case 'method':
      return rule.values.includes(request.method) === wanted;
  }
}

/** The kinds of condition that a rule has. */
export function conditionsOf(rule: Rule): Set<'host' | 'path' | 'prefix' | 'method'> {
  switch (rule.kind) {
    case 'not':
      return conditionsOf(rule.rule);
    case 'and':
    case 'or':
      return new Set(rule.rules.flatMap((each) => [...conditionsOf(each)]));
    default:
      return new Set([rule.kind]);
  }
}
