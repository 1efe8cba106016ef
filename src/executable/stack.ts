/** Stack traces of the packaged executable in terms of the sources. The map is read when the first stack is formatted. */
import { SourceMap } from 'node:module';
import { zstdDecompressSync } from 'node:zlib';
import { packaged, readEmbedded } from './embedded.ts';

const BUNDLE = 'main.cjs';
let map: SourceMap | null | undefined;

function sourceMap(): SourceMap | null {
  if (map === undefined) {
    try {
      map = new SourceMap(JSON.parse(zstdDecompressSync(readEmbedded('native/main.map.zst')).toString()));
    } catch {
      map = null;
    }
  }
  return map;
}

/** Rewrites the `file:line:column` positions of the bundle in a stack. */
export function mapStack(stack: string): string {
  const found = stack.includes(`${BUNDLE}:`) ? sourceMap() : null;
  if (!found) return stack;
  return stack.replace(
    /\(?((?:file:\/\/)?[^\s()]*):(\d+):(\d+)\)?/g,
    (all: string, file: string, line: string, column: string) => {
      if (!file.endsWith(BUNDLE)) return all;
      const entry = found.findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in entry)) return all;
      const position = `${entry.originalSource.replace(/^(\.\.\/)+/, '')}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
      return all.startsWith('(') ? `(${position})` : position;
    },
  );
}

/** Makes all stacks of this process speak of the sources. V8 asks only when a stack is first read. */
export function installStackMapping(): void {
  if (!packaged) return;
  Error.prepareStackTrace = (error, frames) =>
    mapStack(`${Error.prototype.toString.call(error)}${frames.map((frame) => `\n    at ${String(frame)}`).join('')}`);
}
