/** Files of documents as manifests: Tinkerbell's resources, hardware JSON of its command line, plain templates. Pure. */
import type { Problem } from '../errors.ts';
import { TinsmithError } from '../errors.ts';
import { parseHardware, unknownFields } from '../machines/hardware.ts';
import { checkTemplate } from '../workflows/template/index.ts';
import { fieldsOf } from './hardware.ts';
import type { Manifest } from './manifest.ts';
import { readResource } from './resources.ts';
import { type Chunk, type Path, pathOf, Source, splitDocuments } from './source.ts';

/** A file's documents, and what is wrong with it. */
export interface Manifests {
  manifests: Manifest[];
  problems: Problem[];
  warnings: Problem[];
}

/** Documents in one file at most. */
const DOCUMENT_LIMIT = 10_000;

interface ParseOptions {
  lenient?: boolean;
  /** What in a list is somebody else's to read. */
  elsewhere?: ((value: unknown) => boolean) | undefined;
}

/**
 * Reads a file of documents. All problems and warnings are told, each with its line and column.
 * @param options.lenient unknown keys are warnings; so they always are in the templates of `Template` resources, as
 * Tinkerbell took them
 */
export function parseManifests(text: string, options: ParseOptions = {}): Manifests {
  const all: Manifests = { manifests: [], problems: [], warnings: [] };
  const chunks = splitDocuments(text);
  const first = chunks[DOCUMENT_LIMIT];
  if (first !== undefined) {
    const message = `there are more than ${DOCUMENT_LIMIT} documents`;
    return { ...all, problems: [{ field: '', message, line: first.line, column: 1 }] };
  }
  for (const chunk of chunks) readChunk(chunk, options, all);
  return all;
}

function readChunk(chunk: Chunk, options: ParseOptions, into: Manifests): void {
  // Holes make a template something else than YAML, so it is known by what it is not.
  if (!isYaml(chunk.text)) {
    readPlainTemplate(chunk, options.lenient ?? false, into);
    return;
  }
  const source = new Source(chunk);
  if (source.problems.length === 0) readValue(source, source.value, [], chunk, options, into);
  into.problems.push(...source.problems);
  into.warnings.push(...source.warnings);
}

function readValue(
  source: Source,
  value: unknown,
  root: Path,
  chunk: Chunk,
  options: ParseOptions,
  into: Manifests,
): void {
  const { lenient = false, elsewhere } = options;
  if (root.length > 0 && elsewhere?.(value)) return;
  const fields = fieldsOf(value);
  const { line } = source.placeOf(root);
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) readValue(source, each, [...root, index], chunk, options, into);
  } else if (fields.kind === 'List' && Array.isArray(fields.items)) {
    for (const [index, each] of fields.items.entries())
      readValue(source, each, [...root, 'items', index], chunk, options, into);
  } else if ('apiVersion' in fields || 'kind' in fields) {
    const manifest = readResource(source, value, root, line, lenient);
    if (manifest !== undefined) into.manifests.push(manifest);
  } else if ('network' in fields) {
    const hardware = checked(source, root, () => parseHardware(value));
    if (hardware === undefined) return;
    for (const field of unknownFields(hardware)) {
      source.warn([...root, ...pathOf(field)], 'is not known here; it is kept and not used', 'key');
    }
    into.manifests.push({ kind: 'hardware', origin: undefined, hardware, line });
  } else if (root.length === 0 && 'tasks' in fields) readPlainTemplate(chunk, lenient, into);
  else {
    const message =
      'is neither a resource (apiVersion and kind), nor hardware (id and network), nor a template (tasks)';
    source.report(root, message);
  }
}

/** Whether a document is to be read as YAML: a resource, hardware, or JSON. */
function isYaml(text: string): boolean {
  if (/^\s*(\{(?!\{)|\[)/.test(text.replace(/^(\s*#.*\n)+/, ''))) return true;
  if (/^["']?(apiVersion|kind)["']?[ \t]*:/m.test(text)) return true;
  if (/^["']?tasks["']?[ \t]*:/m.test(text)) return false;
  return /^(["']?network["']?[ \t]*:|- )/m.test(text) || !/\{\{|^(version|name)[ \t]*:/m.test(text);
}

function readPlainTemplate({ text, line }: Chunk, lenient: boolean, into: Manifests): void {
  try {
    const { name, warnings = [] } = checkTemplate(text, { lenient });
    into.manifests.push({ kind: 'template', origin: undefined, name, data: text, lenient, line });
    into.warnings.push(...warnings.map((each) => ({ ...each, line: (each.line ?? 1) + line - 1 })));
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    into.problems.push(...error.problems.map((each) => ({ ...each, line: (each.line ?? 1) + line - 1 })));
  }
}

/** Runs a check whose problems name fields below `root`. */
function checked<T>(source: Source, root: Path, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    for (const { field, message } of error.problems) source.report([...root, ...pathOf(field)], message);
    return undefined;
  }
}
