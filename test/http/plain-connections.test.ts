/** Connections on which plain direct calls come, and what else may come on them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { DirectRoutes, HttpSettings } from '../../src/http/index.ts';
import { certificate, missing } from './certificates.ts';
import { closed, connected, readAll, readUntil, serve } from './served.ts';

const post = (path: string, body: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

async function served(t: TestContext, more: Partial<HttpSettings> = {}) {
  /** Calls that wait for the test, and whoever waits for one to come. */
  const held: (() => void)[] = [];
  let come: () => void = () => {};
  let answers = 0;
  const direct: DirectRoutes = {
    paths: { posted: ['/call', '/slow'], asked: ['/ask', '/large'] },
    async answer({ path, query, body }) {
      answers++;
      if (path === '/large') return { status: 200, body: 'x'.repeat(1_000_000) };
      if (path === '/slow')
        await new Promise<void>((resolve) => {
          held.push(resolve);
          come();
        });
      return { status: 200, body: JSON.stringify({ said: body || query }) };
    },
  };
  const all = await serve((app) => void app.all('/{*any}', (req, res) => void res.send(`express ${req.path}`)), {
    direct,
    ...more,
  });
  t.after(() => all.server.stop(0));
  const isHeld = (): Promise<void> =>
    new Promise((resolve) => {
      come = resolve;
      if (held.length > 0) resolve();
    });
  const letGo = (): void => {
    for (const go of held.splice(0)) go();
  };
  return { ...all, isHeld, letGo, answers: () => answers };
}

