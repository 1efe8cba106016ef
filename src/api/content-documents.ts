/** Documents of content and subnets among others in a file: packs, and objects by their `kind`. Pure. */
import { isSubnet } from '../boots/subnets/index.ts';
import type { Section } from '../content/index.ts';
import { splitDocuments } from '../manifests/source.ts';
import { OBJECT_KINDS } from '../object-kinds.ts';
import { type Path, type Place, Source } from '../yaml-source.ts';

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

/** A subnet. */
export interface SubnetDocument extends Pick<ObjectDocument, 'line' | 'placeOf'> {
  kind: 'subnet';
  /** As it was written. */
  input: Record<string, unknown>;
}

/** A whole pack. */
export interface PackDocument {
  kind: 'pack';
  text: string;
  line: number;
}

export type ContentDocument = ObjectDocument | PackDocument;
type SeparateDocument = ContentDocument | SubnetDocument;

const SECTION_OF = new Map(
  Object.entries(OBJECT_KINDS).map(([section, { kind }]) => [kind as string, section as Section]),
);

/**
 * Takes the documents of content out of a file.
 * @returns them, and the text with blank lines in their place: the lines of all others stay where they are. Subnets in a
 * list with others stay too: whoever reads the text passes over them.
 */
export function separate(text: string): { rest: string; documents: ContentDocument[]; subnets: SubnetDocument[] } {
  if (!mayHaveContent(text)) return { rest: text, documents: [], subnets: [] };
  const lines = text.split('\n');
  const documents: ContentDocument[] = [];
  const subnets: SubnetDocument[] = [];
  for (const chunk of splitDocuments(text)) {
    if (!mayHaveContent(chunk.text)) continue;
    const found = contentIn(chunk.text, chunk.line);
    for (const each of found.documents)
      if (each.kind === 'subnet') subnets.push(each);
      else documents.push(each);
    if (!found.whole) continue;
    const count = chunk.text.replace(/\n$/, '').split('\n').length;
    lines.fill('', chunk.line - 1, chunk.line - 1 + count);
  }
  return { rest: lines.join('\n'), documents, subnets };
}

/** Whether it is worth reading: what is a template is no YAML before it is filled in. */
function mayHaveContent(text: string): boolean {
  if (/^\s*(\{(?!\{)|\[)/.test(text.replace(/^(\s*#.*\n|---.*\n)+/, '')))
    return /"(kind|sections|Subnet)"\s*:/.test(text);
  return /^(- |[ \t]+)?["']?(kind|sections|Subnet)["']?[ \t]*:/m.test(text);
}

/** @returns `whole`: there is nothing else in it */
function contentIn(text: string, line: number): { documents: SeparateDocument[]; whole: boolean } {
  const source = new Source(text);
  const { value } = source;
  if (isMap(value) && 'sections' in value && 'meta' in value)
    return { documents: [{ kind: 'pack', text, line }], whole: true };
  const placeOf = (path: Path, of?: 'key' | 'value'): Place => {
    const place = source.placeOf(path, of);
    return { ...place, line: place.line + line - 1 };
  };
  const object = (each: unknown, root: Path): (ObjectDocument | SubnetDocument)[] => {
    const at = (path: Path, of?: 'key' | 'value'): Place => placeOf([...root, ...path], of);
    const placed = { line: at([]).line, placeOf: at };
    if (isSubnet(each)) return [{ kind: 'subnet', input: each, ...placed }];
    const section = sectionOf(each);
    if (section === undefined) return [];
    const { kind: _, ...input } = each as Record<string, unknown>;
    return [{ kind: 'object', section, input, ...placed }];
  };
  const root = isMap(value) && value.kind === 'List' ? ['items'] : [];
  const items: unknown = root.length > 0 ? (value as Record<string, unknown>).items : value;
  const count = Array.isArray(items) ? items.length : 1;
  const documents = Array.isArray(items) ? items.flatMap((each, i) => object(each, [...root, i])) : object(items, root);
  if (documents.length === count) return { documents, whole: count > 0 };
  // A list that has other things too is for those who read the rest, and refuse what they do not know.
  return { documents: documents.filter(({ kind }) => kind === 'subnet'), whole: false };
}

/** Tinkerbell's resources have an apiVersion, and kinds of their own. */
function sectionOf(value: unknown): Section | undefined {
  if (!isMap(value) || 'apiVersion' in value || typeof value.kind !== 'string') return undefined;
  return SECTION_OF.get(value.kind);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
