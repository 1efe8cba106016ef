/** Makes content be what documents say. */
import type { Content, ContentChange, Objects, Pack, Section } from '../content/index.ts';
import { nameOf } from '../content/objects.ts';
import { parsePack } from '../content/pack.ts';
import { readObject } from '../content/reading.ts';
import { withoutDefaults } from '../content/unset.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { unifiedDiff } from '../manifests/diff.ts';
import { toYaml } from '../manifests/index.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';
import { fieldOf, pathOf } from '../yaml-source.ts';
import type { ContentDocument, ObjectDocument, PackDocument } from './content-documents.ts';
import type { Applied } from './shapes/manifest.ts';

/** Documents that are well-formed, each for itself. */
export interface Readied {
  packs: { pack: Pack; line: number }[];
  objects: { document: ObjectDocument; name: string; object: Objects[Section] }[];
}

type Done = Applied['objects'][number];

/** Reads documents. @returns those that can be used, and every problem with the others */
export function readied(documents: readonly ContentDocument[]): Readied & { problems: Problem[] } {
  const all: Readied & { problems: Problem[] } = { packs: [], objects: [], problems: [] };
  for (const document of documents) {
    if (document.kind === 'pack') readyPack(document, all);
    else readyObject(document, all);
  }
  const seen = new Map<string, number>();
  for (const { document, name } of all.objects) {
    const key = `${OBJECT_KINDS[document.section].noun} ${name}`;
    const first = seen.get(key);
    seen.set(key, first ?? document.line);
    if (first === undefined) continue;
    const message = `${key} is described in line ${first} already`;
    all.problems.push({ field: '', message, ...document.placeOf([]) });
  }
  return all;
}

function readyPack({ text, line }: PackDocument, into: Readied & { problems: Problem[] }): void {
  try {
    into.packs.push({ pack: parsePack(text), line });
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    into.problems.push(...error.problems.map((problem) => shifted(problem, line)));
  }
}

function readyObject(document: ObjectDocument, into: Readied & { problems: Problem[] }): void {
  const { object, problems } = readObject(document.section, document.input);
  for (const { path, message, of } of problems)
    into.problems.push({ field: fieldOf(path), message, ...document.placeOf(path, of) });
  if (object !== undefined) into.objects.push({ document, name: nameOf(object), object });
}

/**
 * Applies packs one by one, then all objects at once.
 * @throws TinsmithError INVALID_INPUT, CONFLICT, with the places of what is wrong
 */
export async function applyContent(
  { packs, objects }: Readied,
  { dryRun }: { dryRun: boolean },
  content: Content,
): Promise<{ applied: Done[]; warnings: Problem[] }> {
  const applied: Done[] = [];
  const warnings: Problem[] = [];
  for (const [i, { pack, line }] of packs.entries()) {
    const beside = packs.slice(0, i).map((each) => each.pack);
    const { name } = pack.meta;
    const had = content.packs().some((each) => each.name === name);
    const { changes } = await placed(
      () => content.addPack(pack, { dryRun, beside }),
      (problem) => shifted(problem, line),
    );
    warnings.push(...pack.unsupported.map((what) => ({ field: '', message: `nothing is done with ${what}`, line })));
    const action = !had ? 'created' : changes.length === 0 ? 'unchanged' : 'changed';
    applied.push({ kind: 'pack', name, action, line, diff: changes.map(changeLine).join('\n') });
  }
  // Before they are put: what is there then is what they say.
  applied.push(...objects.map((each) => changeOf(each, content)));
  if (objects.length === 0) return { applied, warnings };
  const inputs = objects.map(({ document: { section, input } }) => ({ section, input }));
  const beside = packs.map(({ pack }) => pack);
  const puts = await placed(
    () => content.putAll(inputs, dryRun ? { dryRun: { beside } } : {}),
    (problem) => placedIn(problem, objects),
  );
  for (const [i, { unsupported }] of puts.entries()) {
    const line = objects[i]?.document.line;
    warnings.push(...unsupported.map((what) => ({ field: '', message: `nothing is done with ${what}`, line })));
  }
  return { applied, warnings };
}

function changeOf({ document, name, object }: Readied['objects'][number], content: Content): Done {
  const { section, line } = document;
  const { kind, noun } = OBJECT_KINDS[section];
  const textOf = (each: Objects[Section]): string => toYaml([{ kind, ...withoutDefaults(section, each) }]);
  const before = content.find(section, name);
  const [from, to] = [before === undefined ? '' : textOf(before), textOf(object)];
  const action = before === undefined ? 'created' : from === to ? 'unchanged' : 'changed';
  return { kind: noun, name, action, line, diff: from === to ? '' : unifiedDiff(from, to) };
}

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;

function changeLine({ section, name, change }: ContentChange): string {
  return `${SIGNS[change]} ${section}/${name}`;
}

/** A problem with a document that begins at a line. */
function shifted(problem: Problem, line: number): Problem {
  return { ...problem, line: (problem.line ?? 1) + line - 1, column: problem.column ?? 1 };
}

/** A problem that names an object by `section/name: field`, or only the field where there is one object. */
function placedIn(problem: Problem, objects: Readied['objects']): Problem {
  const [label, ...rest] = problem.field.split(': ');
  const named = objects.find(({ document, name }) => `${document.section}/${name}` === label);
  const [only] = objects.length === 1 ? objects : [];
  const found = named ?? only;
  if (!found) return problem;
  const field = named ? rest.join(': ') : problem.field;
  return { ...problem, field, ...found.document.placeOf(pathOf(field)) };
}

async function placed<T>(done: () => Promise<T>, placeOf: (problem: Problem) => Problem): Promise<T> {
  try {
    return await done();
  } catch (error) {
    if (!(error instanceof TinsmithError)) throw error;
    const { code, message, next, cause, problems } = error;
    throw new TinsmithError(code, message, { next, cause, problems: problems.map(placeOf) });
  }
}
