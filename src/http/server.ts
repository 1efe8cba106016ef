/**
 * The public HTTP ports. Express decides in the main thread; the carrier, a thread of its own, holds the connections
 * and sends the files (the division of nginx's X-Accel-Redirect), so that fifty downloads do not delay a DHCP answer.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type {
  Address,
  CarrierSettings,
  FoundFile,
  FromCarrier,
  Limits,
  Sent,
  TlsPair,
  ToCarrier,
} from './carrier/messages.ts';
import { carrierWorker } from './carrier/worker.ts';
import { answerer, type DirectRoutes } from './direct-calls.ts';
import type { FileRoutes } from './file-routes.ts';
import { admit } from './origin.ts';
import { Outbox } from './outbox.ts';
import { Streams } from './streams.ts';

const LIMITS: Limits = {
  headerBytes: 16 * 1024,
  headersTimeout: 20_000,
  idleTimeout: 120_000,
  keepAliveTimeout: 30_000,
  connections: 20_000, // ten thousand workers hold a stream each
  serviceConnectTimeout: 5000,
  serviceIdleTimeout: 60_000,
};

/** Carriers started so far, of all servers: ids of requests are never the same. */
let generations = 0;

/** Between the death of the carrier's thread and the start of the next. */
const RESTART_MS = 500;

export type HttpSettings = {
  /** Each must be free; port 0 takes any. */
  addresses: readonly Address[];
  /** An express app, or any other listener of node:http. */
  app: RequestListener;
  /** Called once for everything handed to `send()` or `pass()`, with its `about`. */
  onSent: (sent: Sent, about: unknown) => void;
  log: Logger;
  direct?: DirectRoutes;
  files?: FileRoutes;
  /** The carrier's thread as one CommonJS file: in the executable, where it cannot be started from its sources. */
  carrierSource?: string;
  /** The file of the addon koffi, for the same. Without it files go out by way of memory. */
  koffi?: string | undefined;
  limits?: Partial<Limits>;
  /** The ports speak TLS with this certificate. */
  tls?: TlsPair | undefined;
  /** Port in the URLs that machines are given, where they are not to come back to the one that they have asked. */
  announcedPort?: number | undefined;
};

export type HttpServer = {
  /** The addresses with their actual ports. */
  bound: Address[];
  /** Takes another certificate, for connections from now on. */
  renew(tls: TlsPair): void;
  /** Stops listening, lets responses under way go on for `graceMs` (1000), then ends them all. Never rejects. */
  stop(graceMs?: number): Promise<void>;
};

/** A port that could not be opened: `code` is the system's (EADDRINUSE, EACCES, EADDRNOTAVAIL), and which it was. */
export class BindError extends Error {
  readonly code: string;
  readonly address: string;
  readonly port: number;

  constructor(code: string, message: string, { address, port }: Address) {
    super(message);
    this.name = 'BindError';
    this.code = code;
    this.address = address;
    this.port = port;
  }
}

function internalServer(
  app: RequestListener,
  admitted: (req: IncomingMessage) => boolean,
  limits: Limits,
  log: Logger,
): Server {
  const server = createServer(
    {
      // The carrier sets the limits; here they would only end connections that it still wants to use.
      maxHeaderSize: limits.headerBytes + 4096,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
      requireHostHeader: false,
    },
    (req, res) => {
      if (admitted(req)) {
        app(req, res);
        return;
      }
      log.warn('refused a request on the internal socket that did not come through the carrier');
      res.writeHead(403).end();
    },
  );
  server.maxHeadersCount = 0;
  server.on('checkContinue', (req, res) => {
    continueWhenRead(req, res);
    server.emit('request', req, res);
  });
  return server;
}

/** Says "100 Continue" once the body is read: who is refused before that need not send it (RFC 9110 section 10.1.1). */
function continueWhenRead(req: IncomingMessage, res: ServerResponse): void {
  const read = req._read;
  req._read = (size) => {
    req._read = read;
    if (!res.headersSent) res.writeContinue();
    req._read(size);
  };
}

/**
 * Opens the public ports and serves the app on them. Rejects with a {@link BindError} when one cannot be opened; none
 * is open then. A carrier that dies is started again on the same ports, and what it was sending is reported as unsent.
 */
