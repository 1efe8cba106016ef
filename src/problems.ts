/** An input's problems as one error. */
import { type ErrorCode, type Problem, TinsmithError } from './errors.ts';

/** How many problems are told at once. */
export const TOLD_LIMIT = 100;

/**
 * Refuses a text that has problems.
 * @param about.of ends "line 1, column 2", as ` of the template`
 * @throws TinsmithError with the first problem by its place in the message, and all of them, up to the limit, with it
 */
export function refuseIf(
  problems: readonly Problem[],
  { code = 'INVALID_INPUT', of = '', next }: { code?: ErrorCode; of?: string; next: string },
): void {
  const sorted = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const [first] = sorted;
  if (first === undefined) return;
  const more = sorted.length > 1 ? ` (and ${sorted.length - 1} more)` : '';
  const field = first.field === '' ? '' : `${first.field}: `;
  const message = `line ${first.line}, column ${first.column}${of}: ${field}${first.message}${more}`;
  throw new TinsmithError(code, message, { next, problems: sorted.slice(0, TOLD_LIMIT) });
}
