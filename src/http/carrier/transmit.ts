import type { ServerResponse } from 'node:http';
import type { FileSegment, Segment } from '../files/sending.ts';
import type { Chunks, Taken } from './chunks.ts';
import type { Descriptors, SharedFile } from './descriptors.ts';

/** How the body went: `bytes` were handed to the kernel; a `fault` says why we ended the connection ourselves. */
export type Transmitted =
  | { bytes: number; end: 'completed' | 'aborted' }
  | { bytes: number; end: 'fault'; fault: string };

/** The client went away. */
class Gone extends Error {}

/** Writing to one response, which may close at any time. */
class Body {
  bytes = 0;
  readonly #res: ServerResponse;
  #closed: () => void = () => {};

  constructor(res: ServerResponse) {
    this.#res = res;
    res.once('close', () => this.#closed());
  }

  /** Resolves when the kernel has the chunk, so that its buffer may be used again. Rejects with Gone. */
  write(chunk: Buffer): Promise<void> {
    return this.#wait((done) => this.#res.write(chunk, done)).then(() => {
      this.bytes += chunk.length;
    });
  }

  end(): Promise<void> {
    return this.#wait((done) => this.#res.end(done));
  }

  #wait(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      // Callbacks of a response that waits for its turn on a pipelined connection are never called once it closes.
      if (this.#res.closed || this.#res.destroyed) return reject(new Gone());
      this.#closed = () => (this.#res.writableFinished ? resolve() : reject(new Gone()));
      start((error) => (error ? reject(new Gone()) : resolve()));
    });
  }
}

/** Sends a part of a file; returns what was wrong with it, if anything. The next chunk is read while one is written. */
async function transmitFile(
  body: Body,
  segment: FileSegment,
  file: SharedFile,
  chunks: Chunks,
): Promise<string | undefined> {
  const end = segment.start + segment.length;
  let position = segment.start;
  const take = (): Taken | undefined => {
    if (position >= end) return undefined;
    const taken = chunks.take(file, segment, position, end);
    taken.bytes.catch(() => {}); // waited for later, or never if the client goes away
    position += taken.length;
    return taken;
  };
  let now = take();
  let next: Taken | undefined;
  try {
    while (now !== undefined) {
      const bytes = await now.bytes;
      if (bytes === undefined) return `${segment.path} became shorter while it was being sent`;
      next = take();
      if (next === undefined) {
        // The last chunk goes out only if the client got one version of the file from first to last byte.
        const { size, mtimeMs } = await file.look();
        if (size !== segment.size || mtimeMs !== segment.mtimeMs) {
          return `${segment.path} changed while it was being sent`;
        }
      }
      await body.write(bytes);
      now.release();
      now = next;
      next = undefined;
    }
    return undefined;
  } finally {
    for (const taken of [now, next]) {
      // A read under way writes into its buffer and uses the descriptor.
      await taken?.bytes.catch(() => {});
      taken?.release();
    }
  }
}

/** Opens every file of the segments, in their version; rejects naming the first that cannot be had. */
export async function openAll(
  segments: readonly Segment[],
  descriptors: Descriptors,
): Promise<Map<FileSegment, SharedFile>> {
  const files = new Map<FileSegment, SharedFile>();
  try {
    for (const segment of segments) {
      if (segment.kind !== 'file') continue;
      const file = await descriptors.open(segment.path);
      files.set(segment, file);
      const { size, mtimeMs } = await file.look();
      if (size !== segment.size || mtimeMs !== segment.mtimeMs)
        throw new Error(`${segment.path} was replaced just now`);
    }
    return files;
  } catch (error) {
    for (const file of files.values()) file.release();
    throw error;
  }
}

/**
 * Sends the segments as the response's body and ends it; the head is written already. A file that changes or cannot be
 * read ends the connection before its last bytes, so the client sees that it is incomplete: never padded, never mixed.
 * Releases the files. Never rejects.
 */
export async function transmit(
  res: ServerResponse,
  segments: readonly Segment[],
  files: ReadonlyMap<FileSegment, SharedFile>,
  chunks: Chunks,
): Promise<Transmitted> {
  const body = new Body(res);
  try {
    for (const segment of segments) {
      const file = segment.kind === 'file' ? files.get(segment) : undefined;
      if (segment.kind === 'bytes') await body.write(segment.bytes);
      else if (file !== undefined) {
        const fault = await transmitFile(body, segment, file, chunks);
        if (fault !== undefined) {
          res.destroy();
          return { bytes: body.bytes, end: 'fault', fault };
        }
      }
    }
    await body.end();
    return { bytes: body.bytes, end: 'completed' };
  } catch (error) {
    res.destroy();
    if (error instanceof Gone) return { bytes: body.bytes, end: 'aborted' };
    return { bytes: body.bytes, end: 'fault', fault: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const file of files.values()) file.release();
  }
}
