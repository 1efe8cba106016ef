/** What the tests of actions share: output that is kept, a machine that is none, and a server that breaks on demand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type Ended, type Host, linuxHost } from '../../src/actions/action.ts';
import { runAction } from '../../src/actions/index.ts';
import { ownLoopback } from '../loopback.ts';

export function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-action-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A host whose disks may be files, which never waits, and whose programs are the ones given. */
export function host(
  more: Partial<Host> & { programs?: (program: string, args: readonly string[]) => Ended | undefined } = {},
): Host & { ran: string[][] } {
  const ran: string[][] = [];
  return {
    ...linuxHost,
    regularFilesAsDisks: true,
    wait: async () => undefined,
    run: async (program, args) => {
      ran.push([program, ...args]);
      return more.programs?.(program, args) ?? { code: 0, complaint: '' };
    },
    ...more,
    ran,
  };
}

export type Outcome = { code: number; out: string; err: string };

/** Runs an action and keeps what it says. */
export async function perform(
  name: string,
  environment: Record<string, string>,
  on: Host,
  { signal = new AbortController().signal, seen }: { signal?: AbortSignal; seen?: (out: string) => void } = {},
): Promise<Outcome> {
  const texts = { out: '', err: '' };
  const into = (key: 'out' | 'err'): Writable =>
    new Writable({
      write(bytes: Buffer, _, done) {
        texts[key] += bytes.toString();
        if (key === 'out') seen?.(texts.out);
        done();
      },
    });
  const code = await runAction(name, environment, { stdout: into('out'), stderr: into('err'), signal }, on);
  return { code, ...texts };
}

/** How a server treats one request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server that can be stopped, with all its connections, and started again on its port. */
export class FragileServer {
  readonly requests: { url: string; range?: string; ifRange?: string }[] = [];
  handler: Handler;
  readonly #host = ownLoopback();
  #server: Server | undefined;
  #port = 0;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const { range, 'if-range': ifRange } = request.headers;
      this.requests.push({ url: request.url ?? '', range, ifRange: ifRange?.toString() });
      this.handler(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
  }

  url(path: string): string {
    return `http://${this.#host}:${this.#port}${path}`;
  }
}

export async function serving(t: TestContext, handler: Handler): Promise<FragileServer> {
  const server = new FragileServer(handler);
  await server.start();
  t.after(() => server.stop());
  return server;
}

/** Serves these bytes with ranges, as our own server does; `cut` ends a response after so many bytes. */
export function file(
  bytes: Buffer,
  options: { etag?: string; cut?: () => number | undefined; ranges?: boolean } = {},
): Handler {
  return (request, response) => {
    const { etag = '"v1"', cut, ranges = true } = options;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const applies = ranges && from > 0 && (request.headers['if-range'] ?? etag) === etag;
    const body = applies ? bytes.subarray(from) : bytes;
    const headers: Record<string, string> = { 'content-length': String(body.length) };
    if (etag !== '') headers.etag = etag;
    if (applies) headers['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(applies ? 206 : 200, headers);
    const end = cut?.();
    if (end === undefined || end >= body.length) response.end(body);
    else response.write(body.subarray(0, end), () => setImmediate(() => response.destroy()));
  };
}
