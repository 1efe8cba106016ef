/** Which headers cross the carrier, as pure functions on node:http's raw lists (name, value, name, value, …). */
import type { IncomingHttpHeaders } from 'node:http';
import { CARRIER_HEADERS } from './messages.ts';

/** Hop-by-hop: about one connection, not about the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What only the carrier may say: who asks, and by which way. */
const TRUSTED = new Set<string>([
  ...Object.values(CARRIER_HEADERS),
  'forwarded',
  'x-real-ip',
  'x-forwarded-by',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-server',
]);

function pairs(raw: readonly string[]): { name: string; key: string; value: string }[] {
  const out = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    out.push({ name, key: name.toLowerCase(), value: raw[at + 1] ?? '' });
  }
  return out;
}

/** Without hop-by-hop headers, those that Connection names, and those of `others` (lower case). */
function endToEnd(raw: readonly string[], others: ReadonlySet<string>): string[] {
  const all = pairs(raw);
  const named = new Set(
    all.flatMap(({ key, value }) =>
      key === 'connection' ? value.split(',').map((name) => name.trim().toLowerCase()) : [],
    ),
  );
  // A Connection header may not take away what the message itself needs.
  for (const needed of ['host', 'content-length', 'content-type', 'range', 'if-range']) named.delete(needed);
  return all.flatMap(({ name, key, value }) =>
    HOP_BY_HOP.has(key) || named.has(key) || others.has(key) ? [] : [name, value],
  );
}

/**
 * The headers of a client's request for the main thread: the trusted ones first (so that none of the client's can
 * push them out), then the client's own. A body without Content-Length is sent on in chunks.
 */
export function requestHeaders(raw: readonly string[], trusted: Record<string, string>, chunked: boolean): string[] {
  const body = chunked ? ['transfer-encoding', 'chunked'] : [];
  return [...Object.entries(trusted).flat(), ...body, ...endToEnd(raw, TRUSTED)];
}

/** Whether a body comes with a request (RFC 9112 section 6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** What says that a body comes, and how. */
const ABOUT_BODY = new Set(['content-length', 'expect']);

/** As {@link requestHeaders}, for a request whose body stays here. */
export function bodilessHeaders(raw: readonly string[], trusted: Record<string, string>): string[] {
  return [...Object.entries(trusted).flat(), ...endToEnd(raw, new Set([...TRUSTED, ...ABOUT_BODY]))];
}

/** The headers of a client's request for a service: its own, and by which way it came. `prefix` was cut off the path. */
export function passedRequestHeaders(
  raw: readonly string[],
  way: {
    client: string;
    host: string;
    scheme: 'http' | 'https';
    prefix: string;
    withoutAuthorization: boolean;
    chunked: boolean;
  },
): string[] {
  const without = way.withoutAuthorization ? new Set([...TRUSTED, 'authorization']) : TRUSTED;
  const own = endToEnd(raw, without);
  const added = [
    ...(own.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'host') ? [] : ['host', way.host]),
    ...(way.chunked ? ['transfer-encoding', 'chunked'] : []),
    ...['x-forwarded-for', way.client, 'x-forwarded-host', way.host, 'x-forwarded-proto', way.scheme],
    ...(way.prefix === '' ? [] : ['x-forwarded-prefix', way.prefix]),
  ];
  return [...own, ...added];
}

/** The headers of a service's answer for the client; a redirect to a path of its own stays below the prefix. */
export function passedResponseHeaders(raw: readonly string[], prefix: string): string[] {
  const theirs = endToEnd(raw, TRUSTED);
  if (prefix === '') return theirs;
  return theirs.map((value, at) =>
    at % 2 === 1 && theirs[at - 1]?.toLowerCase() === 'location' && /^\/(?!\/)/.test(value) ? prefix + value : value,
  );
}

/** The headers of the main thread's answer for the client. */
export function responseHeaders(raw: readonly string[]): string[] {
  return endToEnd(raw, TRUSTED);
}

/** What is the sending's to say, not the JSON's that described it. */
const DESCRIPTION = new Set(['content-length', 'content-type', 'etag', 'last-modified', 'date', ...TRUSTED]);

/** The headers of an answer that describes a sending, kept for the client unless the sending says otherwise. */
export function sendingHeaders(raw: readonly string[], own: Record<string, string>): string[] {
  const theirs = endToEnd(raw, new Set([...DESCRIPTION, ...Object.keys(own)]));
  return [...theirs, ...Object.entries(own).flat()];
}

/** An IP address without the IPv4-in-IPv6 prefix that a wildcard IPv6 socket shows. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
