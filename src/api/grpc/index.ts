/** Tinkerbell's wire: gRPC for its workers of all times, and for its command line. */
import { readFileSync } from 'node:fs';
import { messageOf, TinsmithError } from '../../errors.ts';
import type { GrpcParts, GrpcPolicy } from './parts.ts';
import { startGrpcServer } from './server.ts';
import { rawMethods, type TinkerbellCalls } from './services.ts';

export type { GrpcParts, GrpcPolicy } from './parts.ts';
export { type TinkerbellCalls, tinkerbellCalls } from './services.ts';
export type { Trust } from './trust.ts';

/** Where it listens, and what is open to whom. */
export interface GrpcSettings extends GrpcPolicy {
  address: string;
  port: number;
  /** Files with the certificate and its key, PEM; plain text without. */
  tls: { certificate: string; key: string } | undefined;
  /** Bytes of ephemeral data that are taken at once. */
  largest: number;
}

/**
 * The role that answers on port 42113.
 * @param calls shared with the gateway, so that both know the same workers
 */
export function grpcRole(
  settings: GrpcSettings,
  parts: Pick<GrpcParts, 'log'> & { adminToken: string },
  calls: TinkerbellCalls,
) {
  const { address, port, tls, largest } = settings;
  return {
    name: 'grpc',
    transport: 'tcp' as const,
    ports: [port],
    async start() {
      const server = await startGrpcServer({
        ...{ address, port, largest, log: parts.log, adminToken: parts.adminToken },
        tls: tls && { certificate: readPem(tls.certificate), key: readPem(tls.key) },
        methods: rawMethods(calls, settings),
      });
      return { bound: [`${address}:${server.port}${tls ? ' (TLS)' : ''}`], stop: () => server.stop() };
    },
  };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TinsmithError('INVALID_INPUT', `${file} cannot be read: ${messageOf(cause)}`, {
      next: 'Name files in PEM with --tls-cert and --tls-key, or neither.',
      cause,
    });
  }
}
