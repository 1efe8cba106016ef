/** Input at the border: a schema's complaints become problems with field paths. */
import type { z } from 'zod';
import { TinsmithError } from '../errors.ts';

/**
 * @param what is checked, for problems with the whole of it.
 * @throws TinsmithError INVALID_INPUT with every problem.
 */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown, what = 'the body'): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => ({
    field: issue.path.map(String).join('.') || what,
    // What is wrong with a key stands one level below.
    message: (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message,
  }));
  throw new TinsmithError(
    'INVALID_INPUT',
    `The request is not usable: ${problems.map(({ field, message }) => `${field}: ${message}`).join('; ')}.`,
    { problems },
  );
}
