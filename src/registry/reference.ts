/** Names of container images, in the grammar and with the defaults of Docker (github.com/distribution/reference). */
import { TinsmithError } from '../errors.ts';

/** A full image name. `repository` has its registry's host: `docker.io/library/busybox`. */
export type Reference = { repository: string; tag?: string; digest?: string };

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** The only digest algorithm kept here. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
const REPOSITORY_MAX = 255;

/** The full repository name behind a short one (`busybox` is `docker.io/library/busybox`); undefined for what is no name. */
export function normaliseRepository(name: string): string | undefined {
  const [first = '', ...others] = name.split('/');
  const hosted = others.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const given = hosted ? first.toLowerCase() : 'docker.io';
  const host = given === 'index.docker.io' ? 'docker.io' : given;
  const path = hosted ? others : [first, ...others];
  if (host === 'docker.io' && path.length === 1) path.unshift('library');
  const full = [host, ...path].join('/');
  return HOST.test(host) && path.every((part) => COMPONENT.test(part)) && full.length <= REPOSITORY_MAX
    ? full
    : undefined;
}

/**
 * Reads an image name, short or full, with a tag (`latest` where there is neither tag nor digest), a digest, or both.
 * Throws a TinsmithError (INVALID_INPUT) naming what is no image name.
 */
export function parseReference(text: string): Reference {
  const invalid = (why: string): TinsmithError =>
    new TinsmithError('INVALID_INPUT', `${JSON.stringify(text.slice(0, 300))} is no image name: ${why}.`, {
      next: 'Write it as [HOST[:PORT]/]NAME[:TAG] or [HOST[:PORT]/]NAME@sha256:DIGEST, in lower case.',
    });
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw invalid('it has two "@"');
  if (digest !== undefined && !DIGEST.test(digest)) throw invalid('after "@" comes sha256: and 64 hexadecimal digits');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid('its tag is none');
  const repository = normaliseRepository(name);
  if (repository === undefined) throw invalid('its name has characters or parts that names do not have');
  return { repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** The reference as text: `docker.io/library/busybox:latest`. */
export function formatReference({ repository, tag, digest }: Reference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/**
 * A repository's name as it stands below our own host. A port cannot stand there, as `:` begins a tag, so `:` becomes
 * `__`, which no host name holds.
 */
export function pathOfRepository(repository: string): string {
  return repository.replace(/^([^/]*):(\d+)\//, '$1__$2/');
}

/** The repository that a path below our own host names, which may be a short name; undefined for what is no name. */
export function repositoryOfPath(path: string): string | undefined {
  return normaliseRepository(path.replace(/^([^/]*)__(\d+)\//, '$1:$2/'));
}
