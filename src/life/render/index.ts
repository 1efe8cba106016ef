/** Templates of a machine's life, filled in: what a task writes and runs, and single texts. */
import { posix } from 'node:path';
import type { Task, TaskStep, TemplateEntry } from '../../content/objects.ts';
import { type Problem, TinsmithError } from '../../errors.ts';
import { TOLD_LIMIT } from '../../problems.ts';
import type { JobStep } from '../../worker/protocol.ts';
import type { Container } from '../../workflows/template/document.ts';
import { didYouMean } from '../../workflows/template/nearest.ts';
import { containerStep } from './container-step.ts';
import type { Owner, RenderContext, RenderedTask, RenderedText } from './context.ts';
import { Rendering } from './rendering.ts';

export { fileOf } from './boot-env.ts';
export type { RenderContext, RenderedTask, RenderedText } from './context.ts';
export { pathOf } from './machine.ts';

/**
 * Fills in the steps of a task for a machine, in their order, without those for other systems.
 * @throws TinsmithError INVALID_INPUT: all required params that are missing, or all templates that cannot be filled in,
 * each with line and column
 */
export function renderTask(task: Task, context: RenderContext): RenderedTask {
  const rendering = new Rendering({ ...context, task }, task.templates);
  const owner = { called: `task ${task.name}`, requiredParams: task.requiredParams };
  const steps = eachEntry(task.templates, owner, rendering, (entry, filled): JobStep<Container> => {
    const { container, timeout } = containerStep(entry, rendering);
    const step = { name: entry.name, ...(timeout > 0 ? { timeout } : {}) };
    if (container) return { ...step, container };
    const interpreter = metaOf(entry, 'interpreter');
    return {
      ...{ ...step, content: filled.content },
      ...(entry.path === '' ? {} : { path: taskPath(filled.path) }),
      ...(interpreter === '' ? {} : { interpreter }),
    };
  });
  return { steps, secrets: rendering.params.secrets };
}

/**
 * Fills in one text.
 * @param name what messages call it
 * @throws TinsmithError INVALID_INPUT with one problem, its line and column
 */
export function renderText(text: string, context: RenderContext, name: string): RenderedText {
  const rendering = new Rendering(context);
  return { text: rendering.text(text, name), secrets: rendering.params.secrets };
}

/** Params of these that a machine does not have. */
export function missingParams(names: readonly string[], context: RenderContext): string[] {
  const { params } = new Rendering(context);
  return names.filter((name) => !params.has(name));
}

/** Fills in all entries for the system, and tells of all that cannot be. */
function eachEntry<T>(
  entries: readonly TaskStep[],
  owner: Owner,
  rendering: Rendering,
  made: (entry: TaskStep, filled: { path: string; content: string }) => T,
): T[] {
  refuseMissing(owner, rendering);
  const problems: Problem[] = [];
  const told: string[] = [];
  const tried = <R>(field: string, called: string, work: () => R): R | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof TinsmithError) || error.code !== 'INVALID_INPUT') throw error;
      told.push(`${called}: ${error.message}`);
      const found = error.problems.length > 0 ? error.problems : [{ field: '', message: error.message }];
      const isWhole = field.endsWith(']');
      for (const each of isWhole ? found : found.slice(0, 1))
        problems.push({ ...each, field: isWhole && each.field !== '' ? `${field}.${each.field}` : field });
      return undefined;
    }
  };
  const all = entries.flatMap((entry, index): T[] => {
    if (entry.link || !isFor(entry, rendering.context.targetOs)) return [];
    const at = `templates[${index}]`;
    const called = entry.image === undefined ? `template "${entry.name}"` : `container "${entry.name}"`;
    const path = entry.path === '' ? '' : tried(`${at}.path`, `path of ${called}`, () => rendering.text(entry.path));
    const content = tried(`${at}.${entry.id ? 'id' : 'contents'}`, called, () =>
      entry.image === undefined ? contentOf(entry, rendering) : '',
    );
    if (path === undefined || content === undefined) return [];
    const one = tried(at, called, () => made(entry, { path: path.trim(), content }));
    return one === undefined ? [] : [one];
  });
  if (problems.length === 0) return all;
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : '';
  throw new TinsmithError(
    'INVALID_INPUT',
    `${owner.called} cannot be filled in${forWhom(rendering)}: ${told[0]}${more}`,
    {
      next: 'Correct the template there, or give the value that it asks for.',
      problems: problems.slice(0, TOLD_LIMIT),
    },
  );
}

function contentOf(entry: TemplateEntry, rendering: Rendering): string {
  if (!entry.id) return rendering.text(entry.contents ?? '', undefined, entry);
  const { templates } = rendering.context.catalogue;
  const shared = templates.get(entry.id);
  if (shared) return rendering.text(shared.contents, `shared template "${entry.id}"`, shared);
  const message = `there is no shared template "${entry.id}"${didYouMean(entry.id, templates.keys())}`;
  throw new TinsmithError('INVALID_INPUT', message, { problems: [{ field: 'id', message }] });
}

function refuseMissing({ called, requiredParams }: Owner, rendering: Rendering): void {
  const missing = requiredParams.filter((name) => !rendering.params.has(name));
  if (missing.length === 0) return;
  const { machine } = rendering.context;
  const whom = machine ? `machine ${machine.name}` : 'an unknown machine';
  const params = `param${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  throw new TinsmithError('INVALID_INPUT', `${called} needs ${params}, which ${whom} does not have.`, {
    next: 'Set them for the machine, for one of its profiles, or for all in the profile global.',
    problems: missing.map((name) => ({ field: `params.${name}`, message: `is needed by ${called}` })),
  });
}

const forWhom = ({ context: { machine } }: Rendering): string => (machine ? ` for machine ${machine.name}` : '');

/** Whether an entry is for a system: those that name none are for all. */
function isFor(entry: TemplateEntry, os: string): boolean {
  const names = metaOf(entry, 'os')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names.length === 0 || names.includes('any') || names.includes(os.toLowerCase());
}

/** Digital Rebar writes these keys in capitals, other files do not. */
function metaOf({ meta }: TemplateEntry, key: string): string {
  return (
    Object.entries(meta)
      .find(([name]) => name.toLowerCase() === key)?.[1]
      .trim() ?? ''
  );
}

/** Absolute, or below the task's own folder. */
function taskPath(path: string): string {
  if (path === '') throw badPath('it is empty, once it is filled in');
  const clean = posix.normalize(path);
  if (clean === '.' || clean === '..' || clean.startsWith('../'))
    throw badPath(`${path} is not below the task's folder`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\0-\x1f\x7f]/.test(clean)) throw badPath('it has control characters');
  if (clean.endsWith('/')) throw badPath(`${clean} is a folder`);
  return clean;
}

function badPath(message: string): TinsmithError {
  return new TinsmithError('INVALID_INPUT', message, { problems: [{ field: 'path', message }] });
}
