/** Checksums that come with an upload: in headers (RFC 9530), or as `sha256sum` prints them. Pure. */
import { type Problem, TinsmithError } from '../../errors.ts';

/** What a content must come to; `digest` in lower-case hexadecimal. `field` says where that was given. */
export interface Expected {
  algorithm: 'sha256' | 'sha512';
  digest: string;
  field: string;
}

const HEADERS = ['content-digest', 'repr-digest'] as const;
/** Those before it (RFC 3230, RFC 1864), of which nothing is checked here. */
const OBSOLETE = ['digest', 'content-md5'] as const;
/** By the names of RFC 9530; its other ones are insecure or only wished for. */
const ALGORITHMS: Readonly<Record<string, { algorithm: Expected['algorithm']; bytes: number }>> = {
  'sha-256': { algorithm: 'sha256', bytes: 32 },
  'sha-512': { algorithm: 'sha512', bytes: 64 },
};
const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * The checksums of a request. A header with several must have one that is known here.
 * @param sha256 of the query, 64 hexadecimal digits
 * @throws TinsmithError INVALID_INPUT naming each that cannot be read: it would go unchecked
 */
export function expectedDigests(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  sha256: string | undefined,
): Expected[] {
  const problems: Problem[] = [];
  const found: Expected[] = [];
  if (sha256 !== undefined) {
    if (SHA256.test(sha256)) found.push({ algorithm: 'sha256', digest: sha256.toLowerCase(), field: 'sha256' });
    else problems.push({ field: 'sha256', message: 'must have 64 hexadecimal digits, as sha256sum prints them' });
  }
  for (const field of HEADERS) {
    const header = headers[field];
    if (header === undefined) continue;
    const read = inHeader(String(header), field);
    if (typeof read === 'string') problems.push({ field, message: read });
    else found.push(...read);
  }
  for (const field of OBSOLETE)
    if (headers[field] !== undefined) problems.push({ field, message: 'is obsolete, and not checked here' });
  if (problems.length === 0) return found;
  throw new TinsmithError('INVALID_INPUT', 'The checksum of the upload cannot be read.', {
    next: 'Give ?sha256=DIGITS, or Content-Digest: sha-256=:BASE64:. Nothing was stored.',
    problems,
  });
}

/** A dictionary of structured fields (RFC 8941 section 3.2) whose values are byte sequences; or what is wrong with it. */
function inHeader(header: string, field: string): Expected[] | string {
  const found: Expected[] = [];
  for (const member of header.split(',')) {
    const [, name = '', base64] = /^\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*(?:;.*)?$/.exec(member) ?? [];
    if (base64 === undefined) return 'is not written like sha-256=:BASE64:';
    const known = ALGORITHMS[name];
    if (!known) continue;
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length !== known.bytes) return `has a ${name} of ${bytes.length} bytes`;
    found.push({ algorithm: known.algorithm, digest: bytes.toString('hex'), field });
  }
  return found.length > 0 ? found : 'has neither sha-256 nor sha-512, which are what is checked here';
}
