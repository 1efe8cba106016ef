import {
  type FunctionMap,
  fixed,
  GoObject,
  kindOf,
  type TemplateFunction,
  typeOf,
  type Value,
} from '../gotemplate/index.ts';
import { text } from './arguments.ts';

/** What a value is: Go's types and kinds. */
export const TYPES: FunctionMap = new Map<string, TemplateFunction>([
  ['typeOf', fixed(1, ([value = null]) => typeOf(value))],
  ['typeIs', fixed(2, ([type, value = null]) => text(type) === typeOf(value))],
  ['typeIsLike', fixed(2, ([type, value = null]) => [text(type), `*${text(type)}`].includes(typeOf(value)))],
  ['kindOf', fixed(1, ([value = null]) => goKindOf(value))],
  ['kindIs', fixed(2, ([kind, value = null]) => text(kind) === goKindOf(value))],
]);

/** Go's `reflect.Kind`. */
function goKindOf(value: Value): string {
  if (value instanceof GoObject) return value.kind;
  switch (kindOf(value)) {
    case 'nil':
      return 'invalid';
    case 'int':
    case 'float':
    case 'bool':
    case 'string':
      return typeOf(value);
    case 'list':
      return 'slice';
    case 'map':
      return 'map';
    case 'function':
    case 'object':
      return 'func';
  }
}
