import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../errors.ts';
import { Chunks } from './chunks.ts';
import { type CachedFiles, Descriptors } from './descriptors.ts';
import { Direct } from './direct.ts';
import { type Forwarding, forward } from './forward.ts';
import { plainAddress } from './headers.ts';
import { Held } from './held.ts';
import type { Address, CarrierSettings, FromCarrier, Limits, Refusal, TlsPair } from './messages.ts';
import { PlainConnections } from './plain-connections.ts';
import { problem } from './problem.ts';
import { ServedFiles } from './served-files.ts';
import { ZeroCopy } from './zero-copy.ts';

/** How often slow headers are looked for, and refusals are told to the main thread, in ms. */
const CHECK_INTERVAL = 1000;

/** Requests that the main thread has at once; below the kernel's usual queue (somaxconn) for its socket. */
const MAIN_REQUESTS = 4000;

/** Counts refusals and tells the main thread at most once a second: an attacker must not make it busy. */
class Refusals {
  readonly #post: (message: FromCarrier) => void;
  #counts: Partial<Record<Refusal, number>> = {};
  #example: { reason: Refusal; detail: string } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (message: FromCarrier) => void) {
    this.#post = post;
  }

  add(reason: Refusal, detail: string): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
    this.#example ??= { reason, detail };
    this.#timer ??= setTimeout(() => this.flush(), CHECK_INTERVAL).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#example !== undefined) this.#post({ kind: 'refused', counts: this.#counts, example: this.#example });
    this.#counts = {};
    this.#example = undefined;
  }
}

const STATUS: Partial<Record<Refusal, string>> = {
  malformed: '400 Bad Request',
  'headers-too-large': '431 Request Header Fields Too Large',
  'headers-too-slow': '408 Request Timeout',
  'connect-method': '501 Not Implemented',
};

function refusalOf(error: NodeJS.ErrnoException): Refusal | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'headers-too-slow';
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined; // the client went away: nothing was asked
    default:
      return 'malformed';
  }
}

/** More than one are wrong (RFC 9112 section 3.2), and node:http takes the first. */
function hostsIn({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
}

function listening(server: Server, { address, port }: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, backlog: 4096 }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve({ address, port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
  });
}

function publicServer(
  limits: Limits,
  forwarding: Forwarding,
  direct: Direct,
  tls: TlsPair | undefined,
): { server: Server | TlsServer; plain: PlainConnections } {
  const { refuse } = forwarding;
  /** Connections with a response under way: nothing of our own may be written between its bytes. */
  const busy = new Map<Duplex, number>();
  const end = (socket: Duplex, reason: Refusal): void => {
    const status = STATUS[reason];
    if (status === undefined || busy.has(socket) || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  };
  const tooSlow = (socket: Socket): void => {
    refuse('headers-too-slow', `nothing for ${limits.headersTimeout} ms`);
    end(socket, 'headers-too-slow');
  };
  const plain = new PlainConnections({ direct, limits, refuse, tooSlow });
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeout,
    requestTimeout: 0, // an upload may take as long as it makes progress
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: CHECK_INTERVAL,
    noDelay: true,
  };
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const { socket } = req;
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    res.once('close', () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (left > 0) busy.set(socket, left);
      else busy.delete(socket);
      if (left === 0 && res.writableFinished) plain.answered(socket);
    });
    if (hostsIn(req) > 1) {
      refuse('malformed', 'several Host headers');
      problem(res, 400, 'The request has several Host headers.', { connection: 'close' });
    } else if (!direct.take(req, res)) forward(req, res, forwarding);
  };
  const server =
    tls === undefined
      ? createServer(options, onRequest)
      : createTlsServer({ ...options, ...secure(tls), handshakeTimeout: limits.headersTimeout }, onRequest);
  server.on('tlsClientError', (error: Error, socket: Duplex) => {
    refuse('tls', error.message);
    socket.destroy();
  });
  server.maxHeadersCount = 0; // headerBytes bounds them; node:http would drop further ones silently
  server.maxConnections = limits.connections;
  server.setTimeout(limits.idleTimeout, (socket: Socket) => {
    if (busy.has(socket)) refuse('idle', `${plainAddress(socket.remoteAddress ?? '')} for ${limits.idleTimeout} ms`);
    socket.destroy();
  });
  server.on('checkContinue', (req, res) => server.emit('request', req, res));
  server.on('connect', (req, socket) => {
    refuse('connect-method', `CONNECT ${req.url ?? ''}`);
    end(socket, 'connect-method');
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const reason = refusalOf(error);
    if (reason === undefined) {
      socket.destroy();
      return;
    }
    refuse(reason, `${error.code ?? ''} ${error.message}`.trim());
    end(socket, reason);
  });
  server.on('drop', (dropped) => {
    refuse('too-many-connections', `from ${plainAddress(dropped?.remoteAddress ?? '')}`);
  });
  plain.precede(server);
  return { server, plain };
}

