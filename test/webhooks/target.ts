/** A program that takes events: it can fail, hang, redirect, and go away. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { ownLoopback } from '../loopback.ts';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export class Target {
  readonly received: Received[] = [];
  /** How it answers. */
  answer: (res: ServerResponse, received: Received) => void = (res) => res.writeHead(204).end();
  readonly #news = new EventEmitter();
  readonly #host = ownLoopback();
  #server: Server;
  #port = 0;

  private constructor() {
    this.#server = this.#make();
  }

  static async start(t: TestContext): Promise<Target> {
    const target = new Target();
    await target.comeBack();
    t.after(() => target.goAway());
    return target;
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}/hook`;
  }

  #make(): Server {
    return createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req.setEncoding('utf8')) body += chunk;
      const received = { path: req.url ?? '', headers: req.headers, body };
      this.answer(res, received);
      this.received.push(received);
      this.#news.emit('news');
    });
  }

  /** Listens, at the same port as before. */
  async comeBack(): Promise<void> {
    this.#server = this.#make().listen(this.#port, this.#host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Waits until so many requests have come. */
  async until(count: number): Promise<Received[]> {
    while (this.received.length < count) await once(this.#news, 'news');
    return this.received.slice(0, count);
  }

  kinds(): string[] {
    return this.received.map(({ headers }) => String(headers['tinsmith-event']));
  }
}
