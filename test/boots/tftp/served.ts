/** A TFTP server under test, and clients made of bare sockets. */
import assert from 'node:assert/strict';
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { pino } from 'pino';
import {
  bootFiles,
  startTftp,
  type TftpFiles,
  type TftpNote,
  type TftpOptions,
  type TftpServer,
} from '../../../src/boots/tftp/index.ts';
import { decode, encode, type Malformed, type TftpPacket } from '../../../src/boots/tftp/packet.ts';
import { DEFAULT_LIMITS } from '../../../src/boots/tftp/transfer-state.ts';

const PATIENCE_MS = 60_000;

/** Limits under which no timer fires before a test is over. */
export const NO_TIMERS = { ...DEFAULT_LIMITS, first: 60_000, shortest: 60_000, longest: 60_000 };

/** A list that can be waited on. */
export class Inbox<Item> {
  readonly all: Item[] = [];
  #taken = 0;
  #wake: () => void = () => undefined;

  put(item: Item): void {
    this.all.push(item);
    this.#wake();
  }

  /** The next item not taken yet that `wanted` accepts, skipping others; fails when none comes in time. */
  async take(wanted: (item: Item) => boolean = () => true): Promise<Item> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const item = this.all[this.#taken];
      if (item !== undefined) {
        this.#taken++;
        if (wanted(item)) return item;
        continue;
      }
      const left = until - Date.now();
      if (left <= 0) assert.fail(`nothing of the kind among ${JSON.stringify(this.all.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

export type Served = { server: TftpServer; port: number; notes: Inbox<TftpNote>; close: () => Promise<void> };

export async function serve(files: TftpFiles, options: Partial<TftpOptions> = {}): Promise<Served> {
  const notes = new Inbox<TftpNote>();
  const log = pino({ level: 'silent' });
  const note = (entry: TftpNote) => notes.put(entry);
  const server = await startTftp({ addresses: ['127.0.0.1'], port: 0, files, log, note, ...options });
  const port = server.endpoints[0]?.port ?? assert.fail('nothing bound');
  return { server, port, notes, close: () => server.close() };
}

export function serveLoaders(loaders: Record<string, Buffer>, options: Partial<TftpOptions> = {}): Promise<Served> {
  return serve(bootFiles(new Map(Object.entries(loaders))), options);
}

export type Heard = { packet: TftpPacket | Malformed; port: number; address: string };

/** A socket that says what it is told and keeps what it hears. */
export class RawClient {
  readonly heard = new Inbox<Heard>();
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (bytes, { port, address }) => this.heard.put({ packet: decode(bytes), port, address }));
  }

  static async open(address = '127.0.0.1', port = 0): Promise<RawClient> {
    // Without a name lookup a datagram is sent during the call, so that a socket may be closed right after.
    const lookup: SocketOptions['lookup'] = (host, _options, done) => done(null, host, 4);
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, lookup });
    const listening = once(socket, 'listening');
    socket.bind(port, address);
    await listening;
    return new RawClient(socket);
  }

  send(port: number, packet: TftpPacket | Buffer, address = '127.0.0.1'): void {
    this.socket.send(Buffer.isBuffer(packet) ? packet : encode(packet), port, address);
  }

  ask(port: number, file: string, options: Record<string, number> = {}, mode = 'octet', address?: string): void {
    const asked = Object.entries(options).map(([name, value]) => ({ name, value: String(value) }));
    this.send(port, { kind: 'read-request', file, mode, options: asked }, address);
  }

  ack(port: number, block: number, address?: string): void {
    this.send(port, { kind: 'ack', block }, address);
  }

  next(): Promise<Heard> {
    return this.heard.take();
  }

  close(): void {
    this.socket.close();
  }
}

/** Fetches a file without tolerance: each packet must be the right one. The link is loopback. */
export async function fetch(
  port: number,
  file: string,
  options: Record<string, number> = {},
  address?: string,
): Promise<Buffer> {
  const client = await RawClient.open();
  try {
    client.ask(port, file, options, 'octet', address);
    const parts: Buffer[] = [];
    let blksize = 512;
    let windowsize = 1;
    for (;;) {
      const { packet, port: transfer } = await client.next();
      if (packet.kind === 'oack') {
        const value = (name: string) => packet.options.find((option) => option.name === name)?.value;
        blksize = Number(value('blksize') ?? blksize);
        windowsize = Number(value('windowsize') ?? windowsize);
        client.ack(transfer, 0, address);
        continue;
      }
      if (packet.kind === 'error') throw new Error(`ERROR ${packet.code} ${packet.message}`);
      assert.equal(packet.kind, 'data');
      if (packet.kind !== 'data' || packet.block !== ((parts.length + 1) & 0xffff)) continue;
      parts.push(packet.data);
      const isLast = packet.data.length < blksize;
      if (isLast || parts.length % windowsize === 0) client.ack(transfer, parts.length & 0xffff, address);
      if (isLast) return Buffer.concat(parts);
    }
  } finally {
    client.close();
  }
}
