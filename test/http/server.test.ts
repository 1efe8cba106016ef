import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import express from 'express';
import pino from 'pino';
import { bundleCarrier } from '../../build/executable/bundle.ts';
import { fileSegment } from '../../src/http/files/index.ts';
import { BindError, send, startHttp } from '../../src/http/index.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { connected, exchange, readAll, readUntil, serve } from './served.ts';

/** The carrier's thread as the executable embeds it: one CommonJS text. */
async function bundle(t: TestContext, more = ''): Promise<string> {
  const out = join(temporaryDirectory(t), 'carrier.cjs');
  await bundleCarrier(out);
  return `${readFileSync(out, 'utf8')}\n${more}`;
}

/** koffi's addon for this machine. */
const koffi = fileURLToPath(
  import.meta.resolve(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`),
);

const log = pino({ level: 'silent' });
const listen = { app: express(), log, onSent: () => {} };

describe('startHttp', () => {
  test('a taken port is an error with the code, the address and the port, and nothing stays open', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const other = (free.address() as { port: number }).port;
    await new Promise((resolve) => free.close(resolve));
    const addresses = [
      { address: '127.0.0.1', port: other },
      { address: '127.0.0.1', port },
    ];
    await assert.rejects(startHttp({ ...listen, addresses }), (error: unknown) => {
      assert.ok(error instanceof BindError);
      assert.deepEqual([error.code, error.address, error.port], ['EADDRINUSE', '127.0.0.1', port]);
      return true;
    });
    await assert.rejects(connected(other), { code: 'ECONNREFUSED' });
    taken.close();
  });

  test("an address that is not ours is the system's error", async () => {
    await assert.rejects(startHttp({ ...listen, addresses: [{ address: '192.0.2.1', port: 0 }] }), {
      code: 'EADDRNOTAVAIL',
    });
  });

  test('several addresses are served, each knows which it is', async () => {
    const { server } = await serve((app) => app.get('/', (_req, res) => void res.send('hello')), {
      addresses: [
        { address: '127.0.0.1', port: 0 },
        { address: '127.0.0.2', port: 0 },
        { address: '::1', port: 0 },
      ],
    });
    for (const { address, port } of server.bound) {
      const host = address.includes(':') ? `[${address}]` : address;
      assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'hello');
    }
    await server.stop();
  });

  test('stop lets a response end, cuts one that does not, and closes the port', async () => {
    const { server, port } = await serve((app) => {
      app.get('/soon', (_req, res) => {
        res.write('begun,');
        stopping.then(() => res.end('ended'));
      });
      app.get('/never', (_req, res) => void res.write('begun'));
    });
    let goOn = (): void => {};
    const stopping = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const [soon, never] = [await connected(port), await connected(port)];
    soon.write('GET /soon HTTP/1.0\r\n\r\n');
    never.write('GET /never HTTP/1.0\r\n\r\n');
    await Promise.all([readUntil(soon, 'begun,'), readUntil(never, 'begun')]);
    const stopped = server.stop(300);
    goOn();
    assert.equal(await readAll(soon), 'ended');
    assert.equal(await readAll(never), '');
    await stopped;
    await assert.rejects(connected(port), { code: 'ECONNREFUSED' });
    await server.stop(); // a second time does nothing
  });
});

describe('the thread', () => {
  test('runs from its bundle, which is small, and sends files with the addon that it is given', async (t) => {
    const source = await bundle(t);
    assert.ok(source.length < 115_000, `${source.length} bytes`);
    const path = join(temporaryDirectory(t), 'file');
    const content = randomBytes(5_000_000);
    writeFileSync(path, content);
    for (const [addon, cost] of [
      [koffi, 0],
      [`${koffi}.gone`, 1],
      [undefined, 1],
    ] as const) {
      const { server, url, logged, nextSent } = await serve(
        (app) =>
          app.get('/', async (_req, res) => {
            send(res, { status: 200, headers: {}, segments: [await fileSegment(path)] }, 'about');
          }),
        { carrierSource: source, koffi: addon },
      );
      assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(content));
      assert.equal((await nextSent()).about, 'about');
      assert.equal(logged.filter(({ msg }) => /higher cost/.test(String(msg))).length, cost);
      await server.stop();
    }
  });

  test('is started again on the same port when it dies, and what it was sending is reported', async (t) => {
    const source = await bundle(
      t,
      "require('node:diagnostics_channel').subscribe('http.server.request.start', ({ request }) => { if (request.url === '/die') setImmediate(() => { throw new Error('died for the test'); }); });",
    );
    const { server, port, logged, nextSent } = await serve(
      (app) => {
        app.get('/', (_req, res) => void res.send('hello'));
        app.get('/large', (_req, res) => {
          send(res, { status: 200, headers: {}, segments: [{ kind: 'bytes', bytes: Buffer.alloc(16e6) }] }, 'large');
        });
      },
      { carrierSource: source },
    );
    const loading = await connected(port);
    loading.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(loading, '\r\n\r\n');
    loading.pause();
    const dying = await connected(port);
    dying.write('GET /die HTTP/1.1\r\nHost: x\r\n\r\n');
    const { sent, about } = await nextSent();
    assert.deepEqual([about, sent.completed, sent.fault], ['large', false, 'the HTTP thread ended']);
    loading.resume();
    await Promise.all([readAll(loading), readAll(dying)]);
    let text = '';
    while (!text.endsWith('hello')) {
      text = await exchange(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').catch(() => '');
    }
    const failed = logged.find(({ msg }) => msg === 'the HTTP thread failed');
    assert.match(JSON.stringify(failed), /died for the test/);
    assert.ok(logged.some(({ msg }) => msg === 'the HTTP thread is back'));
    await server.stop();
  });

  test('a thread that does not start is an error of startHttp', async () => {
    const start = (carrierSource: string) => startHttp({ ...listen, addresses: [], carrierSource });
    await assert.rejects(start("throw new Error('no start')"), /no start/);
    await assert.rejects(start(''), /ended before it listened/);
  });
});
