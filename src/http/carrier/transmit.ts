import type { ServerResponse } from 'node:http';
import type { FileSegment, Segment } from '../files/sending.ts';
import { Body, Gone } from './body.ts';
import type { Chunks, Taken } from './chunks.ts';
import type { Descriptors, SharedFile } from './descriptors.ts';
import { descriptorOf, TAIL, type ZeroCopy } from './zero-copy.ts';

/** How the body went: `bytes` were handed to the kernel; a `fault` says why we ended the connection ourselves. */
export type Transmitted =
  | { bytes: number; end: 'completed' | 'aborted' }
  | { bytes: number; end: 'fault'; fault: string };

/** The last bytes of a part's {@link TAIL}, which follow the last look at the file. */
const END = 4096;
/** Of what is in memory, so much is written at once, bytes. */
const PIECE = 128 << 10;
/** The shortest part that is worth more than one call, bytes. */
const LEAST = 1024 * 1024;
/** Bytes that are read in the ordinary way where the kernel does not have them in memory, before it is asked again. */
const COLD = 4 * 1024 * 1024;

/** What all who send share. */
export type Means = {
  chunks: Chunks;
  /** Undefined where there is no way to it. */
  zeroCopy: ZeroCopy | undefined;
};

/** Sends a part of a file; returns what was wrong with it, if anything. */
async function transmitFile(
  body: Body,
  segment: FileSegment,
  file: SharedFile,
  { chunks, zeroCopy }: Means,
): Promise<string | undefined> {
  const end = segment.start + segment.length;
  let position = segment.start;
  let isUsable = zeroCopy !== undefined && segment.length >= LEAST && descriptorOf(body.socket) !== undefined;
  const isDirect = isUsable;
  /** The last bytes go out only if the client got one version of the file from first to last byte. */
  const lastLook = async (): Promise<string | undefined> => {
    if (isDirect) await zeroCopy?.taken(body);
    const { size, mtimeMs } = await file.look();
    return size === segment.size && mtimeMs === segment.mtimeMs
      ? undefined
      : `${segment.path} changed while it was being sent`;
  };
  while (zeroCopy && isUsable) {
    ({ position, isUsable } = await zeroCopy.send(body, file, position, end - TAIL));
    const tail = position + TAIL === end ? zeroCopy.readTail(file, position) : undefined;
    if (tail !== undefined) {
      zeroCopy.uncork(body);
      await body.write(tail.subarray(0, -END));
      const fault = await lastLook();
      if (fault === undefined) await body.write(tail.subarray(-END));
      zeroCopy.giveBack(tail);
      return fault;
    }
    if (!isUsable || position + COLD >= end) break;
    const fault = await copy(body, segment, file, chunks, { from: position, to: position + COLD, lastLook });
    if (fault !== undefined) return fault;
    position += COLD;
  }
  return copy(body, segment, file, chunks, { from: position, to: end, lastLook });
}

/** Reads and writes in turn; the next chunk is read while one is written. Returns what was wrong, if anything. */
async function copy(
  body: Body,
  segment: FileSegment,
  file: SharedFile,
  chunks: Chunks,
  { from, to, lastLook }: { from: number; to: number; lastLook: () => Promise<string | undefined> },
): Promise<string | undefined> {
  let position = from;
  const take = (): Taken | undefined => {
    if (position >= to) return undefined;
    const taken = chunks.take(file, segment, position, to);
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
      if (next === undefined && to === segment.start + segment.length) {
        const fault = await lastLook();
        if (fault !== undefined) return fault;
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
      const { size, mtimeMs } = file.opened;
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
  means: Means,
): Promise<Transmitted> {
  const body = new Body(res);
  try {
    for (const segment of segments) {
      const file = segment.kind === 'file' ? files.get(segment) : undefined;
      if (segment.kind === 'bytes') for (const piece of piecesOf(segment.bytes)) await body.write(piece);
      else if (file !== undefined) {
        const fault = await transmitFile(body, segment, file, means);
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
    means.zeroCopy?.uncork(body);
    for (const file of files.values()) file.release();
  }
}

/** In pieces, so that it is known how far a client has come that goes away. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}
