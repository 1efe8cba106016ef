import { didYouMean } from '../nearest.ts';
import type { Command, Control, Expression, Identifier, Name, Node, Pipeline, Template, TemplateCall } from './ast.ts';
import { Budget, type Limits } from './budget.ts';
import { FunctionFault, TemplateFault } from './faults.ts';
import { plain } from './format.ts';
import type { FunctionMap, TemplateFunction } from './functions.ts';
import { noEntry, noMethod, wantedArguments } from './messages.ts';
import { Output, type SourceMap } from './output.ts';
import { entryOf, GoObject, inWords, isInt, isList, isMap, isTrue, keysOf, type Value } from './values.ts';

/** The rendered text, and the way back from it to the template text. */
export interface Rendered {
  text: string;
  map: SourceMap;
}

export interface EvaluateOptions {
  readonly functions: FunctionMap;
  readonly limits: Limits;
  /** A hole whose value is nil: written as Go does (`<no value>`), or an error. */
  readonly nilHoles: 'print' | 'refuse';
  /** Templates of other texts, for `{{template "name"}}` of a name that the text itself does not define. */
  readonly templates?: ((name: string) => Associated | undefined) | undefined;
  /** What is left for all renderings that it is given to; without it, each has its own by `limits`. */
  readonly budget?: Budget | undefined;
}

/** A template of another text, and what messages call that text, such as `shared template "x"`. */
export interface Associated {
  readonly name: string;
  readonly template: Template;
}

/**
 * Runs a parsed template on `data` (Go's Execute with `missingkey=error`). A bare name that is no function stands for
 * the entry of that name in `data`.
 *
 * @throws TemplateFault at the first hole that has no value or cannot be computed, or when a limit is passed.
 */
export function evaluate(template: Template, data: Value, options: EvaluateOptions): Rendered {
  const evaluation = new Evaluation(template, data, options);
  return evaluation.run();
}

/**
 * Runs a template of another text in the middle of a rendering.
 *
 * @throws TemplateFault as {@link evaluate} does; it knows which text it is about.
 */
export function evaluateWithin(
  { name, template }: Associated,
  data: Value,
  options: EvaluateOptions & { readonly budget: Budget },
): string {
  try {
    options.budget.enter(0);
    const { text } = evaluate(template, data, options);
    options.budget.leave();
    return text;
  } catch (error) {
    if (!(error instanceof TemplateFault) || error.within !== undefined) throw error;
    throw new TemplateFault(error.offset, error.message, { name, text: template.text });
  }
}

type Jumped = 'break' | 'continue' | undefined;

interface Binding {
  readonly name: string;
  value: Value;
}

class Evaluation {
  readonly #template: Template;
  readonly #data: Value;
  readonly #options: EvaluateOptions;
  readonly #output = new Output();
  #variables: Binding[];
  readonly #budget: Budget;

  constructor(template: Template, data: Value, options: EvaluateOptions) {
    this.#template = template;
    this.#data = data;
    this.#options = options;
    this.#budget = options.budget ?? new Budget(options.limits);
    this.#variables = [{ name: '$', value: data }];
  }

  run(): Rendered {
    this.#nodes(this.#template.root, this.#data);
    return this.#output.finish(this.#template.text);
  }