describe('a connection of plain calls', () => {
  test('is kept, and answered as HTTP has it', async (t) => {
    const { port } = await served(t);
    const socket = await connected(port);
    for (const said of ['one', 'zwölf', '']) {
      socket.write(post('/call', said));
      const answer = await readUntil(socket, '}');
      const [head = '', body] = answer.split('\r\n\r\n');
      const latin1 = Buffer.from(JSON.stringify({ said })).toString('latin1');
      assert.equal(body, latin1);
      assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(head, /\r\ncontent-type: application\/json; charset=utf-8\r\n/);
      assert.match(head, new RegExp(`\r\ncontent-length: ${latin1.length}\r\n`));
      assert.match(head, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=30$/);
      const date = Date.parse(/\r\nDate: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/.exec(head)?.[1] ?? '');
      assert.ok(Math.abs(Date.now() - date) < 10_000);
    }
    socket.destroy();
  });

  test('may be asked for other things, and for calls again', async (t) => {
    const { port } = await served(t);
    const socket = await connected(port);
    for (const [request, answer] of [
      [post('/call', 'one'), '{"said":"one"}'],
      ['GET /ask?two HTTP/1.1\r\nHost: x\r\n\r\n', '{"said":"two"}'],
      ['GET /other HTTP/1.1\r\nHost: x\r\n\r\n', 'express /other'],
      [post('/call', 'three'), '{"said":"three"}'],
      [post('/call', 'four', 'Connection: close\r\n'), '{"said":"four"}'],
    ] as const) {
      socket.write(request);
      assert.ok((await readUntil(socket, answer)).endsWith(answer));
    }
    await closed(socket);
  });

  test('may bring a call in pieces', async (t) => {
    const { port } = await served(t);
    for (const cut of [1, 30, -6, -1]) {
      const socket = await connected(port);
      socket.write(post('/call', 'before'));
      await readUntil(socket, 'before"}');
      const text = post('/call', 'in pieces');
      socket.write(text.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(text.slice(cut));
      await readUntil(socket, 'in pieces"}');
      socket.destroy();
    }
  });

  test('is answered in order, whatever comes early', async (t) => {
    const { port, isHeld, letGo } = await served(t);
    const socket = await connected(port);
    const all = readAll(socket);
    socket.write(post('/slow', 'first'));
    await isHeld();
    socket.write(`${post('/call', 'second')}GET /third HTTP/1.1\r\nHost: x\r\nConn`);
    socket.write('ection: close\r\n\r\n');
    letGo();
    const found = [...(await all).matchAll(/first|second|express \/third/g)].map(([text]) => text);
    assert.deepEqual(found, ['first', 'second', 'express /third']);
  });

  test('whose client sends no more gets its answer, and is closed', async (t) => {
    const { port, isHeld, letGo } = await served(t);
    const socket = await connected(port);
    const all = readAll(socket);
    socket.end(post('/slow', 'last'));
    await isHeld();
    letGo();
    assert.match(await all, /\r\nConnection: close\r\n\r\n\{"said":"last"\}$/);
    const silent = await connected(port);
    silent.end();
    assert.equal(await readAll(silent), '');
  });

  test('is not heard while its client does not read', async (t) => {
    const { port, url, answers } = await served(t);
    const socket = await connected(port);
    socket.pause();
    const other = async (): Promise<string> => (await fetch(`${url}/other`)).text();
    // Until the kernel's buffers are full, and an answer waits here.
    let before = -1;
    for (let n = 0; answers() > before && n < 100; n++) {
      before = answers();
      socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
      // What came before these has been seen by then, and its answer has been written.
      for (let k = 0; k < 20 && answers() === before; k++) await other();
      for (let k = 0; k < 3; k++) await other();
    }
    const heard = answers();
    assert.ok(heard < 50, `${heard} answers of 1 MB wait`);
    const all = readUntil(socket, 'last');
    socket.write(post('/call', 'last'));
    socket.resume();
    assert.match(await all, /last/);
    assert.equal(answers(), heard + 2);
    socket.destroy();
  });

  test('says nothing for some time only', async (t) => {
    const limits = { headersTimeout: 400, keepAliveTimeout: 200, idleTimeout: 300 };
    const { port, isHeld, logged } = await served(t, { limits });
    assert.match(await readAll(await connected(port)), /^HTTP\/1\.1 408 /);
    const kept = await connected(port);
    kept.write(post('/call', 'x'));
    await readUntil(kept, '}');
    assert.equal(await readAll(kept), '');
    const waits = await connected(port);
    waits.write(post('/slow', 'x'));
    await isHeld();
    assert.equal(await readAll(waits), '');
    const reasons = (): string[] => logged.flatMap(({ refused }) => Object.keys(refused ?? {}));
    while (!reasons().includes('idle') || !reasons().includes('headers-too-slow')) await readAll(await connected(port));
  });

  test('ends when the server stops, after the answer that is under way', async (t) => {
    const { port, server, isHeld, letGo } = await served(t);
    const idle = await connected(port);
    idle.write(post('/call', 'x'));
    await readUntil(idle, '}');
    const never = await connected(port);
    const waits = await connected(port);
    const all = readAll(waits);
    waits.write(post('/slow', 'under way'));
    await isHeld();
    const stopped = server.stop(20_000);
    await Promise.all([readAll(idle), readAll(never)]);
    letGo();
    assert.match(await all, /under way/);
    await stopped;
  });

  test('does not keep the server from stopping', async (t) => {
    const { port, server, isHeld } = await served(t);
    const waits = await connected(port);
    waits.write(post('/slow', 'x'));
    await isHeld();
    await server.stop(100);
    await closed(waits);
  });

  test('may be one of TLS', { skip: missing ?? false }, async (t) => {
    const { pair } = certificate(t);
    const { port } = await served(t, { tls: pair });
    const socket = connectTls({ port, host: '127.0.0.1', ca: pair.certificate });
    await once(socket, 'secureConnect');
    for (const [request, answer] of [
      [post('/call', 'one'), '{"said":"one"}'],
      ['GET /other HTTP/1.1\r\nHost: x\r\n\r\n', 'express /other'],
      [post('/call', 'two'), '{"said":"two"}'],
    ] as const) {
      socket.write(request);
      assert.ok((await readUntil(socket, answer)).endsWith(answer));
    }
    socket.destroy();
  });
});
