import { LineIndex, lastAtMost, type Position } from './position.ts';

/** Where a character of the rendered text comes from. */
export interface Origin extends Position {
  /** Offset into the template text. */
  offset: number;
  /** Source of the hole that filled the character in, such as `{{ .device_1 }}`; undefined for literal text. */
  hole: string | undefined;
}

/** Leads from the rendered text back to the template text. */
export class SourceMap {
  readonly #template: string;
  readonly #rendered: readonly number[];
  readonly #sources: readonly Source[];
  readonly #lines: LineIndex;

  /** `rendered` are the ascending offsets of the rendered text at which each of `sources` begins. */
  constructor(template: string, rendered: readonly number[], sources: readonly Source[]) {
    this.#template = template;
    this.#rendered = rendered;
    this.#sources = sources;
    this.#lines = new LineIndex(template);
  }

  /** Origin of the character at `offset` of the rendered text; inside what a hole wrote, the start of that hole. */
  originOf(offset: number): Origin {
    const index = lastAtMost(this.#rendered, offset);
    const source = this.#sources[index];
    if (source === undefined) return { offset: 0, ...this.#lines.positionOf(0), hole: undefined };
    const into = source.isHole ? 0 : Math.max(0, offset - (this.#rendered[index] ?? 0));
    const at = Math.min(source.start + into, source.end);
    const hole = source.isHole ? this.#template.slice(source.start, source.end) : undefined;
    return { offset: at, ...this.#lines.positionOf(at), hole };
  }
}

/** A stretch of the template text that wrote a stretch of the rendered text. */
interface Source {
  readonly start: number;
  readonly end: number;
  readonly isHole: boolean;
}

/** Collects the rendered text and where each piece of it comes from. */
export class Output {
  readonly #pieces: string[] = [];
  readonly #starts: number[] = [];
  readonly #sources: Source[] = [];
  #length = 0;
  #bytes = 0;

  /** Size so far in bytes of UTF-8. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds `text`, written by `source`: literal text, or a hole. */
  write(text: string, source: { start: number; end: number }, isHole: boolean): void {
    if (text === '') return;
    this.#pieces.push(text);
    this.#starts.push(this.#length);
    this.#sources.push({ start: source.start, end: source.end, isHole });
    this.#length += text.length;
    this.#bytes += Buffer.byteLength(text);
  }

  /** The text written, and the map back to `template`. */
  finish(template: string): { text: string; map: SourceMap } {
    return { text: this.#pieces.join(''), map: new SourceMap(template, this.#starts, this.#sources) };
  }
}
