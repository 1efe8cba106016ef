/** Files of tasks, stages and so on: documents in YAML or JSON, one or several, and back. */
import type { ContentObject } from '../api/types.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';
import { readInput } from './files.ts';
import type { Terminal } from './terminal.ts';

/** An object as a file has it. */
export interface ObjectDocument {
  name: string;
  /** Without its kind. */
  object: Record<string, unknown>;
  /** The same error, its problems placed in the file. */
  placed(error: unknown): unknown;
}

/**
 * The objects of one section that a file has: documents with `---` between them, or a list. They may say their kind.
 * @param file undefined or `-` is standard input
 * @throws TinsmithError NOT_FOUND, USAGE, INVALID_INPUT with every problem
 */
export async function readObjects(
  file: string | undefined,
  section: ContentObject['section'],
  terminal: Terminal,
): Promise<ObjectDocument[]> {
  const { text, name: fileName } = await readInput(file, terminal);
  const { pathOf, Source, splitDocuments } = await import('../manifests/source.ts');
  const problems: Problem[] = [];
  const documents = splitDocuments(text).flatMap((chunk): ObjectDocument[] => {
    const source = new Source(chunk);
    const list = Array.isArray(source.value);
    const values: unknown[] = source.problems.length > 0 ? [] : list ? (source.value as unknown[]) : [source.value];
    const found = values.flatMap((value, i): ObjectDocument[] => {
      const root = list ? [i] : [];
      const wrong = whatIsWrong(value, section);
      if (wrong) source.report([...root, ...(wrong.key === undefined ? [] : [wrong.key])], wrong.message);
      if (wrong) return [];
      const { kind: _, ...object } = value as Record<string, unknown>;
      const placed = ({ field, ...problem }: Problem): Problem => ({
        ...problem,
        field,
        ...source.placeOf([...root, ...pathOf(field)]),
        file: fileName,
      });
      return [{ name: nameIn(object, section) ?? '', object, placed: (error) => withPlaces(error, placed) }];
    });
    problems.push(...source.problems.map((problem) => ({ ...problem, file: fileName })));
    return found;
  });
  if (problems.length === 0 && documents.length > 0) return documents;
  const message = problems.length === 0 ? `${fileName} has no document.` : `${fileName} is not usable.`;
  const next = 'Correct it and try again; nothing has been changed.';
  throw new TinsmithError('INVALID_INPUT', message, { next, problems });
}

/** An object as a document that `apply`, `create` and `update` take. What says nothing is left out. */
export async function documentsOf(objects: readonly ContentObject[]): Promise<object[]> {
  const { withoutDefaults } = await import('../content/unset.ts');
  return objects.map(({ section, object }) => ({
    kind: OBJECT_KINDS[section].kind,
    ...withoutDefaults(section, object),
  }));
}

/** The same as YAML. */
export async function writeObjects(objects: readonly ContentObject[]): Promise<string> {
  const { toYaml } = await import('../manifests/documents.ts');
  return toYaml(await documentsOf(objects));
}

function whatIsWrong(value: unknown, section: ContentObject['section']): { key?: string; message: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { message: 'is no map of keys' };
  const { kind } = value as { kind?: unknown };
  if (kind !== undefined && kind !== OBJECT_KINDS[section].kind)
    return { key: 'kind', message: `is ${JSON.stringify(kind)}, and a ${OBJECT_KINDS[section].kind} is wanted` };
  if (nameIn(value, section) !== undefined) return undefined;
  return { message: `has no ${section === 'templates' ? 'id' : 'name'}` };
}

/** Its name, in our writing or in Digital Rebar's. */
function nameIn(object: object, section: ContentObject['section']): string | undefined {
  const word = section === 'templates' ? 'id' : 'name';
  const found: unknown = Object.entries(object).find(([key]) => key.toLowerCase() === word)?.[1];
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function withPlaces(error: unknown, placed: (problem: Problem) => Problem): unknown {
  if (!(error instanceof TinsmithError) || error.problems.length === 0) return error;
  const { code, message, next, cause, problems } = error;
  return new TinsmithError(code, message, { next, cause, problems: problems.map(placed) });
}
