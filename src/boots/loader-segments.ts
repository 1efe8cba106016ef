import { fileSegment, type Segment } from '../http/files/index.ts';
import { memoryFile } from '../system/memory-file.ts';

/** By their bytes; undefined: as a file they cannot be had. */
const files = new WeakMap<Buffer, string | undefined>();

/**
 * A boot loader as it goes out over HTTP: as a file, though it lies in memory. Bytes would be put into text and hashed for each
 * machine that asks, which takes the main thread ten times as long as all of the rest.
 */
export async function loaderSegment(name: string, bytes: Buffer): Promise<Segment> {
  if (!files.has(bytes)) files.set(bytes, memoryFile(name, bytes));
  const path = files.get(bytes);
  return path === undefined ? { kind: 'bytes', bytes } : fileSegment(path);
}