  #nodes(nodes: readonly Node[], dot: Value): Jumped {
    const first = nodes[0];
    if (first === undefined) return undefined;
    this.#budget.enter(first.start);
    for (const node of nodes) {
      const jump = this.#node(node, dot);
      if (jump !== undefined) {
        this.#budget.leave();
        return jump;
      }
    }
    this.#budget.leave();
    return undefined;
  }

  #node(node: Node, dot: Value): Jumped {
    this.#budget.spend(1, node.start);
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node, false);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.declares.length === 0) this.#write(this.#printed(value, node.pipeline), node, true);
        return undefined;
      }
      case 'if':
      case 'with':
        return this.#branch(node, dot);
      case 'range':
        return this.#range(node, dot);
      case 'template':
        this.#call(node, dot);
        return undefined;
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #write(text: string, source: { start: number; end: number }, isHole: boolean): void {
    this.#output.write(text, source, isHole);
    this.#budget.checkSize(this.#output.bytes, 'the rendered text', source.start);
  }

  #printed(value: Value, source: Pipeline): string {
    if (typeof value === 'string') return value;
    if (value === null) {
      if (this.#options.nilHoles === 'print') return '<no value>';
      throw new TemplateFault(source.start, `${this.#source(source)} has no value (it is null)`);
    }
    if (typeof value === 'function') throw new TemplateFault(source.start, 'a function cannot be written out');
    this.#budget.spendOn(value, source.start);
    return this.#guarded(source.start, '', () => plain(value));
  }

  #branch(node: Control, dot: Value): Jumped {
    const mark = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot);
    let jump: Jumped;
    if (isTrue(value)) jump = this.#nodes(node.body, node.kind === 'with' ? value : dot);
    else if (node.otherwise !== undefined) jump = this.#nodes(node.otherwise, dot);
    this.#variables.length = mark;
    return jump;
  }

  #range(node: Control, dot: Value): Jumped {
    const mark = this.#variables.length;
    const value = this.#pipeline(node.pipeline, dot);
    const inner = this.#variables.length;
    let rounds = 0;
    let jump: Jumped;
    for (const [key, item] of this.#entries(value, node)) {
      rounds += 1;
      this.#budget.spend(1, node.start);
      this.#bindRound(node.pipeline, key, item);
      jump = this.#nodes(node.body, item);
      this.#variables.length = inner;
      if (jump === 'break') break;
    }
    jump = undefined;
    if (rounds === 0 && node.otherwise !== undefined) jump = this.#nodes(node.otherwise, dot);
    this.#variables.length = mark;
    return jump;
  }

  /** Sets the range's variables for one round: one variable takes the item, two take key and item. */
  #bindRound(pipeline: Pipeline, key: Value, item: Value): void {
    const [first, second] = pipeline.declares;
    if (first === undefined) return;
    if (second === undefined) this.#assign(first, item);
    else {
      this.#assign(first, key);
      this.#assign(second, item);
    }
  }

  *#entries(value: Value, node: Control): Generator<[Value, Value]> {
    if (value === null) return;
    if (isList(value)) yield* value.map((item, index): [Value, Value] => [index, item ?? null]);
    else if (isMap(value)) for (const key of keysOf(value)) yield [key, entryOf(value, key) ?? null];
    else if (isInt(value)) {
      for (let index = 0; index < value; index++) yield [index, index];
    } else {
      throw new TemplateFault(node.pipeline.start, `range needs a list, a map or an int, not ${inWords(value)}`);
    }
  }

  #call(node: TemplateCall, dot: Value): void {
    const nodes = this.#template.defined.get(node.name);
    const other = nodes === undefined ? this.#options.templates?.(node.name) : undefined;
    if (other !== undefined) {
      const argument = node.pipeline === undefined ? null : this.#pipeline(node.pipeline, dot);
      const text = evaluateWithin(other, argument, { ...this.#options, budget: this.#budget });
      this.#budget.spendOn(text, node.start);
      this.#write(text, node, true);
      return;
    }
    if (nodes === undefined) {
      const hint = didYouMean(node.name, this.#template.defined.keys());
      throw new TemplateFault(node.start, `there is no template "${node.name}"${hint}`);
    }
    const argument = node.pipeline === undefined ? null : this.#pipeline(node.pipeline, dot);
    const outer = this.#variables;
    this.#variables = [{ name: '$', value: argument }];
    this.#nodes(nodes, argument);
    this.#variables = outer;
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    this.#budget.enter(pipeline.start);
    let value: Value | undefined;
    for (const command of pipeline.commands) value = this.#command(command, dot, value);
    const result = value ?? null;
    for (const name of pipeline.declares) {
      if (pipeline.assigns) this.#assign(name, result);
      else this.#variables.push({ name, value: result });
    }
    this.#budget.leave();
    return result;
  }

  /** One stage; `piped` is the value of the stage before, undefined for the first. */
  #command(command: Command, dot: Value, piped: Value | undefined): Value {
    this.#budget.spend(1, command.start);
    const { head, args } = command;
    if (head.kind === 'identifier') {
      const known = this.#options.functions.get(head.name);
      if (known !== undefined) return this.#invoke(head, known, args, dot, piped);
    }
    if (args.length > 0 || piped !== undefined) {
      const called = this.#methodOf(head, dot);
      if (called !== undefined) return this.#apply(called.name, called.method, args, dot, piped);
      throw new TemplateFault(head.start, `${this.#source(head)} is a value, no function; it takes no arguments`);
    }
    if (head.kind === 'nil') throw new TemplateFault(head.start, 'nil alone is no value');
    return this.#expression(head, dot);
  }

  #expression(expression: Expression, dot: Value): Value {
    switch (expression.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return expression.value;
      case 'field':
        return this.#fields(dot, expression.names, '');
      case 'variable':
        return this.#fields(this.#variable(expression.name), expression.names, expression.name);
      case 'chain':
        return this.#fields(this.#expression(expression.base, dot), expression.names, this.#source(expression.base));
      case 'pipeline':
        return this.#pipeline(expression, dot);
      case 'identifier': {
        const known = this.#options.functions.get(expression.name);
        if (known !== undefined) return this.#invoke(expression, known, [], dot, undefined);
        if (isMap(this.#data)) {
          const value = entryOf(this.#data, expression.name);
          if (value !== undefined) return value;
        }
        if (this.#data instanceof GoObject) {
          const hint = didYouMean(expression.name, this.#options.functions.keys());
          throw new TemplateFault(expression.start, `there is no function "${expression.name}"${hint}`);
        }
        throw new TemplateFault(
          expression.start,
          `${noEntry(expression.name, this.#data)}, and no function of that name`,
        );
      }
    }
  }

  #invoke(
    head: Identifier,
    callee: TemplateFunction,
    args: readonly Expression[],
    dot: Value,
    piped: Value | undefined,
  ): Value {
    if (head.name === 'and' || head.name === 'or') {
      this.#checkCount(head, callee, args.length + (piped === undefined ? 0 : 1));
      return this.#shortCircuit(head.name, args, dot, piped);
    }
    return this.#apply({ text: head.name, start: head.start }, callee, args, dot, piped);
  }

  /** Calls a function or method; `name` is what the template calls it, and where. */
  #apply(
    name: Name,
    callee: TemplateFunction,
    args: readonly Expression[],
    dot: Value,
    piped: Value | undefined,
  ): Value {
    const { start, text } = name;
    this.#checkCount({ name: text, start }, callee, args.length + (piped === undefined ? 0 : 1));
    const values: Value[] = [];
    for (const argument of args) values.push(this.#expression(argument, dot));
    if (piped !== undefined) values.push(piped);
    const each = callee.stepsPerCharacter;
    for (const value of values) {
      this.#budget.spendOn(value, start);
      if (each !== undefined && typeof value === 'string') this.#budget.spend(value.length * each, start);
    }
    const spend = (steps: number): void => this.#budget.spend(steps, start);
    const result = this.#guarded(start, `${text}: `, () => callee.call(values, spend));
    this.#budget.spendOn(result, start);
    return result;
  }

  #checkCount(head: { name: string; start: number }, callee: TemplateFunction, count: number): void {
    if (count >= callee.min && count <= callee.max) return;
    throw new TemplateFault(head.start, `${head.name} takes ${wantedArguments(callee, count)}, not ${count}`);
  }

  /** The method that an operand with arguments names, such as `$time.Format`; undefined when it names none. */
  #methodOf(head: Expression, dot: Value): { name: Name; method: TemplateFunction } | undefined {
    if (head.kind !== 'field' && head.kind !== 'variable' && head.kind !== 'chain') return undefined;
    const name = head.names.at(-1);
    if (name === undefined) return undefined;
    const receiver = this.#expression({ ...head, names: head.names.slice(0, -1) }, dot);
    if (!(receiver instanceof GoObject)) return undefined;
    const method = receiver.method(name.text);
    if (method === undefined) throw new TemplateFault(name.start, noMethod(name.text, receiver));
    return { name, method };
  }

  /** Does `work`; a function's fault in it becomes one of the template at `offset`. */
  #guarded<T>(offset: number, prefix: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof FunctionFault)
        throw new TemplateFault(offset, error.namesCall ? error.message : prefix + error.message);
      throw error;
    }
  }

  /** `and` and `or` evaluate no argument after the one that decides. */
  #shortCircuit(name: 'and' | 'or', args: readonly Expression[], dot: Value, piped: Value | undefined): Value {
    let value: Value = null;
    for (const argument of args) {
      value = this.#expression(argument, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === undefined ? value : piped;
  }

  /** Follows `.a.b` from `from`; `path` is what led there, for messages. */
  #fields(from: Value, names: readonly Name[], path: string): Value {
    let value = from;
    let walked = path;
    for (const name of names) {
      if (value instanceof GoObject) {
        const method = value.method(name.text);
        if (method === undefined) throw new TemplateFault(name.start, noMethod(name.text, value));
        value = this.#apply(name, method, [], null, undefined);
        walked += `.${name.text}`;
        continue;
      }
      if (!isMap(value)) {
        const where = walked === '' ? 'the current value (.)' : walked;
        throw new TemplateFault(name.start, `${where} is ${inWords(value)}, it has no field "${name.text}"`);
      }
      const next = entryOf(value, name.text);
      if (next === undefined) {
        const where = walked === '' || walked === '$' ? '' : `${walked}: `;
        throw new TemplateFault(name.start, `${where}${noEntry(name.text, value)}`);
      }
      value = next;
      walked += `.${name.text}`;
    }
    return value;
  }

  #variable(name: string): Value {
    return this.#binding(name)?.value ?? null;
  }

  #assign(name: string, value: Value): void {
    const binding = this.#binding(name);
    if (binding !== undefined) binding.value = value;
  }

  /** The innermost binding; the parser has seen to it that there is one. */
  #binding(name: string): Binding | undefined {
    return this.#variables.findLast((binding) => binding.name === name);
  }

  #source(node: { start: number; end: number }): string {
    return this.#template.text.slice(node.start, Math.min(node.end, node.start + 60)).replace(/\s*-?\}\}$/, '');
  }
}
