/** Stack traces of the packaged executable in terms of the sources. The map is read when the first stack is formatted. */
import { SourceMap } from 'node:module';
import { zstdDecompressSync } from 'node:zlib';
import { packaged, readEmbedded } from './embedded.ts';

/** By name of the bundle: `cli`, `worker`, `action`, `main`. */
const maps = new Map<string, SourceMap | null>();

function mapOf(bundle: string): SourceMap | null {
  const known = maps.get(bundle);
  if (known !== undefined) return known;
  let map: SourceMap | null = null;
  try {
    map = new SourceMap(JSON.parse(zstdDecompressSync(readEmbedded(`native/${bundle}.map.zst`)).toString()));
  } catch {
    // A stack in terms of the bundle is better than none.
  }
  maps.set(bundle, map);
  return map;
}

/** Rewrites the `file:line:column` positions of our bundles in a stack. Never throws: it would hide the error itself. */
export function mapStack(stack: string, of: (bundle: string) => Pick<SourceMap, 'findEntry'> | null = mapOf): string {
  return stack.replace(
    /\(?(?:file:\/\/)?[^\s()]*\/dist\/(\w+)\.cjs:(\d+):(\d+)\)?/g,
    (all: string, bundle: string, line: string, column: string) => {
      const entry = of(bundle)?.findEntry(Number(line) - 1, Number(column) - 1);
      // What libraries have been bundled from is not in the map, though places in it are.
      if (!entry || !('originalSource' in entry) || entry.originalSource === undefined) return all;
      const source = entry.originalSource.replace(/^(\.\.\/)+/, '');
      const position = `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
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
