import { type Server, STATUS_CODES } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { makeBare } from './bare-socket.ts';
import { type Answered, type Direct, JSON_HEADERS } from './direct.ts';
import { plainAddress } from './headers.ts';
import type { DirectAnswer, Limits, Refusal } from './messages.ts';
import { plainRequest } from './plain-request.ts';

/** What a connection needs to know. */
interface Around {
  direct: Direct;
  limits: Limits;
  refuse: (reason: Refusal, detail: string) => void;
  /** Nothing has come on a connection for too long. */
  tooSlow: (socket: Socket) => void;
}

/**
 * Connections as long as what comes on them is plain requests, one after another. Direct calls are read and answered here,
 * at about half of what node:http costs, and with next to no memory while a call waits. Plain requests beside them are lent
 * to node:http, with their connection, until they are answered. With anything else a connection is node:http's for good.
 */
export class PlainConnections {
  readonly #around: Around;
  readonly #open = new Set<PlainConnection>();
  /** Bytes that had come on connections when they were lent. */
  readonly #lent = new WeakMap<Socket, number>();
  #pass: (socket: Socket) => void = () => {};
  #isEnding = false;

  constructor(around: Around) {
    this.#around = around;
  }

  /** Has a server's connections come here first. */
  precede(server: Server | TlsServer): void {
    const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
    const listeners = server.listeners(event);
    server.removeAllListeners(event);
    this.#pass = (socket) => {
      for (const listener of listeners) Reflect.apply(listener, server, [socket]);
    };
    server.on(event, (socket: Socket) => this.#take(socket, false));
  }

  #take(socket: Socket, isKnown: boolean): void {
    const connection: PlainConnection = new PlainConnection(socket, isKnown, this.#around, {
      pass: (isLent) => {
        if (isLent) this.#lent.set(socket, socket.bytesRead);
        this.#pass(socket);
      },
      gone: () => this.#open.delete(connection),
    });
    this.#open.add(connection);
  }

  /** node:http has answered a request whole. Its connection is taken back if it was lent, and nothing has come since. */
  answered(socket: Socket): void {
    const bytes = this.#lent.get(socket);
    if (bytes === undefined) return;
    this.#lent.delete(socket);
    // Not now: the connection's parser may be at work.
    setImmediate(() => {
      const isQuiet = socket.bytesRead === bytes && socket.readable && socket.writable && !socket.destroyed;
      if (!isQuiet || this.#isEnding) return;
      makeBare(socket);
      this.#take(socket, true);
    });
  }

  /** Ends all that wait for nothing, and the others with their answer. */
  end(): void {
    this.#isEnding = true;
    for (const connection of this.#open) connection.end();
  }

  destroy(): void {
    for (const connection of this.#open) connection.destroy();
  }
}

class PlainConnection implements Answered {
  readonly #socket: Socket;
  readonly #around: Around;
  /** Has node:http read the connection: for good, or `isLent` for the one whole request that has come. */
  readonly #pass: (isLent: boolean) => void;
  readonly #gone: () => void;
  /** A call is under way. */
  #waits = false;
  #isEnding = false;
  /** What came before the answer. */
  #early: Buffer | undefined;
  #isKnown: boolean;

  /** @param isKnown whether something was answered on the connection already */
  constructor(
    socket: Socket,
    isKnown: boolean,
    around: Around,
    { pass, gone }: { pass: (isLent: boolean) => void; gone: () => void },
  ) {
    this.#socket = socket;
    this.#isKnown = isKnown;
    this.#around = around;
    this.#pass = pass;
    this.#gone = gone;
    socket.setTimeout(isKnown ? around.limits.keepAliveTimeout : around.limits.headersTimeout);
    socket.on('data', this.#read).on('timeout', this.#late).on('end', this.#ended);
    socket.on('error', this.#failed).on('close', gone).resume();
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#waits) {
      this.#early = this.#early === undefined ? chunk : Buffer.concat([this.#early, chunk]);
      this.#socket.pause();
      return;
    }
    const { direct, limits } = this.#around;
    const request = plainRequest(chunk, limits.headerBytes);
    if (request && !this.#isEnding && direct.takePlain(request, this)) this.#waits = true;
    else this.#give(chunk, request !== undefined && direct.isNear(request));
  };

  answer({ status, headers = JSON_HEADERS, body }: DirectAnswer): void {
    const socket = this.#socket;
    this.#waits = false;
    if (!socket.writable) return;
    const length = Buffer.byteLength(body);
    const isLast = this.#isEnding && this.#early === undefined;
    const { keepAliveTimeout } = this.#around.limits;
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
    text += `content-length: ${length}\r\nDate: ${httpDate()}\r\n`;
    text += isLast
      ? 'Connection: close\r\n\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n\r\n`;
    const isTaken = socket.write(text + body, length === body.length ? 'latin1' : 'utf8');
    if (!isTaken) {
      // Whoever does not read is not heard any further.
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
    if (isLast) socket.end();
    else if (this.#early !== undefined) this.#give(this.#early, false);
    else if (socket.timeout !== keepAliveTimeout) socket.setTimeout(keepAliveTimeout);
    this.#isKnown = true;
  }

  end(): void {
    this.#isEnding = true;
    if (!this.#waits) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #late = (): void => {
    const { limits, refuse, tooSlow } = this.#around;
    const socket = this.#socket;
    if (!this.#waits) {
      if (this.#isKnown) socket.destroy();
      else tooSlow(socket);
    } else if (socket.timeout !== limits.idleTimeout) socket.setTimeout(limits.idleTimeout);
    else {
      refuse('idle', `${plainAddress(socket.remoteAddress ?? '')} for ${limits.idleTimeout} ms`);
      socket.destroy();
    }
  };

  /** The client sends no more; it may still read. */
  readonly #ended = (): void => {
    this.#isEnding = true;
    if (!this.#waits) this.#socket.end();
  };

  /** The close that follows says it all. */
  readonly #failed = (): void => {};

  /** Lets node:http read what has come, and all that comes after it. */
  #give(bytes: Buffer, isLent: boolean): void {
    const socket = this.#socket;
    this.#gone();
    socket.off('data', this.#read).off('timeout', this.#late).off('end', this.#ended);
    socket.off('error', this.#failed).off('close', this.#gone);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(bytes);
    this.#pass(isLent);
    socket.resume();
  }
}

let second = 0;
let date = '';

/** The time now as headers have it (RFC 9110 section 5.6.7). */
function httpDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}
