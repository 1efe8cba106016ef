/**
 * What a route decided to send: a status, headers, and a body made of pieces of files and of bytes. Express decides it
 * in the main thread; the carrier (src/http/carrier) sends it from its own thread, so that downloads never hold up
 * DHCP and TFTP. Everything here but `fileSegment` is pure.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { TinsmithError } from '../../errors.ts';

/** Bytes in memory: scripts, archive headers, padding. They travel to the carrier as base64, so keep them small. */
export type BytesSegment = { kind: 'bytes'; bytes: Buffer };

/**
 * `length` bytes of a file from `start`. `size` (bytes) and `mtimeMs` are the file's own, as it was when the route
 * looked at it: the carrier sends that very version of the file or refuses. Made by {@link wholeFile}.
 */
export type FileSegment = {
  kind: 'file';
  path: string;
  start: number;
  length: number;
  size: number;
  mtimeMs: number;
};

export type Segment = BytesSegment | FileSegment;

/**
 * A response for the carrier. `headers` are by lower-case name; `content-length`, `etag`, `last-modified`,
 * `accept-ranges` and `content-range` are the carrier's to fill in (an `etag` or `last-modified` given here is kept).
 */
export type Sending = { status: number; headers: Record<string, string>; segments: Segment[] };

function segmentLength(segment: Segment): number {
  return segment.kind === 'bytes' ? segment.bytes.length : segment.length;
}

/** Length in bytes of the body that the segments make. */
export function sendingLength(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segmentLength(segment), 0);
}

/** The segments that make the bytes from `start` up to, not including, `end` of the body. */
export function sliceSegments(segments: readonly Segment[], start: number, end: number): Segment[] {
  const slice: Segment[] = [];
  let offset = 0;
  for (const segment of segments) {
    const length = segmentLength(segment);
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, length);
    if (from < to) {
      slice.push(
        segment.kind === 'bytes'
          ? { kind: 'bytes', bytes: segment.bytes.subarray(from, to) }
          : { ...segment, start: segment.start + from, length: to - from },
      );
    }
    offset += length;
  }
  return slice;
}

/**
 * A strong entity tag (with its quotes) of the body: the same while the bytes, and the size and modification time of
 * every file, are the same.
 */
export function etagOf(segments: readonly Segment[]): string {
  const hash = createHash('sha256');
  for (const segment of segments) {
    if (segment.kind === 'bytes') {
      hash.update(`bytes ${segment.bytes.length}\0`).update(segment.bytes);
    } else {
      const { path, start, length, size, mtimeMs } = segment;
      hash.update(`file ${JSON.stringify([path, start, length, size, mtimeMs])}\0`);
    }
  }
  return `"${hash.digest('base64url').slice(0, 27)}"`;
}

/** When the newest file in the body was modified, in ms since 1970; undefined for a body without files. */
export function lastModifiedOf(segments: readonly Segment[]): number | undefined {
  const times = segments.flatMap((segment) => (segment.kind === 'file' ? [segment.mtimeMs] : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The whole of a file that was looked at. */
export function wholeFile({ path, size, mtimeMs }: Pick<FileSegment, 'path' | 'size' | 'mtimeMs'>): FileSegment {
  return { kind: 'file', path, start: 0, length: size, size, mtimeMs };
}

/** The whole of a file as it is now. Rejects with a TinsmithError (NOT_FOUND) naming a file that is not there or is none. */
export async function fileSegment(path: string): Promise<FileSegment> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new TinsmithError('NOT_FOUND', `The file ${path} cannot be read.`, { cause });
  });
  if (!found.isFile()) throw new TinsmithError('NOT_FOUND', `${path} is not a regular file.`);
  return wholeFile({ path, size: found.size, mtimeMs: found.mtimeMs });
}

/** The sending as JSON, its bytes in base64. */
export function encodeSending(sending: Sending): string {
  const segments = sending.segments.map((segment) =>
    segment.kind === 'bytes' ? { kind: 'bytes', base64: segment.bytes.toString('base64') } : segment,
  );
  return JSON.stringify({ ...sending, segments });
}

/** The sending that {@link encodeSending} wrote. The JSON is this process's own and is trusted. */
export function decodeSending(json: string): Sending {
  const wire = JSON.parse(json) as Omit<Sending, 'segments'> & {
    segments: (FileSegment | { kind: 'bytes'; base64: string })[];
  };
  const segments = wire.segments.map(
    (segment): Segment =>
      segment.kind === 'bytes' ? { kind: 'bytes', bytes: Buffer.from(segment.base64, 'base64') } : segment,
  );
  return { ...wire, segments };
}
