import { TinsmithError } from '../../../errors.ts';
import type { Template } from './ast.ts';
import { type Budget, LIMITS, type Limits } from './budget.ts';
import { type Associated, type EvaluateOptions, evaluate, evaluateWithin, type Rendered } from './evaluate.ts';
import { TemplateFault } from './faults.ts';
import { type FunctionMap, GO_FUNCTIONS } from './functions.ts';
import { parse as parseText } from './parser.ts';
import { LineIndex } from './position.ts';
import type { Value } from './values.ts';

export type { Node, Template } from './ast.ts';
export { Budget, LIMITS, type Limits } from './budget.ts';
export type { Associated, Rendered } from './evaluate.ts';
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
  /** Templates of other texts, for `{{template "name"}}` of a name that the text itself does not define. */
  templates?: EvaluateOptions['templates'];
  /** What is left for several renderings together; `limits` do not count then. */
  budget?: Budget;
  /** What messages call the text. Default: `template`. */
  name?: string;
}

/**
 * Parses a Go text/template.
 *
 * @throws TinsmithError INVALID_INPUT with one problem: line and column of the template text, and what was expected.
 */
export function parse(text: string, functions: FunctionMap = GO_FUNCTIONS, name?: string): Template {
  return placed(text, () => parseText(text, functions), name);
}

/**
 * Runs a parsed template on `data`; a missing key is an error.
 *
 * @throws TinsmithError INVALID_INPUT with one problem: line and column of the hole, and what is there instead.
 */
export function execute(template: Template, data: Value, options: RenderOptions = {}): Rendered {
  return placed(template.text, () => evaluate(template, data, evaluateOptions(options)), options.name);
}

/**
 * Parses a text in the middle of the rendering of another one, for a function or method that templates call.
 *
 * @param name what messages call the text
 * @throws TemplateFault, which {@link execute} of the outermost text gives its place
 */
export function parseWithin(name: string, text: string, functions: FunctionMap): Associated {
  try {
    return { name, template: parseText(text, functions) };
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    throw new TemplateFault(error.offset, error.message, { name, text });
  }
}

/**
 * Runs a template in the middle of the rendering of another one. `options` must have its budget, or templates could call
 * themselves for ever.
 *
 * @throws TemplateFault, which {@link execute} of the outermost text gives its place
 */
export function executeWithin(
  associated: Associated,
  data: Value,
  options: RenderOptions & { budget: Budget },
): string {
  return evaluateWithin(associated, data, { ...evaluateOptions(options), budget: options.budget });
}

function evaluateOptions(options: RenderOptions): EvaluateOptions {
  const { functions = GO_FUNCTIONS, limits = LIMITS, nilHoles = 'print', templates, budget } = options;
  return { functions, limits, nilHoles, templates, budget };
}

/**
 * Renders a Go text/template: {@link parse}, then {@link execute}.
 *
 * @returns the text, and a map from its offsets back to the template text.
 * @throws TinsmithError INVALID_INPUT
 */
export function render(text: string, data: Value, options: RenderOptions = {}): Rendered {
  return execute(parse(text, options.functions, options.name), data, options);
}

/** Gives a fault its line and column. */
function placed<T>(whole: string, work: () => T, called = 'template'): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    const { name, text } = error.within ?? { name: called, text: whole };
    const { line, column } = new LineIndex(text).positionOf(Math.min(error.offset, text.length));
    throw new TinsmithError('INVALID_INPUT', `line ${line}, column ${column} of the ${name}: ${error.message}`, {
      next: 'Correct the template there, or give the value that it asks for.',
      problems: [{ field: '', message: error.within ? `${name}: ${error.message}` : error.message, line, column }],
    });
  }
}
