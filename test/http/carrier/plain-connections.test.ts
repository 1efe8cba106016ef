/** Connections that are lent to node:http and taken back, whatever comes on them, and in whatever pieces. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Direct } from '../../../src/http/carrier/direct.ts';
import { PlainConnections } from '../../../src/http/carrier/plain-connections.ts';
import { connected, readUntil } from '../served.ts';

const limits = {
  ...{ headerBytes: 16_384, headersTimeout: 20_000, idleTimeout: 20_000, keepAliveTimeout: 20_000 },
  ...{ connections: 100, serviceConnectTimeout: 1000, serviceIdleTimeout: 1000 },
};

const said = (...words: string[]): string => `<${words.filter(Boolean).join(' ')}>`;

/** A server of both, which answers each request with its path and body. `byHttp`: those that node:http has read. */
async function started(t: TestContext) {
  const byHttp: string[] = [];
  /** Tells when it has been looked whether a connection is taken back. */
  const looked = new EventEmitter();
  let open = 0;
  const settled = async (): Promise<void> => {
    while (open > 0) await once(looked, 'looked');
  };
  const direct: Direct = new Direct({ posted: ['/worker/call'], asked: ['/worker/ask'] }, (message) => {
    if (message.kind !== 'calls') return;
    const answers = message.calls.map(({ id, path, query, body }) => ({
      ...{ id, status: 200, body: said(path, query, body) },
    }));
    setImmediate(() => direct.answer(answers));
  });
  const plain = new PlainConnections({ direct, limits, refuse: () => {}, tooSlow: (socket) => socket.destroy() });
  const server = createServer(async (req, res) => {
    byHttp.push(req.url ?? '');
    open++;
    res.once('close', () => {
      plain.answered(req.socket);
      setImmediate(() => looked.emit('looked', --open));
    });
    const body = Buffer.concat(await req.toArray()).toString();
    // Long enough for something else to come.
    for (let k = 0; k < 10 && req.url?.startsWith('/worker/other'); k++)
      await new Promise((resolve) => setTimeout(resolve));
    res.end(said(...(req.url ?? '').split('?'), body));
  });
  plain.precede(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
    plain.destroy();
  });
  return { port: (server.address() as AddressInfo).port, byHttp, settled };
}

const head = (line: string, more = ''): string => `${line} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const post = (path: string, body: string): string => head(`POST ${path}`, `Content-Length: ${body.length}\r\n`) + body;

/** Requests, and what is answered. `n` tells them apart. */
const REQUESTS = {
  call: (n: number) => [post('/worker/call', `${n}`), `</worker/call ${n}>`],
  ask: (n: number) => [head(`GET /worker/ask?${n}`), `</worker/ask ${n}>`],
  other: (n: number) => [head(`GET /worker/other${n}`), `</worker/other${n}>`],
  posted: (n: number) => [post('/worker/posted', `some ${n}`), `</worker/posted some ${n}>`],
  chunked: (n: number) => [
    `${head('POST /worker/call', 'Transfer-Encoding: chunked\r\n')}2\r\n${10 + n}\r\n0\r\n\r\n`,
    `</worker/call ${10 + n}>`,
  ],
} as const satisfies Record<string, (n: number) => readonly [string, string]>;

describe('a plain connection', () => {
  test('that was lent for one request is taken back after its answer', async (t) => {
    const { port, byHttp, settled } = await started(t);
    const socket = (await connected(port)).setMaxListeners(0);
    for (let n = 0; n < 3; n++)
      for (const [request, answer] of [REQUESTS.call(n), REQUESTS.other(n), REQUESTS.ask(n), REQUESTS.posted(n)]) {
        const answered = readUntil(socket, answer);
        socket.write(request);
        await answered;
        await settled();
      }
    socket.destroy();
    assert.deepEqual(
      byHttp,
      [0, 1, 2].flatMap((n) => [`/worker/other${n}`, '/worker/posted']),
    );
  });

  test('that has asked for something far from direct calls is left to node:http', async (t) => {
    const { port, byHttp, settled } = await started(t);
    const socket = await connected(port);
    for (const [request, answer] of [REQUESTS.call(0), [head('GET /file'), '</file>'], REQUESTS.call(1)] as const) {
      const answered = readUntil(socket, answer);
      socket.write(request);
      await answered;
      await settled();
    }
    socket.destroy();
    assert.deepEqual(byHttp, ['/file', '/worker/call']);
  });

  test('answers all that comes on it once and in order, in whatever pieces it comes', async (t) => {
    const { port } = await started(t);
    const kind = fc.constantFrom<keyof typeof REQUESTS>('call', 'call', 'ask', 'other', 'posted', 'chunked');
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 1, maxLength: 8 }),
        fc.array(fc.record({ at: fc.nat(600), wait: fc.nat(5) }), { maxLength: 8 }),
        fc.boolean(),
        async (kinds, cuts, isWhole) => {
          const all = kinds.map((each, n) => REQUESTS[each](n));
          const text = all.map(([request]) => request).join('');
          const ends = all.map((_, n) => all.slice(0, n + 1).reduce((sum, [request]) => sum + request.length, 0));
          const at = [...cuts.map((cut) => cut.at), ...(isWhole ? ends : []), text.length]
            .filter((each) => each <= text.length)
            .sort((a, b) => a - b);
          const socket = await connected(port);
          const last = all.at(-1)?.[1] ?? '';
          const read = readUntil(socket, last);
          let from = 0;
          for (const [n, to] of at.entries()) {
            if (to > from) socket.write(text.slice(from, to));
            from = Math.max(from, to);
            for (let k = cuts[n]?.wait ?? 0; k > 0; k--) await new Promise((resolve) => setTimeout(resolve));
          }
          const answers = [...(await read).matchAll(/<[^>]*>/g)].map(([answer]) => answer);
          socket.destroy();
          assert.deepEqual(
            answers,
            all.map(([, answer]) => answer),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
