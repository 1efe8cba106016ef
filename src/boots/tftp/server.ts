/** The TFTP server, read-only: a listening socket per address, a session per transfer. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { messageOf } from '../../errors.ts';
import type { Endpoint } from '../../system/libc.ts';
import { type Asked, admit, busy, noSocket, type ReadRequest, type Refusal, refusalOf } from './admission.ts';
import type { TftpFiles, TftpFound, TftpRefusal } from './files.ts';
import { mtuOf } from './mtu.ts';
import { negotiate } from './negotiate.ts';
import { answered, ended, noteOf, type TftpNote } from './notes.ts';
import { decode, encode } from './packet.ts';
import { Session, type SessionEnd } from './session.ts';
import { TransferSockets } from './transfer-sockets.ts';
import { DEFAULT_LIMITS, type TransferLimits } from './transfer-state.ts';

export type TftpOptions = {
  /** IPv4 addresses to serve, each from a socket of its own, so that answers leave from the address that was asked. */
  addresses: readonly string[];
  /** 0 picks a free one per address. */
  port: number;
  files: TftpFiles;
  log: Logger;
  /** Called for every request and its end, and for every datagram that is none. */
  note: (entry: TftpNote) => void;
  /** Transfers at once; beyond it clients are told "busy" and ask again. */
  mostTransfers?: number;
  /** When transfers resend and give up. */
  limits?: TransferLimits;
};

export type TftpServer = {
  /** What was bound. */
  endpoints: readonly Endpoint[];
  /** Transfers in progress, those whose file is still being looked up included. */
  transfers: () => number;
  /** Stops listening, and ends each transfer with an ERROR to its client. */
  close: () => Promise<void>;
};

type Listener = { socket: Socket; address: string; mtu: number };
/** What is under way for one client endpoint; no session while the file is looked up. */
type Place = { request: Buffer; session: Session | undefined };

const MOST_TRANSFERS = 1000;
/** A storm of machines powered on together must find room for its requests. */
const RECEIVE_BUFFER = 4_194_304;
/** A client whose transfer has been silent this long and that asks again has started anew from the same port. */
const ABANDONED_MS = 1000;

/**
 * Binds and serves. Rejects with the socket's error (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL…, `address`, `port`) when an
 * address can not be bound; then none is.
 */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const server = new Server(options);
  await server.listen();
  return {
    endpoints: server.endpoints(),
    transfers: () => server.transfers(),
    close: () => server.close(),
  };
}

