/** The step of a Task that is a container, filled in. */
import { containerOf, type TaskStep } from '../../content/objects.ts';
import { TinsmithError } from '../../errors.ts';
import type { Container } from '../../workflows/template/document.ts';
import { readWrittenContainer } from '../../workflows/template/written-container.ts';
import type { Rendering } from './rendering.ts';

/**
 * What is run, and for how many seconds at most (0: no limit). Of a script the latter alone.
 * @throws TinsmithError INVALID_INPUT: what cannot be filled in, or all that is no container once it is
 */
export function containerStep(
  step: TaskStep,
  rendering: Rendering,
): { container: Container | undefined; timeout: number } {
  if (step.image === undefined && step.timeout === undefined) return { container: undefined, timeout: 0 };
  const { timeout } = step;
  const written = { ...containerOf(step), ...(timeout === undefined ? {} : { timeout }) };
  const { problems, ...read } = readWrittenContainer(filledIn(written, rendering, '') as object);
  if (problems.length === 0) return read;
  const message = problems.map((each) => `${each.field}: ${each.message}`).join('; ');
  throw new TinsmithError('INVALID_INPUT', message, { problems });
}

function filledIn(value: unknown, rendering: Rendering, field: string): unknown {
  if (typeof value === 'string') return value.includes('{{') ? rendering.text(value, field) : value;
  if (Array.isArray(value)) return value.map((each, index) => filledIn(each, rendering, `${field}[${index}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      filledIn(each, rendering, field === '' ? key : `${field}.${key}`),
    ]),
  );
}
