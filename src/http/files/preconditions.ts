/** The conditional and range requests of RFC 9110 (sections 13 and 14), as pure decisions on header values. */

/** The request headers that preconditions are made of, as node:http gives them. */
export type ConditionHeaders = { [name: string]: string | string[] | undefined };

/** Bytes from `start` up to, not including, `end`. */
export type Range = { start: number; end: number };

/** More ranges than this in one request are an attack, not a client; RFC 9110, 14.2 lets us ignore the header. */
const RANGES_MAX = 32;

/**
 * What a Range header asks of a body of `length` bytes: `ignore` (no header, another unit, bad syntax, or too many ranges:
 * send it all with 200), `unsatisfiable` (416), or the ranges in the order asked, those that overlap as one.
 */
export function parseRange(header: string | undefined, length: number): 'ignore' | 'unsatisfiable' | Range[] {
  const set = /^bytes=(.*)$/i.exec(header ?? '')?.[1];
  if (set === undefined) return 'ignore';
  const specs = set.split(',', RANGES_MAX + 1).map((spec) => spec.trim());
  if (specs.length > RANGES_MAX) return 'ignore';
  const ranges: Range[] = [];
  for (const spec of specs) {
    if (spec === '') continue; // RFC 9110, 5.6.1.2: empty list elements are allowed
    const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
    if (first === '' && last === '') return 'ignore';
    if (first === '') {
      const start = Math.max(length - Number(last), 0);
      if (start < length) ranges.push({ start, end: length });
    } else {
      if (last !== '' && Number(last) < Number(first)) return 'ignore';
      const end = last === '' ? length : Math.min(Number(last) + 1, length);
      if (Number(first) < length) ranges.push({ start: Number(first), end });
    }
  }
  if (specs.every((spec) => spec === '')) return 'ignore';
  if (ranges.length === 0) return 'unsatisfiable';
  return coalesced(ranges);
}

/** Nobody gets a byte twice (RFC 9110, 15.3.7.2): ranges that overlap become one, in the place of the first. */
function coalesced(ranges: readonly Range[]): Range[] {
  const apart: Range[] = [];
  for (const range of ranges) {
    const whole = { ...range };
    const overlaps = ({ start, end }: Range): boolean => start < whole.end && whole.start < end;
    let place = apart.length;
    // What has grown may overlap others than what it was.
    for (let at = apart.findIndex(overlaps); at >= 0; at = apart.findIndex(overlaps)) {
      const [other] = apart.splice(at, 1);
      whole.start = Math.min(whole.start, other?.start ?? whole.start);
      whole.end = Math.max(whole.end, other?.end ?? whole.end);
      place = Math.min(place, at);
    }
    apart.splice(place, 0, whole);
  }
  return apart;
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The entity tags of a list, weak ones without their `W/`. Opaque tags may hold commas, so no split. */
function tags(list: string): { tag: string; weak: boolean }[] {
  return [...list.matchAll(/(W\/)?("[^"]*")/g)].map(([, weak, tag = '']) => ({ tag, weak: weak !== undefined }));
}

/** The three forms of HTTP dates (RFC 9110, 5.6.7); `Date.parse` takes much else for a date. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d [\d:]{8} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/** HTTP dates know whole seconds only. Undefined for what is no date, which RFC 9110 says to ignore. */
function seconds(date: string | undefined): number | undefined {
  const isDate = date !== undefined && HTTP_DATE.test(date.trim());
  // asctime has no zone, and means GMT.
  const ms = isDate ? Date.parse(/GMT$/.test(date.trim()) ? date : `${date} GMT`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/**
 * The preconditions of a GET or HEAD in the order of RFC 9110, 13.2.2: `failed` is 412, `not-modified` is 304.
 * `etag` is ours with its quotes and strong; `lastModified` in ms since 1970, undefined where the body has no time.
 */
export function conditional(
  headers: ConditionHeaders,
  etag: string,
  lastModified: number | undefined,
): 'send' | 'not-modified' | 'failed' {
  const modified = lastModified === undefined ? undefined : Math.floor(lastModified / 1000);
  const ifMatch = text(headers['if-match']);
  const unmodifiedSince = seconds(text(headers['if-unmodified-since']));
  if (ifMatch !== undefined) {
    const matches = ifMatch.trim() === '*' || tags(ifMatch).some(({ tag, weak }) => !weak && tag === etag);
    if (!matches) return 'failed';
  } else if (unmodifiedSince !== undefined && modified !== undefined && modified > unmodifiedSince) {
    return 'failed';
  }
  const ifNoneMatch = text(headers['if-none-match']);
  const modifiedSince = seconds(text(headers['if-modified-since']));
  if (ifNoneMatch !== undefined) {
    const matches = ifNoneMatch.trim() === '*' || tags(ifNoneMatch).some(({ tag }) => tag === etag);
    return matches ? 'not-modified' : 'send';
  }
  const unchanged = modifiedSince !== undefined && modified !== undefined && modified <= modifiedSince;
  return unchanged ? 'not-modified' : 'send';
}

/**
 * Whether a Range header still counts: true without If-Range, or when If-Range names exactly what we have now
 * (RFC 9110, 13.1.5); false means that the client's part is of another version, so the whole body is sent.
 */
export function rangeApplies(headers: ConditionHeaders, etag: string, lastModified: number | undefined): boolean {
  const ifRange = text(headers['if-range'])?.trim();
  if (ifRange === undefined) return true;
  if (ifRange.endsWith('"')) return ifRange === etag; // a weak tag never matches
  return lastModified !== undefined && seconds(ifRange) === Math.floor(lastModified / 1000);
}
