import type { TemplateAction, TemplateDocument } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';

/** Characters of the document once each task's volumes and environment are merged into its actions. */
const MERGED_LIMIT = 4 * 1024 * 1024;

/**
 * Compares the limit of a task, or of the whole workflow, with those of its actions: one that could never be reached is
 * a problem, a sum beyond the limit is a warning, since actions may well be faster than they must.
 *
 * @param item where the limit stands; undefined: there is none
 */
export function checkLimit(
  read: FieldReader,
  item: Item | undefined,
  whose: 'task' | 'workflow',
  limit: number,
  actions: readonly TemplateAction[],
): void {
  if (item === undefined || limit === 0) return;
  const run = actions.filter(({ condition }) => condition);
  const longest = run.find(({ timeout }) => timeout > limit);
  if (longest !== undefined) {
    const message = `the ${whose} ends after ${limit} s, before the timeout of its action "${longest.name}"`;
    read.report(item, `${message}, ${longest.timeout} s`);
    return;
  }
  const sum = run.reduce((seconds, { timeout }) => seconds + timeout, 0);
  if (sum > limit) read.warn(item, `the ${whose} ends after ${limit} s, its actions may take ${sum} s together`);
}

/** Reports what aliases and merging have made too large to be kept in every record of a workflow. */
export function checkSize(read: FieldReader, item: Item, document: TemplateDocument): void {
  if (charactersOf(document) <= MERGED_LIMIT) return;
  read.report(item, `the actions with their task's volumes and environment exceed ${MERGED_LIMIT} characters`);
}

function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const [key, inner] of Object.entries(value))
    sum += (Array.isArray(value) ? 0 : key.length) + charactersOf(inner);
  return sum;
}

/** Warns of actions in different tasks that have the same name: only the task's name tells them apart. */
export function checkNames(read: FieldReader, item: Item | undefined, document: TemplateDocument): void {
  const seen = new Map<string, string>();
  const told = new Set<string>();
  for (const task of document.tasks) {
    for (const { name } of task.actions) {
      const other = seen.get(name);
      if (other === undefined) seen.set(name, task.name);
      else if (item !== undefined && other !== task.name && !told.has(name) && !read.isOpen(name) && name !== '') {
        told.add(name);
        read.warn(item, `the tasks "${other}" and "${task.name}" both have an action "${name}"`);
      }
    }
  }
}
