import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { bareSocketOf } from './bare-socket.ts';
import type { FromCarrier } from './messages.ts';

/** A stream that has not had anything for so long gets a comment, ms. */
const KEEP_ALIVE_MS = 15_000;
const TICK_MS = 250;
const KEEP_ALIVE = ': alive\n\n';
/** The longest time for which telling many holds up the thread's other work, ms. */
const SLICE_MS = 3;
/** A client that does not read is cut off here, bytes that wait for it; it can come again. */
const BACKLOG_LIMIT = 64 << 10;

const ignore = (): void => {};

/**
 * Event streams that stay open for hours, as bare sockets. The main thread knows them by the id of their request and says
 * what to write; comments that show them to be alive are written here, a few streams at each tick, so that ten thousand
 * cost no moment more than ten.
 */
export class Held {
  readonly #post: (message: FromCarrier) => void;
  readonly #sockets = new Map<string, Socket>();
  readonly #ids = new Map<Socket, string>();
  readonly #writes: { ids: readonly string[]; at: number; text: string }[] = [];
  #pumping = false;
  #gone: string[] = [];
  #turn: MapIterator<Socket> | undefined;
  #owed = 0;
  #ticks: NodeJS.Timeout | undefined;

  constructor(post: (message: FromCarrier) => void) {
    this.#post = post;
  }

  /** Takes a response over, whose head is given as raw headers (name, value, …). Says `held` or `gone`. */
  hold(id: string, res: ServerResponse, headers: readonly string[]): void {
    // Not now: this is called while the connection's parser may be at work.
    setImmediate(() => {
      const socket = bareSocketOf(res);
      // For those who count the responses under way.
      res.emit('close');
      if (socket === undefined) {
        this.#forget(id);
        return;
      }
      this.#sockets.set(id, socket);
      this.#ids.set(socket, id);
      socket.on('error', ignore).on('close', this.#closed).resume();
      const lines = headers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
      socket.write(`HTTP/1.1 200 OK\r\n${lines}Connection: close\r\n\r\n: tinsmith\n\n`);
      this.#ticks ??= setInterval(() => this.#tick(), TICK_MS).unref();
      this.#post({ kind: 'held', id });
    });
  }

  /** Writes the same to many. */
  tell(ids: readonly string[], text: string): void {
    this.#writes.push({ ids, at: 0, text });
    if (!this.#pumping) this.#pump();
  }

  /** Ends streams, after what was told before. */
  end(ids: readonly string[]): void {
    for (const id of ids) this.#sockets.get(id)?.end();
  }

  endAll(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #pump(): void {
    const until = performance.now() + SLICE_MS;
    this.#pumping = true;
    for (let write = this.#writes[0]; write !== undefined; write = this.#writes[0]) {
      while (write.at < write.ids.length) {
        const socket = this.#sockets.get(write.ids[write.at++] ?? '');
        if (socket) this.#write(socket, write.text);
        if (write.at % 16 === 0 && performance.now() > until) {
          setImmediate(() => this.#pump());
          return;
        }
      }
      this.#writes.shift();
    }
    this.#pumping = false;
  }

  #write(socket: Socket, text: string): void {
    if (socket.writableLength > BACKLOG_LIMIT) socket.destroy();
    else if (socket.writable) socket.write(text);
  }

  /** Goes round all streams once in KEEP_ALIVE_MS. */
  #tick(): void {
    this.#owed += (this.#sockets.size * TICK_MS) / KEEP_ALIVE_MS;
    for (; this.#owed >= 1; this.#owed--) {
      this.#turn ??= this.#sockets.values();
      const { value, done } = this.#turn.next();
      if (done) this.#turn = undefined;
      else this.#write(value, KEEP_ALIVE);
    }
    if (this.#sockets.size > 0) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
    this.#turn = undefined;
  }

  readonly #closed = this.#goneWith();

  /** One listener for all: a closure each would cost more than what it knows. */
  #goneWith(): (this: Socket) => void {
    const forget = (socket: Socket): void => {
      const id = this.#ids.get(socket);
      if (id === undefined) return;
      this.#ids.delete(socket);
      this.#sockets.delete(id);
      this.#forget(id);
    };
    return function closed(this: Socket): void {
      forget(this);
    };
  }

  #forget(id: string): void {
    if (this.#gone.length === 0) {
      setImmediate(() => {
        const ids = this.#gone;
        this.#gone = [];
        this.#post({ kind: 'gone', ids });
      });
    }
    this.#gone.push(id);
  }
}
