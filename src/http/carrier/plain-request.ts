/** Requests in their plainest form, as what comes by the thousand has it. Pure. */

/** What such a request says. `body` is empty for GET. */
export interface PlainRequest {
  method: 'GET' | 'POST';
  /** Path and query. */
  target: string;
  host: string;
  /** Empty where there is none. */
  authorization: string;
  body: string;
}

const REQUEST_LINE = /^(GET|POST) (\/[!-"$-~]*) HTTP\/1\.1\r\n/;
/** RFC 9110 section 5.1 and 5.5, without obsolete text; the blanks at a value's end are cut off later. */
const HEADER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*)\r\n/y;
const LENGTH = /^\d{1,9}$/;

/**
 * Reads bytes that are one whole request and no more, where nothing about it can be understood in two ways: HTTP/1.1, with
 * one Host, POST with one Content-Length, and no header that changes how a message is read or what becomes of its
 * connection. Undefined for everything else, good or bad: that is for a parser of HTTP.
 *
 * @param headMax bytes of request line and headers
 */
export function plainRequest(bytes: Buffer, headMax: number): PlainRequest | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 || end + 4 > headMax) return undefined;
  const head = bytes.toString('latin1', 0, end + 2);
  const [line, method, target = ''] = REQUEST_LINE.exec(head) ?? [];
  if (line === undefined) return undefined;
  let host: string | undefined;
  let authorization: string | undefined;
  let length: string | undefined;
  let at = line.length;
  while (at < head.length) {
    HEADER.lastIndex = at;
    const [whole, name = '', value = ''] = HEADER.exec(head) ?? [];
    if (whole === undefined) return undefined;
    at += whole.length;
    switch (name.toLowerCase()) {
      case 'host':
        if (host !== undefined) return undefined;
        host = value.trimEnd();
        break;
      case 'authorization':
        if (authorization !== undefined) return undefined;
        authorization = value.trimEnd();
        break;
      case 'content-length':
        if (length !== undefined || !LENGTH.test(value)) return undefined;
        length = value;
        break;
      case 'connection':
        if (value.trimEnd().toLowerCase() !== 'keep-alive') return undefined;
        break;
      case 'transfer-encoding':
      case 'content-encoding':
      case 'expect':
      case 'upgrade':
      case 'te':
      case 'trailer':
        return undefined;
    }
  }
  if (host === undefined || (length === undefined) !== (method === 'GET')) return undefined;
  if (bytes.length !== end + 4 + Number(length ?? 0)) return undefined;
  const body = bytes.toString('utf8', end + 4);
  return { method: method === 'GET' ? 'GET' : 'POST', target, host, authorization: authorization ?? '', body };
}
