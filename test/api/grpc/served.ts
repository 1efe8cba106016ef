/** Workflows behind a gRPC server on a free port of the loopback. */
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { type GrpcPolicy, grpcRole, tinkerbellCalls } from '../../../src/api/grpc/index.ts';
import { temporaryDirectory } from '../../store/opened.ts';
import { over } from '../../workflows/made.ts';
import { peer } from './peer.ts';

export const ADMIN_TOKEN = 'the-token-of-the-administrator';
export const PROTOS = 'github.com.tinkerbell.tink.protos';

type Parts = Awaited<ReturnType<typeof over>>;

/**
 * @param policy `openAdministration` and `trust` as the flags say; by default the strictest
 * @returns the parts of the appliance, changed in place by `restart`; `neighbours` is whose address is whose, by MAC
 */
export async function served(
  t: TestContext,
  policy: Partial<GrpcPolicy> & { tls?: { certificate: string; key: string } } = {},
) {
  const directory = temporaryDirectory(t);
  const neighbours = new Map<string, string>();
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });

  const start = async (port: number): Promise<Parts & { stop(): Promise<void>; bound: number }> => {
    const parts = await over(`${directory}/data`);
    const around = { ...parts, log, neighbour: (address: string) => neighbours.get(address) };
    const settings = {
      ...{ openAdministration: false, trust: 'hardware' as const, tls: undefined, largest: 1 << 20, ...policy },
      ...{ address: '127.0.0.1', port },
    };
    const calls = tinkerbellCalls(around, settings);
    const role = await grpcRole(settings, { log, adminToken: ADMIN_TOKEN }, calls).start();
    const bound = Number(/:(\d+)/.exec(role.bound[0] ?? '')?.[1]);
    return { ...parts, bound, stop: () => role.stop() };
  };
  const parts = await start(0);
  const { bound } = parts;
  t.after(async () => {
    await parts.stop();
    await parts.store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    parts,
    neighbours,
    logged,
    directory,
    port: bound,
    client: peer(t, directory, `127.0.0.1:${bound}`, policy.tls?.certificate),
    /** Stops the server and starts another on the same data and port. */
    async restart(): Promise<void> {
      await parts.stop();
      await parts.store.close();
      Object.assign(parts, await start(bound));
    },
  };
}

export type Served = Awaited<ReturnType<typeof served>>;