class Server {
  #options: TftpOptions;
  #listeners: Listener[] = [];
  /** By client's `address:port`. */
  #places = new Map<string, Place>();
  #sockets = new TransferSockets({
    onStranger: (from) => this.#onStranger(from),
    onError: (error) => this.#options.log.warn({ err: error }, 'TFTP socket'),
  });
  #closed = false;

  constructor(options: TftpOptions) {
    this.#options = options;
  }

  async listen(): Promise<void> {
    try {
      for (const address of this.#options.addresses) this.#listeners.push(await this.#bind(address));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  endpoints(): Endpoint[] {
    return this.#listeners.map(({ socket, address }) => ({ address, port: socket.address().port }));
  }

  transfers(): number {
    return this.#places.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { session } of [...this.#places.values()]) {
      session?.stop('stopped', 'the server is stopping', 'The server is stopping');
    }
    this.#sockets.close();
    const listeners = this.#listeners.splice(0);
    await Promise.all(listeners.map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  #bind(address: string): Promise<Listener> {
    const socket = createSocket({ type: 'udp4', lookup: numericLookup, recvBufferSize: RECEIVE_BUFFER });
    const listener: Listener = { socket, address, mtu: mtuOf(address) };
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port: this.#options.port, exclusive: true }, () => {
        socket.off('error', reject);
        socket.on('error', (error) => this.#options.log.warn({ err: error, address }, 'TFTP socket'));
        socket.on('message', (bytes, from) => this.#onDatagram(listener, bytes, from));
        resolve(listener);
      });
    });
  }

  #onDatagram(listener: Listener, bytes: Buffer, from: RemoteInfo): void {
    const verdict = admit(decode(bytes), from.port);
    switch (verdict.kind) {
      case 'read':
        this.#onRead(listener, verdict.request, bytes, from);
        break;
      case 'refuse':
        this.#refuse(listener, from, verdict);
        break;
      case 'ignore':
        this.#ignore(from, undefined, verdict.reason, verdict.sentence);
    }
  }

  #onRead(listener: Listener, request: ReadRequest, bytes: Buffer, from: Endpoint): void {
    const { file } = request;
    const key = `${from.address}:${from.port}`;
    const earlier = this.#places.get(key);
    if (earlier !== undefined) {
      if (!isAbandoned(earlier, bytes)) {
        this.#ignore(from, request, 'repeated-request', 'the same request came again; its transfer is under way');
        return;
      }
      earlier.session?.stop('superseded', 'the client asked anew from the same port');
      this.#places.delete(key);
    }
    const most = this.#options.mostTransfers ?? MOST_TRANSFERS;
    if (this.#places.size >= most) {
      this.#refuse(listener, from, busy(request, most));
      return;
    }
    const place: Place = { request: Buffer.from(bytes), session: undefined };
    this.#places.set(key, place);
    this.#find(file, from.address).then((answer) => this.#onAnswer(listener, request, from, key, place, answer));
  }

  /** Never rejects: a resolver that throws is a fault of ours, and the client is told "unreadable". */
  async #find(file: string, address: string): Promise<TftpFound | TftpRefusal> {
    try {
      return await this.#options.files(file, { address });
    } catch (error) {
      this.#options.log.error({ err: error, file, address }, 'TFTP file lookup');
      return { refused: 'unreadable', sentence: `the lookup of ${JSON.stringify(file)} failed: ${messageOf(error)}` };
    }
  }

  #onAnswer(
    listener: Listener,
    request: ReadRequest,
    from: Endpoint,
    key: string,
    place: Place,
    answer: TftpFound | TftpRefusal,
  ): void {
    const free = () => {
      if (this.#places.get(key) === place) this.#places.delete(key);
    };
    const isWanted = this.#places.get(key) === place && !this.#closed;
    if ('refused' in answer) {
      free();
      if (isWanted) this.#refuse(listener, from, refusalOf(request, answer));
      return;
    }
    const { found } = answer;
    if (!isWanted) {
      free();
      if ('handle' in found) found.handle.close().catch(() => undefined);
      return;
    }
    const terms = negotiate(request.options, found, listener);
    this.#options.note(noteOf(from, request, answered(found.size, terms)));
    place.session = new Session({
      source: found,
      terms,
      local: listener.address,
      client: { address: from.address, port: from.port },
      limits: this.#options.limits ?? DEFAULT_LIMITS,
      sockets: this.#sockets,
      onEnd: (end, session) => {
        free();
        this.#onEnd(listener, from, request, end, session);
      },
    });
  }

  #onEnd(listener: Listener, from: Endpoint, asked: Asked, end: SessionEnd, session: Session): void {
    if (end.reason === 'no-socket') this.#refuse(listener, from, noSocket(asked, end.sentence));
    const ms = performance.now() - session.startedAt;
    this.#options.note(noteOf(from, asked, ended(end, session.transfer, ms)));
  }

  #onStranger(from: Endpoint): void {
    const sentence = `a datagram from port ${from.port} came to a port where it has no transfer`;
    this.#options.note(noteOf(from, undefined, { outcome: 'refused', reason: 'wrong-transfer-id', sentence }));
  }

  #refuse(listener: Listener, to: Endpoint, refusal: Refusal): void {
    const { asked, reason, sentence, error } = refusal;
    if (!this.#closed) {
      listener.socket.send(encode({ kind: 'error', ...error }), to.port, to.address, (fault) => {
        if (fault) this.#options.log.debug({ err: fault, address: to.address }, 'TFTP error not sent');
      });
    }
    this.#options.note(noteOf(to, asked, { outcome: 'refused', reason, sentence, details: { error: error.code } }));
  }

  #ignore(from: Endpoint, asked: Asked | undefined, reason: string, sentence: string): void {
    this.#options.note(noteOf(from, asked, { outcome: 'ignored', reason, sentence }));
  }
}

/** Addresses are numbers already; without this, each datagram would go through dns.lookup. */
function numericLookup(
  host: string,
  _options: unknown,
  done: (error: Error | null, address: string, family: number) => void,
): void {
  done(null, host, 4);
}

/**
 * Whether a request from the endpoint of an earlier one starts anew. The same bytes again are the client's own resend, or a
 * copy the network made; firmware that was reset asks the same from the same port too, but its transfer is silent by then.
 */
function isAbandoned(place: Place, request: Buffer): boolean {
  if (!place.request.equals(request)) return true;
  const { session } = place;
  if (session === undefined || !session.transfer.confirmed) return false;
  return performance.now() - session.heardAt >= ABANDONED_MS;
}
