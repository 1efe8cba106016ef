/** A server on a free port of the loopback, with what it reported. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import express, { type Express } from 'express';
import pino from 'pino';
import { type HttpServer, type HttpSettings, type Sent, startHttp } from '../../src/http/index.ts';

export type Served = {
  server: HttpServer;
  port: number;
  url: string;
  /** What was logged so far, one object a line. */
  logged: Record<string, unknown>[];
  /** The next report of a sending that was not taken yet. */
  nextSent: () => Promise<{ sent: Sent; about: unknown }>;
};

export async function serve(routes: (app: Express) => void, more: Partial<HttpSettings> = {}): Promise<Served> {
  const app = express().disable('x-powered-by').disable('etag');
  routes(app);
  const reports: { sent: Sent; about: unknown }[] = [];
  const waiting: ((report: { sent: Sent; about: unknown }) => void)[] = [];
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const server = await startHttp({
    addresses: [{ address: '127.0.0.1', port: 0 }],
    app,
    log,
    onSent: (sent, about) => {
      const next = waiting.shift();
      if (next) next({ sent, about });
      else reports.push({ sent, about });
    },
    ...more,
  });
  const port = server.bound[0]?.port ?? 0;
  const nextSent = () => {
    const report = reports.shift();
    return report ? Promise.resolve(report) : new Promise<{ sent: Sent; about: unknown }>((done) => waiting.push(done));
  };
  return { server, port, url: `http://127.0.0.1:${port}`, logged, nextSent };
}

export async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {}); // a reset is one of the ways a connection may end
  await once(socket, 'connect');
  return socket;
}

/** The end of a connection, in whatever way. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

/** Everything that the other side sends until it closes. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await closed(socket);
  return text;
}

/** Reads until the text so far holds `what`. */
export async function readUntil(socket: Socket, what: string): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const data = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.includes(what)) return;
      socket.off('data', data);
      resolve(text);
    };
    socket.on('data', data);
    socket.once('close', () => reject(new Error(`closed before ${JSON.stringify(what)}; got ${JSON.stringify(text)}`)));
  });
}

/** One raw request on a connection of its own, and all that came back. */
export async function exchange(port: number, request: string): Promise<string> {
  const socket = await connected(port);
  socket.write(request, 'latin1');
  return readAll(socket);
}
