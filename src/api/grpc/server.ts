/** The gRPC server: sockets, credentials, and who calls. What is called, and what it means, is decided elsewhere. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  setLogger,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { tokenOf } from '../access.ts';
import { sameSecret } from '../tokens.ts';
import { REFLECTION_SERVICES } from './files.ts';
import { ServerReflectionRequest, ServerReflectionResponse } from './messages/reflection.ts';
import type { Caller } from './protobuf/service.ts';
import { reflect } from './reflection.ts';
import type { RawMethod } from './services.ts';
import { asGrpcError, toStatus } from './status.ts';

/** A server that listens. */
export interface GrpcServer {
  port: number;
  /** Ends all calls. Never rejects. */
  stop(): Promise<void>;
}

/** How long calls may take to end when the server stops, ms. */
const GRACE = 2000;
const STEP = 50;
/** What a message may have beside the ephemeral data in it, bytes. */
const MARGIN = 1 << 20;

/** What a call of any kind has. */
interface AnyCall {
  metadata: Metadata;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/**
 * Starts it.
 * @param options.methods by service and name
 * @param options.largest bytes of ephemeral data that are taken at once
 * @throws Error with the code of the system: EADDRINUSE, EACCES
 */
export async function startGrpcServer(options: {
  address: string;
  port: number;
  credentials: ServerCredentials;
  methods: Map<string, Map<string, RawMethod>>;
  adminToken: string;
  largest: number;
  log: Logger;
}): Promise<GrpcServer> {
  const { log } = options;
  // It writes to standard error by itself.
  const told = (...words: unknown[]): void => log.debug({ grpc: words.map(String).join(' ') }, 'grpc');
  setLogger({ error: told, info: told, debug: told });
  const server = new Server({
    'grpc.max_receive_message_length': options.largest + MARGIN,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 100,
    // A worker whose machine was switched off says nothing.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  const ends = new Set<AbortController>();
  const callerOf = (call: AnyCall): { caller: Caller; done: () => void } => {
    const end = new AbortController();
    ends.add(end);
    call.on('cancelled', () => end.abort());
    const [bearer] = call.metadata.get('authorization');
    const token = tokenOf(String(bearer ?? ''));
    const caller: Caller = {
      address: addressOf(call.getPeer()),
      administrator: token !== undefined && sameSecret(token, options.adminToken),
      signal: end.signal,
    };
    return { caller, done: () => void ends.delete(end) };
  };
  const failed = (error: unknown, path: string, { address }: Caller): ReturnType<typeof toStatus> => {
    const { code, message } = asGrpcError(error);
    if (code === 'INTERNAL') log.error({ err: error, call: path }, 'a gRPC call failed');
    else log.debug({ call: path, code, address }, message);
    return toStatus(code === 'INTERNAL' ? new Error(`${path} failed; see the log of the server`) : error);
  };

  for (const [service, methods] of options.methods) {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of methods) {
      const path = `/${service}/${name}`;
      if (method.stream) {
        const handle: handleServerStreamingCall<Buffer, Buffer> = async (call) => {
          const { caller, done } = callerOf(call);
          try {
            for await (const each of method.answer(call.request, caller)) {
              if (caller.signal.aborted) break;
              // Whoever reads slowly is waited for; whoever is gone is not.
              if (!call.write(each)) await once(call, 'drain', { signal: caller.signal }).catch(() => undefined);
            }
            call.end();
          } catch (error) {
            call.emit('error', failed(error, path, caller));
          } finally {
            done();
          }
        };
        implementation[name] = handle;
      } else {
        const handle: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
          const { caller, done } = callerOf(call);
          void method
            .answer(call.request, caller)
            .then((answer) => callback(null, answer))
            .catch((error: unknown) => callback(failed(error, path, caller)))
            .finally(done);
        };
        implementation[name] = handle;
      }
    }
    server.addService(definitionOf(service, methods), implementation);
  }
  for (const service of REFLECTION_SERVICES) server.addService(reflectionDefinition(service), { ServerReflectionInfo });

  const port = await bind(server, options);
  return {
    port,
    async stop() {
      for (const end of ends) end.abort();
      // Graceful where it can be; a connection that its client keeps open would hold it up for seconds.
      const shut = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      for (let waited = 0; ends.size > 0 && waited < GRACE; waited += STEP)
        await Promise.race([shut, setTimeout(STEP)]);
      await Promise.race([shut, setTimeout(STEP)]);
      server.forceShutdown();
    },
  };
}

const ServerReflectionInfo: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (request: Buffer) => {
    try {
      call.write(ServerReflectionResponse.encode(reflect(ServerReflectionRequest.decode(request))));
    } catch (error) {
      call.emit('error', toStatus(error));
    }
  });
  call.on('end', () => call.end());
};

/** Messages stay bytes here: what they are can depend on what is in them. */
const bytes = (message: Buffer): Buffer => message;
const codec = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

function definitionOf(service: string, methods: Map<string, RawMethod>): ServiceDefinition {
  return Object.fromEntries(
    [...methods].map(([name, { stream }]) => [
      name,
      { path: `/${service}/${name}`, requestStream: false, responseStream: stream, ...codec },
    ]),
  );
}

function reflectionDefinition(service: string): ServiceDefinition {
  const path = `/${service}/ServerReflectionInfo`;
  return { ServerReflectionInfo: { path, requestStream: true, responseStream: true, ...codec } };
}

async function bind(
  server: Server,
  { address, port, credentials }: { address: string; port: number; credentials: ServerCredentials },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${port}`, credentials, (error, bound) => {
      if (!error) return resolve(bound);
      // It tells the system's code in its sentence only.
      const code = /\b(E[A-Z]{4,})\b/.exec(error.message)?.[1];
      reject(Object.assign(new Error(error.message, { cause: error }), { code }));
    });
  });
}

/** `10.0.0.1:4711`, `[::1]:4711`, `[::ffff:10.0.0.1]:4711` to the address alone. */
export function addressOf(peer: string): string {
  return peer
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '');
}
