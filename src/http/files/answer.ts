import { type ConditionHeaders, conditional, parseRange, type Range, rangeApplies } from './preconditions.ts';
import { etagOf, lastModifiedOf, type Segment, type Sending, sendingLength, sliceSegments } from './sending.ts';

/** A response ready for the wire: `segments` is empty where there is no body (HEAD, 304). */
export type Answer = {
  status: number;
  /** By lower-case name, with content-length (except 304). */
  headers: Record<string, string>;
  segments: Segment[];
  /** The Range header that was honoured. */
  range?: string;
};

function contentRange({ start, end }: Range, length: number): string {
  return `bytes ${start}-${end - 1}/${length}`;
}

/** Several ranges as multipart/byteranges (RFC 9110, 14.6). */
function multipart(whole: readonly Segment[], ranges: Range[], length: number, type: string, boundary: string) {
  const segments = ranges.flatMap((range, index): Segment[] => {
    const head = `${index === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-type: ${type}\r\ncontent-range: ${contentRange(range, length)}\r\n\r\n`;
    return [{ kind: 'bytes', bytes: Buffer.from(head, 'latin1') }, ...sliceSegments(whole, range.start, range.end)];
  });
  segments.push({ kind: 'bytes', bytes: Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1') });
  return segments;
}

/**
 * What to answer to a request with this method and these headers, for which the route gave this sending: the whole
 * (200), parts (206), nothing new (304), a failed precondition (412) or a range that is not there (416). Preconditions
 * and ranges are for GET and HEAD with status 200 only. Pure.
 */
export function answer(method: string, request: ConditionHeaders, sending: Sending): Answer {
  const reading = method === 'GET' || method === 'HEAD';
  const length = sendingLength(sending.segments);
  const whole: Answer = {
    status: sending.status,
    headers: { ...sending.headers, 'content-length': String(length) },
    segments: sending.segments,
  };
  const bodiless = (reply: Answer): Answer => (method === 'HEAD' ? { ...reply, segments: [] } : reply);
  if (!reading || sending.status !== 200) return bodiless(whole);

  const etag = sending.headers.etag ?? etagOf(sending.segments);
  const stated = sending.headers['last-modified'];
  const lastModified = stated === undefined ? lastModifiedOf(sending.segments) : Date.parse(stated);
  whole.headers.etag = etag;
  whole.headers['accept-ranges'] = 'bytes';
  if (lastModified !== undefined) whole.headers['last-modified'] = new Date(lastModified).toUTCString();

  switch (conditional(request, etag, lastModified)) {
    case 'failed':
      return { status: 412, headers: { 'content-length': '0', etag }, segments: [] };
    case 'not-modified': {
      const { 'content-length': _, 'content-type': __, ...headers } = whole.headers;
      return { status: 304, headers, segments: [] };
    }
    case 'send':
      break;
  }

  // RFC 9110, 14.2: Range is defined for GET only.
  const range = method === 'GET' && typeof request.range === 'string' ? request.range : undefined;
  if (range === undefined || !rangeApplies(request, etag, lastModified)) return bodiless(whole);
  const ranges = parseRange(range, length);
  if (ranges === 'ignore') return whole;
  if (ranges === 'unsatisfiable') {
    const headers = { 'content-length': '0', 'content-range': `bytes */${length}`, 'accept-ranges': 'bytes', etag };
    return { status: 416, headers, segments: [] };
  }
  const [only, ...others] = ranges;
  const partial = { ...whole, status: 206, range };
  if (only !== undefined && others.length === 0) {
    const size = String(only.end - only.start);
    const headers = { ...whole.headers, 'content-length': size, 'content-range': contentRange(only, length) };
    return { ...partial, headers, segments: sliceSegments(sending.segments, only.start, only.end) };
  }
  const type = sending.headers['content-type'] ?? 'application/octet-stream';
  const boundary = `tinsmith-${etag.replace(/[^A-Za-z0-9_-]/g, '')}`;
  const segments = multipart(sending.segments, ranges, length, type, boundary);
  const headers = {
    ...whole.headers,
    'content-length': String(sendingLength(segments)),
    'content-type': `multipart/byteranges; boundary=${boundary}`,
  };
  return { ...partial, headers, segments };
}
