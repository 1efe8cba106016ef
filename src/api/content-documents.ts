/** Documents of content among others in a file: packs, and objects by their `kind`. Pure. */
import type { Section } from '../content/index.ts';
import { type Path, type Place, Source } from '../content/source.ts';
import { splitDocuments } from '../manifests/source.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';

/** One object, and where it stands in the file. */
export interface ObjectDocument {
  kind: 'object';
  section: Section;
  /** As it was written, without its kind. */
  input: Record<string, unknown>;
  /** Where its document begins, from 1. */
  line: number;
  placeOf(path: Path, of?: 'key' | 'value'): Place;
}

/** A whole pack. */
export interface PackDocument {
  kind: 'pack';
  text: string;
  line: number;
}

export type ContentDocument = ObjectDocument | PackDocument;

const SECTION_OF = new Map(
  Object.entries(OBJECT_KINDS).map(([section, { kind }]) => [kind as string, section as Section]),
);

/**
 * Takes the documents of content out of a file.
 * @returns them, and the text with blank lines in their place: the lines of all others stay where they are
 */
export function separate(text: string): { rest: string; documents: ContentDocument[] } {
  if (!mayHaveContent(text)) return { rest: text, documents: [] };
  const lines = text.split('\n');
  const documents: ContentDocument[] = [];
  for (const chunk of splitDocuments(text)) {
    const found = mayHaveContent(chunk.text) ? contentIn(chunk.text, chunk.line) : [];
    if (found.length === 0) continue;
    documents.push(...found);
    const count = chunk.text.replace(/\n$/, '').split('\n').length;
    lines.fill('', chunk.line - 1, chunk.line - 1 + count);
  }
  return { rest: lines.join('\n'), documents };
}

/** Whether it is worth reading: what is a template is no YAML before it is filled in. */
function mayHaveContent(text: string): boolean {
  if (/^\s*(\{(?!\{)|\[)/.test(text.replace(/^(\s*#.*\n|---.*\n)+/, ''))) return /"(kind|sections)"\s*:/.test(text);
  return /^["']?(kind|sections)["']?[ \t]*:/m.test(text);
}

function contentIn(text: string, line: number): ContentDocument[] {
  const source = new Source(text);
  const { value } = source;
  if (isMap(value) && 'sections' in value && 'meta' in value) return [{ kind: 'pack', text, line }];
  const placeOf = (path: Path, of?: 'key' | 'value'): Place => {
    const place = source.placeOf(path, of);
    return { ...place, line: place.line + line - 1 };
  };
  const object = (each: unknown, root: Path): ObjectDocument[] => {
    const section = sectionOf(each);
    if (section === undefined) return [];
    const { kind: _, ...input } = each as Record<string, unknown>;
    const at = (path: Path, of?: 'key' | 'value'): Place => placeOf([...root, ...path], of);
    return [{ kind: 'object', section, input, line: at([]).line, placeOf: at }];
  };
  if (!Array.isArray(value)) return object(value, []);
  const all = value.flatMap((each, i) => object(each, [i]));
  // A list that has other things too is for those who read the rest, and refuse what they do not know.
  return all.length === value.length ? all : [];
}

/** Tinkerbell's resources have an apiVersion, and kinds of their own. */
function sectionOf(value: unknown): Section | undefined {
  if (!isMap(value) || 'apiVersion' in value || typeof value.kind !== 'string') return undefined;
  return SECTION_OF.get(value.kind);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
