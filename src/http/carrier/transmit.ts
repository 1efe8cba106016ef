import { read } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { FileSegment, Segment } from '../../boots/files/sending.ts';
import type { Buffers } from './buffers.ts';
import type { Descriptors, SharedFile } from './descriptors.ts';

/** How the body went: `bytes` were handed to the kernel; a `fault` says why we ended the connection ourselves. */
export type Transmitted =
  | { bytes: number; end: 'completed' | 'aborted' }
  | { bytes: number; end: 'fault'; fault: string };

/** The client went away. */
class Gone extends Error {}

/** Reads exactly `length` bytes; resolves to false where the file ends before. */
function readAll(fd: number, buffer: Buffer, length: number, position: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const step = (done: number): void => {
      read(fd, buffer, done, length - done, position + done, (error, count) => {
        if (error) reject(error);
        else if (count === 0 || done + count === length) resolve(done + count === length);
        else step(done + count); // network file systems may give less than asked
      });
    };
    step(0);
  });
}

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

async function transmitFile(
  body: Body,
  segment: FileSegment,
  file: SharedFile,
  buffers: Buffers,
): Promise<string | undefined> {
  const end = segment.start + segment.length;
  let position = segment.start;
  const next = (): Promise<{ chunk: Buffer; buffer: Buffer; whole: boolean }> | undefined => {
    if (position >= end) return undefined;
    const buffer = buffers.take();
    const from = position;
    const length = Math.min(buffer.length, end - from);
    position += length;
    const chunk = buffer.subarray(0, length);
    const reading = readAll(file.fd, buffer, length, from).then((whole) => ({ chunk, buffer, whole }));
    reading.catch(() => buffers.give(buffer)); // also keeps a read ahead that nobody waits for from being unhandled
    return reading;
  };
  let ahead = next();
  try {
    while (ahead !== undefined) {
      const { chunk, buffer, whole } = await ahead;
      ahead = next();
      try {
        if (!whole) return `${segment.path} became shorter while it was being sent`;
        if (ahead === undefined) {
          // The last chunk goes out only if the client got one version of the file from first to last byte.
          const { size, mtimeMs } = await file.look();
          if (size !== segment.size || mtimeMs !== segment.mtimeMs)
            return `${segment.path} changed while it was being sent`;
        }
        await body.write(chunk);
      } finally {
        buffers.give(buffer);
      }
    }
    return undefined;
  } finally {
    // Wait for a read ahead, because it writes into its buffer and uses the descriptor.
    const unused = await ahead?.catch(() => undefined);
    if (unused !== undefined) buffers.give(unused.buffer);
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
  buffers: Buffers,
): Promise<Transmitted> {
  const body = new Body(res);
  try {
    for (const segment of segments) {
      const file = segment.kind === 'file' ? files.get(segment) : undefined;
      if (segment.kind === 'bytes') await body.write(segment.bytes);
      else if (file !== undefined) {
        const fault = await transmitFile(body, segment, file, buffers);
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
