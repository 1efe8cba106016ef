/** A file of several YAML documents, taken apart, with the place of everything in it. Pure. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf, type Problem } from '../errors.ts';

/** One document of a file. */
export interface Chunk {
  text: string;
  /** The line of the file that its first line is, from 1. */
  line: number;
}

/** Keys and positions that lead to a value in a document. */
export type Path = readonly (string | number)[];

/** Values that aliases may add, against documents that grow without end. */
const ALIAS_LIMIT = 1000;
const MARKER = /^---(?=\s|$)/;
const BARE_MARKER = /^---[ \t]*(#.*)?$/;
/** Lines that are no content: blank, comments, the end of a document, directives. */
const NOTHING = /^\s*(#.*)?$|^\.\.\.\s*$|^%/;

/** The documents of a file that have content, each from after its `---` on. */
export function splitDocuments(text: string): Chunk[] {
  const chunks: { lines: string[]; line: number }[] = [{ lines: [], line: 1 }];
  for (const [index, line] of text.split('\n').entries()) {
    if (MARKER.test(line)) {
      const bare = BARE_MARKER.test(line.replace(/\r$/, ''));
      chunks.push({ lines: bare ? [] : [line], line: index + (bare ? 2 : 1) });
    } else chunks.at(-1)?.lines.push(line);
  }
  return chunks
    .filter(({ lines }) => !lines.every((line) => NOTHING.test(line)))
    .map(({ lines, line }, index, all) => {
      const joined = lines.join('\n');
      // The line break before the next `---` belongs to this document.
      return { text: index < all.length - 1 && !joined.endsWith('\n') ? `${joined}\n` : joined, line };
    });
}

/** A document read as YAML (or JSON, which is YAML too), with what is wrong with it. */
export class Source {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** Undefined: it could not be read, and there are problems. */
  readonly value: unknown;
  readonly #chunk: Chunk;
  readonly #lines = new LineCounter();
  readonly #document: Document | undefined;

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
    try {
      const document = parseDocument(chunk.text, {
        version: '1.2',
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'error',
      });
      this.#document = document;
      for (const fault of [...document.errors, ...document.warnings]) {
        this.problems.push({ field: '', message: `YAML: ${fault.message}`, ...this.#placeOf(fault.pos[0]) });
      }
      if (this.problems.length === 0) this.value = document.toJS({ maxAliasCount: ALIAS_LIMIT });
    } catch (error) {
      // The library runs out of stack on deep nesting, and refuses aliases that multiply.
      const message = error instanceof RangeError ? 'it is nested too deep' : messageOf(error);
      this.problems.push({ field: '', message: `YAML: ${message}`, line: chunk.line, column: 1 });
    }
  }

  /** @param path of the value that is wrong; its field is told without `root`. */
  report(path: Path, message: string, of: 'key' | 'value' = 'value'): void {
    this.problems.push({ field: fieldOf(path), message, ...this.placeOf(path, of) });
  }

  warn(path: Path, message: string, of: 'key' | 'value' = 'value'): void {
    this.warnings.push({ field: fieldOf(path), message, ...this.placeOf(path, of) });
  }

  /** Place in the file of a value, or of what is nearest to it. */
  placeOf(path: Path, of: 'key' | 'value' = 'value'): { line: number; column: number } {
    let node = this.#resolve(this.#document?.contents);
    let offset = node?.range?.[0] ?? 0;
    for (const [index, part] of path.entries()) {
      const found = this.#child(node, part);
      if (found === undefined) break;
      node = this.#resolve(found.value);
      const isLast = index === path.length - 1;
      offset = (isLast && of === 'key' ? undefined : found.value?.range?.[0]) ?? found.key?.range?.[0] ?? offset;
    }
    return this.#placeOf(offset);
  }

  /** Leads from the lines of a text inside the document to the file; elsewhere than in a `|` block, to its beginning. */
  insideOf(path: Path): (line: number, column: number) => { line: number; column: number } {
    let node = this.#resolve(this.#document?.contents);
    for (const part of path) node = this.#resolve(this.#child(node, part)?.value);
    const start = this.placeOf(path);
    if (!isScalar(node) || node.type !== 'BLOCK_LITERAL') return () => start;
    const lines = this.#chunk.text.split('\n').slice(start.line - this.#chunk.line + 1);
    const indent = /^ */.exec(lines.find((line) => line.trim() !== '') ?? '')?.[0].length ?? 0;
    return (line, column) => ({ line: start.line + line, column: column + indent });
  }

  #child(node: Node | undefined, part: string | number): { key?: Node; value?: Node } | undefined {
    if (isSeq(node) && typeof part === 'number') {
      const value = node.items[part];
      return value === undefined ? undefined : { value: value as Node };
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
    return pair && { key: pair.key as Node, ...(pair.value === null ? {} : { value: pair.value as Node }) };
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return this.#document && node.resolve(this.#document);
    return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
  }

  #placeOf(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: line + this.#chunk.line - 1, column: col };
  }
}

/** `['spec', 'interfaces', 0, 'dhcp']` as `spec.interfaces[0].dhcp`. */
export function fieldOf(path: Path): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === 'number') return `${field}[${part}]`;
    return field === '' ? part : `${field}.${part}`;
  }, '');
}

/** `spec.interfaces[0].dhcp` as a path. */
export function pathOf(field: string): Path {
  return [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key = '']) => {
    return index === undefined ? key : Number(index);
  });
}
