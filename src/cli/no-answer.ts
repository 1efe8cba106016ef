/** Why the appliance gave no answer that is any use, and what to do about it. */
import type { IncomingMessage } from 'node:http';
import { TinsmithError } from '../errors.ts';

/** What is wrong with a certificate, as OpenSSL and Node put it. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Nothing came back, or nothing that can be trusted. */
export function notReached({ origin }: URL, error: NodeJS.ErrnoException): TinsmithError {
  if (UNTRUSTED.has(error.code ?? ''))
    return new TinsmithError('UNREACHABLE', `${origin} is not trusted: ${error.message}.`, {
      next: 'Name the file with its certificate, or that of who signed it, with --ca or TINSMITH_CA; and call the server by a name that is in it.',
      cause: error,
    });
  const why =
    error.code === 'ECONNREFUSED'
      ? 'nothing listens there'
      : error.code === 'ETIMEDOUT'
        ? 'no answer in time'
        : error.message || error.code;
  return new TinsmithError('UNREACHABLE', `No appliance answers at ${origin}: ${why}.`, {
    next: 'Start one with: sudo tinsmith up. Or say where it is: --server http://HOST:8080, or TINSMITH_SERVER.',
    cause: error,
  });
}

/** Something else answers there. */
export function foreign({ origin }: URL, response: IncomingMessage): TinsmithError {
  return new TinsmithError(
    'UNREACHABLE',
    `What answers at ${origin} is not Tinsmith: status ${response.statusCode}, ${response.headers['content-type'] ?? 'no content type'}.`,
    {
      next: 'Say where the appliance is: --server http://HOST:8080, or TINSMITH_SERVER.',
    },
  );
}

/** It wants a token, and there was none to give. */
export function withoutToken({ origin }: URL, lookedAt: string): TinsmithError {
  return new TinsmithError(
    'UNAUTHORIZED',
    `The appliance at ${origin} wants the administrator’s token, and there is none in ${lookedAt}.`,
    {
      next: 'Copy the file token from its data directory and give it with --token-file, or name the data directory with --data.',
    },
  );
}
