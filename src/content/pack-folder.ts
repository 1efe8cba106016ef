/**
 * A pack as it is written by hand: a folder with one for each section, an object in each file, templates as they are, and
 * what the pack says of itself in files such as `._Name.meta`. Digital Rebar's command line bundles such folders. Pure.
 */
import type { Problem } from '../errors.ts';
import { type Path, type Place, pathOf, Source } from '../yaml-source.ts';
import { SECTIONS } from './objects.ts';

/** A file of the folder; its path has `/` between folders. */
export interface FolderFile {
  path: string;
  text: string;
}

/** A folder as one document. */
export interface Bundle {
  /** As `parsePack` reads it. */
  document: { meta: Record<string, string>; sections: Record<string, Record<string, unknown>> };
  /** What cannot be read, with the file. */
  problems: Problem[];
  /** A problem that was found in the document, with the file that it comes from. */
  placed(problem: Problem): Problem;
}

const META = /^\._([A-Za-z][A-Za-z0-9_-]*)\.meta$/;
const OBJECT = /\.(ya?ml|json)$/i;

/** Where an object stands. */
interface Origin {
  file: string;
  /** Undefined: all of the file is the contents of a template. */
  source: Source | undefined;
}

/** @param name of the pack, where no file says it */
export function bundleOf(name: string, files: readonly FolderFile[]): Bundle {
  const meta: Record<string, string> = {};
  const metaFiles = new Map<string, string>();
  const sections: Record<string, Record<string, unknown>> = {};
  const origins = new Map<string, Origin>();
  const problems: Problem[] = [];
  const add = (section: string, key: string, object: unknown, origin: Origin): void => {
    const label = `${section}/${key}`;
    const before = origins.get(label);
    if (before) {
      const message = `${label} is in ${before.file} already`;
      problems.push({ field: '', message, file: origin.file, line: 1, column: 1 });
      return;
    }
    origins.set(label, origin);
    sections[section] = { ...sections[section], [key]: object };
  };
  for (const { path: file, text } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const [section = '', ...rest] = file.split('/');
    const own = META.exec(file)?.[1];
    if (own !== undefined) {
      meta[own] = text.trim();
      metaFiles.set(own.toLowerCase(), file);
    }
    if (rest.length === 0 || rest.some((part) => part.startsWith('.')) || section.startsWith('.')) continue;
    const inner = rest.join('/');
    const isOurs = SECTIONS.some((each) => each === section);
    const source = OBJECT.test(file) ? new Source(text) : undefined;
    if (section === 'templates' && !isTemplateObject(source?.value)) {
      add(section, inner, { ID: inner, Contents: text }, { file, source: undefined });
    } else if (source && isOurs) {
      problems.push(...source.problems.map((problem) => ({ ...problem, file })));
      if (source.problems.length > 0) continue;
      const word = section === 'templates' ? 'id' : 'name';
      add(section, nameIn(source.value, word) ?? inner.replace(OBJECT, ''), source.value, { file, source });
      // What else may be in a folder is told by its names alone: nothing is done with it.
    } else if (source?.problems.length === 0) {
      const other = nameIn(source.value, 'name') ?? nameIn(source.value, 'id');
      if (other !== undefined) add(section, other, {}, { file, source });
    }
  }
  if (!metaFiles.has('name')) meta.Name = name;
  return {
    document: { meta, sections },
    problems,
    placed: (problem) => {
      const [label = '', ...more] = problem.field.split(': ');
      const metaFile = metaFiles.get(/^meta\.(.*)$/.exec(label)?.[1]?.toLowerCase() ?? '');
      const origin = origins.get(label);
      const file = origin?.file ?? metaFile;
      if (file === undefined) return { field: problem.field, message: problem.message };
      return { ...problem, file, ...placeIn(origin?.source, pathOf(more.join(': ')), problem.message) };
    },
  };
}

/** Where a problem stands in its file. Those of templates say where in the text. */
function placeIn(source: Source | undefined, path: Path, message: string): Place {
  const [, line, column] = /^line (\d+), column (\d+): /.exec(message) ?? [];
  const within = line === undefined ? undefined : { line: Number(line), column: Number(column) };
  if (source === undefined) return within ?? { line: 1, column: 1 };
  return within === undefined ? source.placeOf(path) : source.placeWithin(path, within);
}

/** A shared template that is written as an object, not as its text alone. */
function isTemplateObject(value: unknown): boolean {
  return nameIn(value, 'id') !== undefined && nameIn(value, 'contents') !== undefined;
}

function nameIn(value: unknown, word: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found: unknown = Object.entries(value).find(([key]) => key.toLowerCase() === word)?.[1];
  return typeof found === 'string' && found !== '' ? found : undefined;
}
