/** A text in YAML (or JSON, which is YAML too), with the place of everything in it. Pure. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf, type Problem } from './errors.ts';
import { NESTED_MAX, nestsTooDeep } from './json.ts';

/** Keys and positions that lead to a value. Keys are found whatever their case. */
export type Path = readonly (string | number)[];

/** Line and column, from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Values that aliases may add, against documents that grow without end. */
const ALIAS_LIMIT = 1000;

/** One text, which may be a document in the middle of a file. */
export class Source {
  /** What keeps it from being read. */
  readonly problems: Problem[] = [];
  /** Undefined where there are problems. */
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document | undefined;
  readonly #text: string;
  readonly #before: number;

  /** @param line of the file that the text's first line is, from 1 */
  constructor(text: string, line = 1) {
    this.#text = text;
    this.#before = line - 1;
    try {
      const document = parseDocument(text, {
        version: '1.2',
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'error',
      });
      this.#document = document;
      for (const fault of [...document.errors, ...document.warnings]) {
        this.#refuse(`YAML: ${fault.message}`, this.#placeAt(fault.pos[0]));
      }
      if (this.problems.length > 0) return;
      const value = document.toJS({ maxAliasCount: ALIAS_LIMIT });
      if (nestsTooDeep(value)) this.#refuse(`is nested more than ${NESTED_MAX} deep`);
      else this.value = value;
    } catch (error) {
      // The library runs out of stack on deep nesting, and refuses aliases that multiply.
      this.#refuse(
        error instanceof RangeError ? `is nested more than ${NESTED_MAX} deep` : `YAML: ${messageOf(error)}`,
      );
    }
  }

  #refuse(message: string, place: Place = { line: this.#before + 1, column: 1 }): void {
    this.problems.push({ field: '', message, ...place });
  }

  /** Place of a value, or of what is nearest to it. */
  placeOf(path: Path, of: 'key' | 'value' = 'value'): Place {
    let node = this.#resolve(this.#document?.contents);
    let offset = node?.range?.[0] ?? 0;
    for (const [index, part] of path.entries()) {
      const found = this.#child(node, part);
      if (found === undefined) break;
      node = this.#resolve(found.value);
      const wantsKey = index === path.length - 1 && of === 'key';
      const nearest = wantsKey ? (found.key ?? found.value) : (found.value ?? found.key);
      offset = nearest?.range?.[0] ?? offset;
    }
    return this.#placeAt(offset);
  }

  /** Place of a line and column of a text in the document; elsewhere than in a `|` block, that of the text's beginning. */
  placeWithin(path: Path, { line, column }: Place): Place {
    let node = this.#resolve(this.#document?.contents);
    for (const part of path) node = this.#resolve(this.#child(node, part)?.value);
    const start = this.placeOf(path);
    if (!isScalar(node) || node.type !== 'BLOCK_LITERAL') return start;
    const lines = this.#text.split('\n').slice(start.line - this.#before);
    const indent = /^ */.exec(lines.find((each) => each.trim() !== '') ?? '')?.[0].length ?? 0;
    return { line: start.line + line, column: column + indent };
  }

  /** How a single value is written: 1.10, where it is read as 1.1. */
  writingOf(path: Path): string | undefined {
    let node = this.#resolve(this.#document?.contents);
    for (const part of path) node = this.#resolve(this.#child(node, part)?.value);
    return isScalar(node) ? node.source : undefined;
  }

  #child(node: Node | undefined, part: string | number): { key?: Node; value?: Node } | undefined {
    if (isSeq(node)) {
      const value = typeof part === 'number' ? node.items[part] : undefined;
      return value === undefined ? undefined : { value: value as Node };
    }
    if (!isMap(node)) return undefined;
    const named = (isNamed: (key: string) => boolean) =>
      node.items.find(({ key }) => isScalar(key) && isNamed(String(key.value)));
    const lower = String(part).toLowerCase();
    const pair = named((key) => key === String(part)) ?? named((key) => key.toLowerCase() === lower);
    return pair && { key: pair.key as Node, ...(pair.value === null ? {} : { value: pair.value as Node }) };
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return this.#document && node.resolve(this.#document);
    return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: line + this.#before, column: col };
  }
}

/** `['templates', 0, 'contents']` as `templates[0].contents`. */
export function fieldOf(path: Path): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === 'number') return `${field}[${part}]`;
    return field === '' ? part : `${field}.${part}`;
  }, '');
}

/** `templates[0].contents` as a path. */
export function pathOf(field: string): Path {
  return [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key = '']) => {
    return index === undefined ? key : Number(index);
  });
}
