import { type ServerResponse, STATUS_CODES } from 'node:http';

/**
 * Answers with a problem document (RFC 9457) of the carrier's own.
 * @param more further members, such as `code` (src/errors.ts) and `next`
 */
export function problem(
  res: ServerResponse,
  status: number,
  detail: string,
  headers: Record<string, string> = {},
  more: Record<string, string> = {},
): void {
  const document = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...more };
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  res.writeHead(status, { 'content-type': 'application/problem+json', 'content-length': body.length, ...headers });
  res.end(body);
}
