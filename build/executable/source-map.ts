/** Keeps only the mappings of our own sources: a map of a few kB in place of megabytes. */

interface RawMap {
  sources: string[];
  mappings: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function decode(segment: string): number[] {
  const values: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = ALPHABET.indexOf(character);
    value |= (digit & 31) << shift;
    if (digit & 32) shift += 5;
    else {
      values.push(value & 1 ? -(value >>> 1) : value >>> 1);
      value = 0;
      shift = 0;
    }
  }
  return values;
}

function encode(number: number): string {
  let value = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = '';
  do {
    let digit = value & 31;
    value >>>= 5;
    if (value) digit |= 32;
    text += ALPHABET[digit];
  } while (value);
  return text;
}

/** A source map (version 3) with only the sources that `keep` accepts, and without their names. */
export function filterSourceMap(
  map: RawMap,
  keep: (source: string) => boolean,
): { version: 3; sources: string[]; names: never[]; mappings: string } {
  const at = { source: 0, line: 0, column: 0 };
  const written = { source: 0, line: 0, column: 0 };
  const numbers = new Map<string, number>();
  let open = false;
  const lines = map.mappings.split(';').map((line) => {
    let column = 0;
    let columnWritten = 0;
    const segments: string[] = [];
    for (const segment of line ? line.split(',') : []) {
      const [generated = 0, source, originalLine = 0, originalColumn = 0] = decode(segment);
      column += generated;
      let kept: string | undefined;
      if (source !== undefined) {
        at.source += source;
        at.line += originalLine;
        at.column += originalColumn;
        const name = map.sources[at.source];
        if (name !== undefined && keep(name)) kept = name;
      }
      if (kept !== undefined) {
        const number = numbers.get(kept) ?? numbers.size;
        numbers.set(kept, number);
        segments.push(
          [column - columnWritten, number - written.source, at.line - written.line, at.column - written.column]
            .map(encode)
            .join(''),
        );
        Object.assign(written, { source: number, line: at.line, column: at.column });
        columnWritten = column;
        open = true;
      } else if (open) {
        // A segment without a source ends what came before it.
        segments.push(encode(column - columnWritten));
        columnWritten = column;
        open = false;
      }
    }
    return segments.join(',');
  });
  return { version: 3, sources: [...numbers.keys()], names: [], mappings: lines.join(';') };
}
