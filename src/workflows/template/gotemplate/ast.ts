import type { Value } from './values.ts';

/** Where a node stands: offsets into the template text, end exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** One name of a chain such as `.Hardware.Disks`, with the offset of its dot. */
export interface Name {
  readonly text: string;
  readonly start: number;
}

/** `.a.b` */
export interface Field extends Span {
  readonly kind: 'field';
  readonly names: readonly Name[];
}

/** `$x.a.b`; `name` includes the dollar sign. */
export interface Variable extends Span {
  readonly kind: 'variable';
  readonly name: string;
  readonly names: readonly Name[];
}

/** `(pipeline).a.b` or `function.a.b` */
export interface Chain extends Span {
  readonly kind: 'chain';
  readonly base: Expression;
  readonly names: readonly Name[];
}

/** A function's name, or the bare name of a value (`{{device_1}}`). */
export interface Identifier extends Span {
  readonly kind: 'identifier';
  readonly name: string;
}

export interface Dot extends Span {
  readonly kind: 'dot';
}

export interface Nil extends Span {
  readonly kind: 'nil';
}

/** A string, number, character or boolean written in the template. */
export interface Literal extends Span {
  readonly kind: 'literal';
  readonly value: Value;
}

export type Expression = Field | Variable | Chain | Identifier | Dot | Nil | Literal | Pipeline;

/** One stage of a pipeline: an operand, or a function with its arguments. */
export interface Command extends Span {
  readonly head: Expression;
  readonly args: readonly Expression[];
}

/** `$x := command | command`; `declares` are the variables set, `assigns` tells `=` from `:=`. */
export interface Pipeline extends Span {
  readonly kind: 'pipeline';
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Text extends Span {
  readonly kind: 'text';
  readonly text: string;
}

/** A hole: `{{ pipeline }}`. */
export interface Action extends Span {
  readonly kind: 'action';
  readonly pipeline: Pipeline;
}

/** `if`, `with` or `range`. */
export interface Control extends Span {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

/** `{{template "name" pipeline}}`, also what `block` leaves behind. */
export interface TemplateCall extends Span {
  readonly kind: 'template';
  readonly name: string;
  readonly pipeline: Pipeline | undefined;
}

/** `{{break}}` and `{{continue}}`. */
export interface Jump extends Span {
  readonly kind: 'break' | 'continue';
}

export type Node = Text | Action | Control | TemplateCall | Jump;

/** A parsed template text: its own nodes, and the templates that it defines by name. */
export interface Template {
  readonly text: string;
  readonly root: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
  /** Names of the functions that are called somewhere in it. */
  readonly calls: ReadonlySet<string>;
}
