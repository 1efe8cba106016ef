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

/** What it is, for people. */
export function shape(node: Node | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  return isScalar(node) ? `the text ${JSON.stringify(String(node.value).slice(0, 60))}` : 'nothing';
}
