import { TinsmithError } from '../../../errors.ts';
import type { Template } from './ast.ts';
import { LIMITS, type Limits } from './budget.ts';
import { type EvaluateOptions, evaluate, type Rendered } from './evaluate.ts';
import { TemplateFault } from './faults.ts';
import { type FunctionMap, GO_FUNCTIONS } from './functions.ts';
import { parse as parseText } from './parser.ts';
import { LineIndex } from './position.ts';
import type { Value } from './values.ts';

export type { Node, Template } from './ast.ts';
export { LIMITS, type Limits } from './budget.ts';
export type { Rendered } from './evaluate.ts';
export { FunctionFault } from './faults.ts';
export { plain, sprint } from './format.ts';
export {
  type FunctionMap,
  fixed,
  GO_FUNCTIONS,
  type Spend,
  stringArgument,
  type TemplateFunction,
  variadic,
} from './functions.ts';
export { type Origin, Output, type SourceMap } from './output.ts';
export { LineIndex, type Position } from './position.ts';
export * from './values.ts';
export { isPrintable, quote } from './verbs.ts';

/** How to render. */
export interface RenderOptions {
  /** Functions that templates may call; Go's own when not given. */
  functions?: FunctionMap;
  limits?: Limits;
  /** A hole whose value is nil: `print` writes `<no value>` as Go does, `refuse` makes it an error. Default `print`. */
  nilHoles?: EvaluateOptions['nilHoles'];
}

/**
 * Parses a Go text/template.
 *
 * @throws TinsmithError INVALID_INPUT with one problem: line and column of the template text, and what was expected.
 */
export function parse(text: string, functions: FunctionMap = GO_FUNCTIONS): Template {
  return placed(text, () => parseText(text, functions));
}

/**
 * Runs a parsed template on `data`; a missing key is an error.
 *
 * @throws TinsmithError INVALID_INPUT with one problem: line and column of the hole, and what is there instead.
 */
export function execute(template: Template, data: Value, options: RenderOptions = {}): Rendered {
  const { functions = GO_FUNCTIONS, limits = LIMITS, nilHoles = 'print' } = options;
  return placed(template.text, () => evaluate(template, data, { functions, limits, nilHoles }));
}

/**
 * Renders a Go text/template: {@link parse}, then {@link execute}.
 *
 * @returns the text, and a map from its offsets back to the template text.
 * @throws TinsmithError INVALID_INPUT
 */
export function render(text: string, data: Value, options: RenderOptions = {}): Rendered {
  return execute(parse(text, options.functions), data, options);
}

/** Gives a fault its line and column. */
function placed<T>(text: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    const { line, column } = new LineIndex(text).positionOf(Math.min(error.offset, text.length));
    throw new TinsmithError('INVALID_INPUT', `line ${line}, column ${column} of the template: ${error.message}`, {
      next: 'Correct the template there, or give the value that it asks for.',
      problems: [{ field: '', message: error.message, line, column }],
    });
  }
}