export async function startHttp(settings: HttpSettings): Promise<HttpServer> {
  const { app, log } = settings;
  const limits = { ...LIMITS, ...settings.limits };
  const secret = randomBytes(32).toString('hex');
  const socketPath = `\0tinsmith-${randomBytes(16).toString('hex')}`;
  let worker: Worker | undefined;
  const outbox = new Outbox((sent, about) => {
    try {
      settings.onSent(sent, about);
    } catch (error) {
      log.error({ err: error }, 'a report of what was sent could not be noted');
    }
  });
  const aboutFile = (file: FoundFile): unknown => settings.files?.about(file);
  const streams = new Streams((message) => worker?.postMessage(message));
  const internal = internalServer(app, (req) => admit(req, secret, outbox, streams), limits, log);
  await new Promise<void>((resolve, reject) => {
    internal.once('error', reject).listen({ path: socketPath, backlog: 4096 }, resolve);
  });

  let { tls } = settings;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;

  const start = (addresses: readonly Address[]): Promise<Address[]> => {
    const carrier: CarrierSettings = {
      addresses: [...addresses],
      socketPath,
      secret,
      generation: String(generations++),
      limits,
      direct: settings.direct?.paths ?? { posted: [], asked: [] },
      fileFolders: settings.files?.folders ?? [],
      tls,
      announcedPort: settings.announcedPort,
      koffi: settings.koffi,
    };
    const thread = carrierWorker(carrier, settings.carrierSource);
    worker = thread;
    const answer = settings.direct && answerer(settings.direct, (answers) => thread.postMessage(answers));
    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromCarrier) => {
        switch (message.kind) {
          case 'bound':
            thread.on('exit', () => died(message.bound));
            if (message.withoutZeroCopy !== undefined)
              log.warn(`files are sent at a higher cost than need be: ${message.withoutZeroCopy}`);
            resolve(message.bound);
            break;
          case 'failed':
            reject(new BindError(message.code, message.message, message.address));
            void thread.terminate();
            break;
          case 'sent':
            if (message.file) outbox.add(message.sent.id, aboutFile(message.file));
            outbox.sent(message.sent);
            break;
          case 'dropped':
            if (!streams.dropped(message.id)) outbox.dropped(message.id);
            break;
          case 'calls':
            answer?.(message.calls);
            break;
          case 'found':
            outbox.add(message.id, aboutFile(message.file));
            break;
          case 'held':
            streams.held(message.id);
            break;
          case 'gone':
            streams.gone(message.ids);
            break;
          case 'refused':
            log.warn({ refused: message.counts, example: message.example }, 'refused HTTP requests');
            break;
          case 'stopped':
            break;
        }
      });
      thread.on('error', (error) => {
        if (!stopping) log.error({ err: error }, 'the HTTP thread failed');
        reject(error);
      });
      thread.once('exit', () => reject(new Error('The HTTP thread ended before it listened.')));
    });
  };
  const died = (addresses: readonly Address[]): void => {
    outbox.lost('the HTTP thread ended');
    streams.lost();
    if (stopping) return;
    log.error('the HTTP thread ended; it is started again');
    restart = setTimeout(() => {
      start(addresses).then(
        () => log.info({ addresses }, 'the HTTP thread is back'),
        (error: unknown) => {
          log.error(`the HTTP thread could not be started again: ${messageOf(error)}`);
          died(addresses);
        },
      );
    }, RESTART_MS);
  };

  const renew = (pair: TlsPair): void => {
    tls = pair;
    worker?.postMessage({ kind: 'renew', tls } satisfies ToCarrier);
  };

  const closeInternal = async (): Promise<void> => {
    const closed = new Promise((resolve) => internal.close(resolve));
    internal.closeAllConnections();
    await closed;
  };
  const stop = async (graceMs = 1000): Promise<void> => {
    stopping = true;
    clearTimeout(restart);
    const thread = worker;
    if (thread !== undefined && thread.threadId !== -1) {
      const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
      // A thread that does not come to its end by itself is ended.
      const deadline = setTimeout(() => void thread.terminate(), graceMs + 1000);
      thread.postMessage({ kind: 'stop', graceMs } satisfies ToCarrier);
      await ended;
      clearTimeout(deadline);
    }
    await closeInternal();
  };

  try {
    return { bound: await start(settings.addresses), renew, stop };
  } catch (error) {
    stopping = true;
    await closeInternal();
    throw error;
  }
}
