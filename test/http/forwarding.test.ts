import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { remoteOf } from '../../src/http/index.ts';
import { connected, exchange, readAll, readUntil, type Served, serve } from './served.ts';

const run = promisify(execFile);
const SSE = { 'content-type': 'text/event-stream' };

describe('what passes through the carrier', () => {
  let served: Served;
  /** What happens inside routes, told to the tests. */
  const inside = new EventEmitter();

  before(async () => {
    served = await serve((app) => {
      app.all('/echo', (req, res) => {
        res.set('content-type', 'application/octet-stream');
        req.pipe(res);
      });
      app.all('/show', (req, res) => {
        res.json({
          method: req.method,
          url: req.url,
          headers: req.headers,
          raw: req.rawHeaders,
          remote: remoteOf(req),
        });
      });
      app.get('/events', (req, res) => {
        res.writeHead(200, SSE).flushHeaders();
        inside.emit('events', res);
        res.once('close', () => inside.emit('events-closed', req.url));
      });
      app.post('/sink', (req, res) => {
        inside.emit('sink');
        req.resume().once('close', () => inside.emit('sink-closed', req.complete));
        req.once('end', () => res.end('read'));
      });
      app.get('/break', (_req, res) => {
        res.write('some');
        inside.emit('break', res);
      });
      app.put('/refuse', (_req, res) => void res.status(422).send('r'.repeat(5000)));
      app.all('/early', (req, res) => {
        req.socket.once('close', () => inside.emit('early-closed'));
        res.send('early');
      });
      app.get('/hang-up', (req) => req.socket.destroy());
      app.get('/never', (req, res) => {
        inside.emit('never');
        res.once('close', () => inside.emit('never-closed', req.url));
      });
      app.get('/headers', (_req, res) => {
        res.set({ 'set-cookie': ['a=1', 'b=2'], connection: 'x-hop', 'x-hop': '1', 'x-tinsmith-send': 'forged' });
        res.status(418).end('short and stout');
      });
    });
  });
  after(() => served.server.stop(0));

  test('bodies with a length and in chunks come through whole', async () => {
    const body = Buffer.alloc(3_000_000, 'abcdefg');
    const fixed = await fetch(`${served.url}/echo`, { method: 'POST', body });
    assert.deepEqual(Buffer.from(await fixed.arrayBuffer()), body);
    const stream = new Blob([body]).stream();
    const chunked = await fetch(`${served.url}/echo`, { method: 'PUT', body: stream, duplex: 'half' } as RequestInit);
    assert.deepEqual(Buffer.from(await chunked.arrayBuffer()), body);
    const empty = await fetch(`${served.url}/echo`, { method: 'POST', body: '' });
    assert.equal(await empty.text(), '');
    const onGet = await exchange(
      served.port,
      'GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    );
    assert.match(onGet, /\r\n3\r\nabc\r\n0\r\n\r\n$/);
  });

  for (const body of ['Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n', 'Content-Length: 100000\r\n\r\nabc'])
    for (const method of ['HEAD', 'GET'])
      test(`${method}, answered before its body has ended, holds nothing of the main thread: ${body.slice(0, 8)}`, async () => {
        const socket = await connected(served.port);
        const released = once(inside, 'early-closed');
        socket.write(`${method} /early HTTP/1.1\r\nHost: x\r\n${body}`);
        await readUntil(socket, method === 'GET' ? 'early' : '\r\n\r\n');
        await released;
        socket.destroy();
      });

  test('a chunked body streams in both directions at once', async () => {
    const req = httpRequest(`${served.url}/echo`, { method: 'POST', agent: false });
    req.write('one');
    const [res] = await once(req, 'response');
    assert.equal(String((await once(res, 'data'))[0]), 'one');
    req.write('two');
    assert.equal(String((await once(res, 'data'))[0]), 'two');
    req.end();
    await once(res, 'end');
  });

  test('a refusal in the middle of an upload is read whole by who goes on sending, and by who asked to close', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const req = httpRequest(`${served.url}/refuse`, {
        method: 'PUT',
        agent: false,
        headers: { 'content-length': 9e6 },
      });
      req.on('error', () => {});
      req.write(Buffer.alloc(3_000_000));
      const [res] = await once(req, 'response');
      req.write(Buffer.alloc(3_000_000));
      assert.equal(res.statusCode, 422);
      assert.equal(Buffer.concat(await res.toArray()).length, 5000);
      req.destroy();
    }
    // The connection is used again where all of the body came.
    const again = await fetch(`${served.url}/refuse`, { method: 'PUT', body: Buffer.alloc(3_000_000) });
    assert.equal((await again.text()).length, 5000);
  });

  test('methods, query, HEAD and status with its headers pass', async () => {
    const deleted = await fetch(`${served.url}/show?a=%2F&b`, { method: 'DELETE' });
    const shown = JSON.parse(await deleted.text());
    assert.deepEqual([shown.method, shown.url], ['DELETE', '/show?a=%2F&b']);
    const head = await exchange(served.port, 'HEAD /show HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 200 OK\r\n.*content-length: \d+.*\r\n\r\n$/is);
    const odd = await fetch(`${served.url}/headers`);
    assert.equal(odd.status, 418);
    assert.deepEqual(odd.headers.getSetCookie(), ['a=1', 'b=2']);
    assert.equal(odd.headers.get('x-hop'), null);
    assert.equal(odd.headers.get('x-tinsmith-send'), null);
    assert.equal(await odd.text(), 'short and stout');
  });

  test('the route learns who asked and which of our addresses', async () => {
    const socket = await connected(served.port);
    const asked = socket.localPort;
    socket.write('GET /show HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const { remote } = JSON.parse((await readAll(socket)).split('\r\n\r\n')[1] ?? '');
    assert.deepEqual(remote, { address: '127.0.0.1', port: asked, local: { address: '127.0.0.1', port: served.port } });
  });

  test('headers that only the carrier may set are taken from clients', async () => {
    const forged = [
      'X-Tinsmith-Carrier: x',
      'x-tinsmith-request: 0-1',
      'X-Forwarded-For: 6.6.6.6',
      'X-FORWARDED-HOST: evil',
      'X-Forwarded-Proto: https',
      'Forwarded: for=6.6.6.6',
      'X-Real-Ip: 6.6.6.6',
      'X-Tinsmith-Local: 6.6.6.6:6',
      'x-tinsmith-remote-port: 6',
      'x-tinsmith-send: 0-1',
      'Connection: close, x-hop, x-forwarded-for, host',
      'X-Hop: 1',
      'Keep-Alive: 3',
      'Upgrade: h2c',
      'TE: trailers',
      'Proxy-Authorization: x',
      'X-Mine: kept',
    ];
    const text = await exchange(served.port, `GET /show HTTP/1.1\r\nHost: x\r\n${forged.join('\r\n')}\r\n\r\n`);
    const { headers, raw, remote } = JSON.parse(text.split('\r\n\r\n')[1] ?? '');
    assert.deepEqual(headers, {
      'x-forwarded-for': '127.0.0.1',
      host: 'x',
      'x-mine': 'kept',
      connection: 'keep-alive',
    });
    assert.equal(remote.address, '127.0.0.1');
    assert.deepEqual(
      raw.filter((_: string, at: number) => at % 2 === 0).map((name: string) => name.toLowerCase()),
      ['x-forwarded-for', 'host', 'x-mine', 'connection'],
    );
  });

  test('thousands of headers cannot push the trusted ones out', async () => {
    const many = 'a:b\r\n'.repeat(3000);
    const text = await exchange(served.port, `GET /show HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${many}\r\n`);
    assert.equal(JSON.parse(text.split('\r\n\r\n')[1] ?? '').remote.local.port, served.port);
  });

  test('the internal socket answers only the carrier', async () => {
    const sockets = readFileSync('/proc/net/unix', 'utf8').match(/@tinsmith-[0-9a-f]{32}/g) ?? [];
    assert.ok(sockets.length > 0);
    const ask = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'x-tinsmith-carrier: guess', 'http://x/show'];
    const answers: string[] = [];
    for (const name of new Set(sockets)) {
      // Servers of other tests are found too, and may be gone by now.
      const asked = await run('curl', ['--abstract-unix-socket', name.slice(1), ...ask]).catch(() => undefined);
      if (asked !== undefined) answers.push(asked.stdout);
    }
    assert.ok(answers.length > 0);
    assert.ok(
      answers.every((status) => status === '403'),
      String(answers),
    );
  });

  test('events arrive as they are written', async () => {
    const opened = once(inside, 'events');
    const answer = await fetch(`${served.url}/events`); // resolves with the head, before any event
    const [stream] = await opened;
    const reader = answer.body?.getReader();
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      stream.write(event); // the next is written only when this one has arrived
      assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), event);
    }
    const closed = once(inside, 'events-closed');
    await reader?.cancel();
    await closed;
  });

  test('a client that goes away is gone for the route: waiting, reading and uploading', async () => {
    const waiting = await connected(served.port);
    const asked = once(inside, 'never');
    waiting.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked;
    const noticed = once(inside, 'never-closed');
    waiting.destroy();
    await noticed;

    const uploading = await connected(served.port);
    const began = once(inside, 'sink');
    uploading.write('POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf');
    await began;
    const ended = once(inside, 'sink-closed');
    uploading.destroy();
    assert.deepEqual(await ended, [false]);
  });

  test('a route that breaks off in the middle breaks off for the client', async () => {
    const breaking = once(inside, 'break');
    const socket = await connected(served.port);
    socket.write('GET /break HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, 'some');
    const [res] = await breaking;
    res.destroy();
    assert.ok(!(await readAll(socket)).includes('0\r\n\r\n'), 'the body must not look complete');
  });

  test('a route that hangs up without an answer is a 502', async () => {
    const answer = await fetch(`${served.url}/hang-up`);
    assert.equal(answer.status, 502);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(JSON.parse(await answer.text()).status, 502);
  });

  test('100-continue: a client of HTTP/1.0 does not know it', async () => {
    const text = await exchange(
      served.port,
      'POST /echo HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
    );
    assert.match(text, /^HTTP\/1\.[01] 200 OK\r\n/);
    assert.ok(text.endsWith('abc'), text);
  });

  test('100-continue: the body is asked for, and other expectations fail', async () => {
    const socket = await connected(served.port);
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n',
    );
    assert.match(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1.1 100 Continue\r\n\r\n$/);
    socket.write('abc');
    assert.match(await readAll(socket), /^HTTP\/1.1 200 OK\r\n.*abc/s);
    const odd = await exchange(
      served.port,
      'POST /echo HTTP/1.1\r\nHost: x\r\nExpect: pizza\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
    assert.match(odd, /^HTTP\/1.1 417 /);
  });

  test('100-continue: who is refused before the body is read need not send it, and the connection ends', async () => {
    const socket = await connected(served.port);
    socket.write('PUT /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n');
    assert.match(await readAll(socket), /^HTTP\/1\.1 422 .*connection: close/is);
  });

  test('a refusal waits for nothing of the body', async () => {
    const socket = await connected(served.port);
    socket.write('PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n');
    assert.match(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 422 /);
    socket.destroy();
  });

  test('HTTP/1.0 without Host is served, with an end instead of chunks', async () => {
    const text = await exchange(served.port, 'GET /show HTTP/1.0\r\n\r\n');
    assert.match(text, /^HTTP\/1.1 200 OK\r\n/);
    assert.equal(JSON.parse(text.split('\r\n\r\n')[1] ?? '').headers.host, `127.0.0.1:${served.port}`);
  });

  test('an upgrade is answered as a plain request, CONNECT with 501', async () => {
    const upgrade = 'GET /show HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n';
    assert.match(await exchange(served.port, upgrade), /^HTTP\/1.1 200 OK\r\n/);
    assert.match(await exchange(served.port, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), /^HTTP\/1.1 501 /);
  });

  test('pipelined requests are answered in their order', async () => {
    const get = (n: number, more = ''): string => `GET /show?${n} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const text = await exchange(served.port, get(1) + get(2) + get(3, 'Connection: close\r\n'));
    assert.deepEqual(
      [...text.matchAll(/"url":"\/show\?(\d)"/g)].map((found) => found[1]),
      ['1', '2', '3'],
    );
  });
});
