/** A file of several YAML documents, taken apart, with the place of everything in it. Pure. */
import type { Problem } from '../errors.ts';
import { fieldOf, type Path, type Place, Source as YamlSource } from '../yaml-source.ts';

export { type Path, pathOf } from '../yaml-source.ts';

/** One document of a file. */
export interface Chunk {
  text: string;
  /** The line of the file that its first line is, from 1. */
  line: number;
}

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
export class Source extends YamlSource {
  readonly warnings: Problem[] = [];

  constructor({ text, line }: Chunk) {
    super(text, line);
  }

  /** @param path of the value that is wrong; its field is told without `root`. */
  report(path: Path, message: string, of: 'key' | 'value' = 'value'): void {
    this.problems.push({ field: fieldOf(path), message, ...this.placeOf(path, of) });
  }

  warn(path: Path, message: string, of: 'key' | 'value' = 'value'): void {
    this.warnings.push({ field: fieldOf(path), message, ...this.placeOf(path, of) });
  }

  /** Leads from the lines of a text inside the document to the file; elsewhere than in a `|` block, to its beginning. */
  insideOf(path: Path): (line: number, column: number) => Place {
    return (line, column) => this.placeWithin(path, { line, column });
  }
}
