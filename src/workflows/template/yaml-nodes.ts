/** What can be said of a YAML node alone. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';

/** Where it begins in the text. */
export function offsetOf(node: unknown): number | undefined {
  return (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined) ?? undefined;
}

/** Failsafe reads everything as text; this is what the core schema takes for null. */
export function isNull(scalar: Scalar): boolean {
  return scalar.type === 'PLAIN' && ['', '~', 'null', 'Null', 'NULL'].includes(String(scalar.source ?? scalar.value));
}

/** What the core schema makes of a scalar. */
export function plainValue(scalar: Scalar, text: string): unknown {
  if (scalar.type !== 'PLAIN') return text;
  if (isNull(scalar)) return null;
  if (/^(true|True|TRUE|false|False|FALSE)$/.test(text)) return text.toLowerCase() === 'true';
  if (
    /^[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+)$/.test(text) ||
    /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)
  )
    return Number(text.replace(/^\+/, ''));
  return text;
}

/** What it is, for people. */
export function shape(node: Node | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  return isScalar(node) ? `the text ${JSON.stringify(String(node.value).slice(0, 60))}` : 'nothing';
}

/** The library's messages, those that it words for programmers apart; `depth` is the deepest that is read. */
export function wordsOf(code: string, message: string, depth: number): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document (---) begins here; a template is one document';
  if (code === 'RESOURCE_EXHAUSTION') return `nested more than ${depth} deep`;
  if (code === 'TAB_AS_INDENT') return 'a tab is used for indentation; YAML allows spaces only';
  return `YAML: ${message}`;
}
