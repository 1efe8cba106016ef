/** Why the appliance gave no answer that is any use, and what to do about it. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
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

/** Nothing came back from where a connection was tried. */
class NoConnection extends Error {}

/** Gives up a connection that is not there after so many ms: the system would try for two minutes. */
export function limitConnecting(socket: Socket, limit: number, giveUp: (error: Error) => void): void {
  if (!socket.connecting) return;
  // Told where the URL has a name.
  let tried = '';
  socket.on('connectionAttempt', (address: string, port: number) => {
    tried = ` to ${address}, port ${port},`;
  });
  const timer = setTimeout(() => giveUp(new NoConnection(`no connection${tried} within ${limit / 1000} s`)), limit);
  for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
}

/** Nothing came back, or nothing that can be trusted. */
export function notReached({ origin }: URL, error: NodeJS.ErrnoException): TinsmithError {
  if (UNTRUSTED.has(error.code ?? ''))
    return new TinsmithError('UNREACHABLE', `${origin} is not trusted: ${error.message}.`, {
      next: 'Name the file with its certificate, or that of who signed it, with --ca or TINSMITH_CA; and call the server by a name that is in it.',
      cause: error,
    });
  if (error instanceof NoConnection)
    return new TinsmithError('UNREACHABLE', `No appliance answers at ${origin}: ${error.message}.`, {
      next: 'See that the address is right, that the computer is on, and that no firewall drops what is sent to that port. Or say where the appliance is: --server http://HOST:8080, or TINSMITH_SERVER.',
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
