import {
  FunctionFault,
  type FunctionMap,
  fixed,
  GoObject,
  inWords,
  isTrue,
  type TemplateFunction,
  type Value,
  variadic,
} from '../gotemplate/index.ts';
import { text } from './arguments.ts';

/** What to take where a value is empty; and `fail`. */
export const DEFAULTS: FunctionMap = new Map<string, TemplateFunction>([
  ['default', variadic(1, ([fallback = null, given = null]) => (isEmpty(given) ? fallback : given))],
  ['empty', fixed(1, ([value = null]) => isEmpty(value))],
  ['coalesce', variadic(0, (values) => values.find((value) => !isEmpty(value)) ?? null)],
  ['all', variadic(0, (values) => !values.some(isEmpty))],
  ['any', variadic(0, (values) => values.some((value) => !isEmpty(value)))],
  ['ternary', fixed(3, ([yes = null, no = null, condition]) => (truth(condition) ? yes : no))],
  [
    'fail',
    fixed(1, ([message]) => {
      throw new FunctionFault(text(message));
    }),
  ],
]);

/** The zero value of its type: false, 0, nil, and what has no elements or characters. */
export function isEmpty(value: Value): boolean {
  return !(value instanceof GoObject) && !isTrue(value);
}

function truth(value: Value | undefined): boolean {
  if (typeof value === 'boolean') return value;
  throw new FunctionFault(`the condition must be a bool, not ${inWords(value ?? null)}`);
}
