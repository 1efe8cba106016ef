/**
 * The pull half of the OCI distribution protocol (github.com/opencontainers/distribution-spec), which is Docker's
 * registry API version 2: decides what to answer, and sends nothing itself.
 */
import type { Segment, Sending } from '../http/files/index.ts';
import { DIGEST, pathOfRepository, repositoryOfPath } from './reference.ts';

/** A manifest or blob that can be served. */
export type Served = {
  kind: 'manifest' | 'blob';
  digest: string;
  mediaType: string;
  segments: Segment[];
};

/** What there is to serve, by full repository name (`docker.io/library/busybox`). */
export interface Shelf {
  /** Repositories and tags that are listed, in alphabetical order. */
  repositories(): string[];
  tags(repository: string): string[] | undefined;
  /** The manifest of a tag or digest. */
  manifest(repository: string, tagOrDigest: string): Served | undefined;
  blob(repository: string, digest: string): Served | undefined;
}

type ErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'UNSUPPORTED'
  | 'PAGINATION_NUMBER_INVALID';

const VERSION = { 'docker-distribution-api-version': 'registry/2.0' };
const LIST_MAX = 1000;

function json(status: number, body: unknown, headers: Record<string, string> = {}): Sending {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: { ...VERSION, ...type, ...headers }, segments: [{ kind: 'bytes', bytes }] };
}

function refusal(status: number, code: ErrorCode, message: string, headers?: Record<string, string>): Sending {
  return json(status, { errors: [{ code, message, detail: null }] }, headers);
}

function content({ digest, mediaType, segments }: Served): Sending {
  const headers = { ...VERSION, 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
  return { status: 200, headers, segments };
}

function accepts(accept: string, mediaType: string): boolean {
  const ranges = accept.split(',').map((range) => range.split(';', 1)[0]?.trim().toLowerCase());
  if (ranges.every((range) => range === '')) return true;
  return ranges.some((range) => range === '*/*' || range === 'application/*' || range === mediaType);
}

function manifest(shelf: Shelf, repository: string, asked: string, accept: string): Sending {
  if (asked.startsWith('sha256') && !DIGEST.test(asked)) return refusal(400, 'DIGEST_INVALID', `${asked} is no digest`);
  const found = shelf.manifest(repository, asked);
  if (found === undefined) {
    if (shelf.tags(repository) === undefined) {
      return refusal(404, 'NAME_UNKNOWN', `there is no image ${repository} in this registry`);
    }
    return refusal(404, 'MANIFEST_UNKNOWN', `${repository} has no ${asked} in this registry`);
  }
  if (accepts(accept, found.mediaType)) return content(found);
  return refusal(
    404,
    'MANIFEST_UNKNOWN',
    `${asked} is of the type ${found.mediaType}, which the client does not accept`,
  );
}

/** One page of a list (`n` entries after `last`), with the way to the next one (distribution specification, "Listing tags"). */
function page(all: string[], path: string, query: URLSearchParams, body: (page: string[]) => unknown): Sending {
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,6}$/.test(asked)) {
    return refusal(400, 'PAGINATION_NUMBER_INVALID', `n=${asked} is no number of results`);
  }
  const size = Math.min(Number(asked ?? LIST_MAX), LIST_MAX);
  const last = query.get('last') ?? '';
  const left = all.filter((name) => name > last);
  const shown = left.slice(0, size);
  const end = shown.at(-1);
  if (end === undefined || shown.length === left.length) return json(200, body(shown));
  const next = `${path}?n=${size}&last=${encodeURIComponent(end)}`;
  return json(200, body(shown), { link: `<${next}>; rel="next"` });
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * The answer to a request below `/v2`; undefined for any other path. `target` is the path, which may have a query.
 * HEAD is decided like GET: whoever sends the answer leaves the body away. Errors have the protocol's JSON form.
 */
export function distribution(shelf: Shelf, method: string, target: string, accept: string): Sending | undefined {
  const [raw = '', search = ''] = target.split('?', 2);
  if (raw !== '/v2' && !raw.startsWith('/v2/')) return undefined;
  if (method !== 'GET' && method !== 'HEAD') {
    return refusal(405, 'UNSUPPORTED', 'images are only pulled from this registry', { allow: 'GET, HEAD' });
  }
  const path = decoded(raw);
  if (path === undefined) return refusal(400, 'NAME_INVALID', 'the path is not percent-encoded UTF-8');
  if (path === '/v2' || path === '/v2/') return json(200, {});
  const query = new URLSearchParams(search);
  if (path === '/v2/_catalog') {
    return page(shelf.repositories().map(pathOfRepository).sort(), raw, query, (repositories) => ({ repositories }));
  }
  const [, name = '', what, asked = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? /^\/v2\/(.+)\/(tags)\/list$/.exec(path) ?? [];
  if (what === undefined) return refusal(404, 'UNSUPPORTED', 'there is nothing at this path');
  const repository = repositoryOfPath(name);
  if (repository === undefined) return refusal(400, 'NAME_INVALID', 'the path has no repository name');
  if (what === 'manifests') return manifest(shelf, repository, asked, accept);
  const tags = shelf.tags(repository);
  if (tags === undefined) return refusal(404, 'NAME_UNKNOWN', `there is no image ${repository} in this registry`);
  if (what === 'tags') return page(tags, raw, query, (shown) => ({ name, tags: shown }));
  if (!DIGEST.test(asked)) return refusal(400, 'DIGEST_INVALID', `${asked} is no digest`);
  const blob = shelf.blob(repository, asked);
  return blob === undefined
    ? refusal(404, 'BLOB_UNKNOWN', `${repository} has no blob ${asked} in this registry`)
    : content(blob);
}