/** What Node has no door to. Rejects where the system has none either. */
async function systemCalls({ tls }: CarrierSettings): Promise<[zeroCopy?: ZeroCopy, cached?: CachedFiles]> {
  const zeroCopy = tls === undefined ? await ZeroCopy.load() : undefined;
  return [zeroCopy, await import('../../system/cached-files.ts')];
}

const secure = ({ certificate, key }: TlsPair) => ({ cert: certificate, key });

/**
 * Opens the public ports and serves them until {@link Carrier.stop}. Rejects with the bind error, to which `address`
 * (the {@link Address} that failed) is added; none of the ports is open then.
 */
export async function startCarrier(settings: CarrierSettings, post: (message: FromCarrier) => void): Promise<Carrier> {
  const refusals = new Refusals(post);
  const chunks = new Chunks();
  let requests = 0;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024, timeout: 5000, maxSockets: MAIN_REQUESTS });
  const held = new Held(post);
  let withoutZeroCopy: string | undefined;
  const [zeroCopy, cached] = await systemCalls(settings).catch((error: unknown) => {
    withoutZeroCopy = messageOf(error);
    return [];
  });
  const direct = new Direct(settings.direct, post);
  const forwarding: Forwarding = {
    agent,
    socketPath: settings.socketPath,
    secret: settings.secret,
    announcedPort: settings.announcedPort,
    limits: settings.limits,
    nextId: () => `${settings.generation}-${++requests}`,
    descriptors: new Descriptors((unused) => chunks.forget(unused), cached),
    means: { chunks, zeroCopy },
    held,
    served: new ServedFiles(settings.fileFolders, cached),
    post,
    refuse: (reason, detail) => refusals.add(reason, detail),
  };
  const servers: ReturnType<typeof publicServer>[] = [];
  const bound: Address[] = [];
  for (const address of settings.addresses) {
    const opened = publicServer(settings.limits, forwarding, direct, settings.tls);
    try {
      bound.push(await listening(opened.server, address));
      servers.push(opened);
    } catch (error) {
      for (const { server } of servers) server.close();
      throw Object.assign(error as Error, { address });
    }
  }
  return {
    bound,
    withoutZeroCopy,
    held,
    direct,
    renew(tls) {
      for (const { server } of servers) if ('setSecureContext' in server) server.setSecureContext(secure(tls));
    },
    async stop(graceMs) {
      held.endAll();
      const closed = servers.map(({ server }) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const { plain } of servers) plain.end();
      const timer = setTimeout(() => {
        for (const { server, plain } of servers) {
          server.closeAllConnections();
          plain.destroy();
        }
      }, graceMs);
      await Promise.all(closed);
      clearTimeout(timer);
      refusals.flush();
      agent.destroy();
    },
  };
}

export type Carrier = {
  bound: Address[];
  /** Why files go out by way of memory, where they should not. */
  withoutZeroCopy: string | undefined;
  /** The event streams that the main thread has handed over. */
  held: Held;
  direct: Direct;
  /** Takes another certificate. */
  renew(tls: TlsPair): void;
  /** Stops listening, lets responses under way go on for `graceMs`, then ends them. Never rejects. */
  stop(graceMs: number): Promise<void>;
};
