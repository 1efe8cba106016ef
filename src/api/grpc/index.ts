/** Tinkerbell's wire: gRPC for its workers of all times, and for its command line. */
import { ServerCredentials } from '@grpc/grpc-js';
import { readTlsPair, type TlsFiles, watchTlsFiles } from '../../http/index.ts';
import { RenewableCredentials } from './certificate.ts';
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
  /** Plain text without. */
  tls: TlsFiles | undefined;
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
      const { log, adminToken } = parts;
      const secure = tls && new RenewableCredentials(readTlsPair(tls));
      const server = await startGrpcServer({
        ...{ address, port, largest, log, adminToken },
        credentials: secure ?? ServerCredentials.createInsecure(),
        methods: rawMethods(calls, settings),
      });
      const unwatch = secure && watchTlsFiles(tls, { log, what: 'gRPC' }, (pair) => secure.renew(pair));
      return {
        bound: [`${address}:${server.port}${tls ? ' (TLS)' : ''}`],
        async stop() {
          unwatch?.();
          await server.stop();
        },
      };
    },
  };
}
