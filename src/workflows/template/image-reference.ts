/** A container image reference, taken apart as written: nothing is filled in. */
export interface ImageReference {
  /** Registry, `host[:port]`; absent when the reference names none. */
  domain?: string;
  /** Repository, such as `library/debian`. */
  path: string;
  tag?: string;
  digest?: string;
}

const NAME_LIMIT = 255;
const HOST =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*$/;
const IPV6_HOST = /^\[[a-fA-F0-9:]+\]$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Reads `[host[:port]/]path[:tag][@algorithm:hex]` after the grammar of the OCI distribution's `reference` package, with
 * Docker's rule for what counts as a host: the first component, where it has a dot or colon, or is `localhost`.
 *
 * @returns the parts, or in words what is wrong.
 */
export function parseImageReference(text: string): { reference: ImageReference } | { problem: string } {
  if (text === '') return { problem: 'the image is empty' };
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const digestProblem = digest === undefined ? undefined : problemOfDigest(digest);
  if (digestProblem !== undefined) return { problem: digestProblem };
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const name = hasTag ? named.slice(0, colon) : named;
  if (tag !== undefined && !TAG.test(tag)) {
    return { problem: `"${tag}" is no tag (letters, digits, _ . -, at most 128)` };
  }
  if (name.length > NAME_LIMIT) return { problem: `the name is longer than ${NAME_LIMIT} characters` };
  const { domain, path } = splitDomain(name);
  if (domain !== undefined && !isHost(domain)) return { problem: `"${domain}" is no registry (host or host:port)` };
  for (const component of path.split('/')) {
    if (!PATH_COMPONENT.test(component)) return { problem: problemOfComponent(component) };
  }
  if (domain === undefined && /^[a-f0-9]{64}$/.test(path)) {
    return { problem: 'it is an image id (64 hexadecimal digits), not a name' };
  }
  return {
    reference: {
      ...(domain === undefined ? {} : { domain }),
      path,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

function splitDomain(name: string): { domain: string | undefined; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  return isDomain ? { domain: first, path: name.slice(slash + 1) } : { domain: undefined, path: name };
}

function isHost(domain: string): boolean {
  const port = /:([0-9]{1,5})$/.exec(domain);
  const host = port === null ? domain : domain.slice(0, port.index);
  if (port !== null && Number(port[1]) > 65_535) return false;
  return HOST.test(host) || IPV6_HOST.test(host);
}

function problemOfComponent(component: string): string {
  if (component === '') return 'a part of the name is empty';
  if (/[A-Z]/.test(component)) return `"${component}" has capital letters, a name must be in lower case`;
  return `"${component}" is no part of a name (lower-case letters and digits, with single . _ or - between them)`;
}

function problemOfDigest(digest: string): string | undefined {
  const colon = digest.indexOf(':');
  const length = DIGEST_LENGTHS[digest.slice(0, Math.max(colon, 0))];
  if (length === undefined) return `"${digest}" is no digest (sha256:…, sha384:… or sha512:…)`;
  if (!/^[a-f0-9]+$/.test(digest.slice(colon + 1)) || digest.length - colon - 1 !== length) {
    return `a ${digest.slice(0, colon)} digest has ${length} hexadecimal digits in lower case`;
  }
  return undefined;
}
