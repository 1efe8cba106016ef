/** Requests that are passed on to services: what crosses, how fast, and how it ends when a side goes away. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Passing, pass } from '../../src/http/index.ts';
import { closed, connected, exchange, readAll, readUntil, type Served, serve } from './served.ts';

const AT = '/workflows/w1';

describe('a request to a service', () => {
  let served: Served;
  let listener: RequestListener = (_req, res) => res.end();
  const inside = new EventEmitter();
  const service = createServer((req, res) => listener(req, res)).on('upgrade', () => assert.fail('never upgraded'));
  let passing: Passing;

  before(async () => {
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const { port } = service.address() as AddressInfo;
    passing = { address: '127.0.0.1', port, service: 'files', withoutAuthorization: false };
    served = await serve(
      (app) => {
        app.use('/workflows/refused', (_req, res) => void res.status(404).send('none'));
        app.use((req, res) => {
          inside.emit('asked', req.headers);
          pass(res, passing, { url: req.url });
        });
      },
      { limits: { serviceConnectTimeout: 300, serviceIdleTimeout: 300 } },
    );
  });
  after(async () => {
    await served.server.stop(0);
    service.closeAllConnections();
    service.close();
  });

  const echo: RequestListener = (req, res) => {
    const { method, url, headers, rawHeaders } = req;
    res.setHeader('content-type', 'application/json');
    let body = '';
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    req.on('end', () => res.end(JSON.stringify({ method, url, headers, raw: rawHeaders, body })));
  };

  test('arrives with method, path, query and body, without the prefix, and says by which way it came', async () => {
    listener = echo;
    const answer = await fetch(`${served.url}${AT}/a%20b?c=%2F`, { method: 'PUT', body: 'hello', headers: { x: 'y' } });
    const seen = JSON.parse(await answer.text());
    assert.deepEqual([seen.method, seen.url, seen.body], ['PUT', '/a%20b?c=%2F', 'hello']);
    assert.equal(seen.headers.x, 'y');
    assert.equal(seen.headers['content-length'], '5');
    assert.equal(seen.headers.host, `127.0.0.1:${served.port}`);
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen.headers['x-forwarded-host'], `127.0.0.1:${served.port}`);
    assert.equal(seen.headers['x-forwarded-proto'], 'http');
    assert.equal(seen.headers['x-forwarded-prefix'], AT);
    const { sent, about } = await served.nextSent();
    assert.deepEqual([sent.status, sent.completed, sent.bytes > 0, sent.bytes === sent.total], [200, true, true, true]);
    assert.deepEqual(about, { url: `${AT}/a%20b?c=%2F` });
  });

  test('by a host of its own keeps its path', async () => {
    listener = echo;
    const text = await exchange(
      served.port,
      'GET /workflows/x HTTP/1.1\r\nHost: w1.workflows.tinkerbell.local:8080\r\nConnection: close\r\n\r\n',
    );
    const seen = JSON.parse(text.split('\r\n\r\n')[1] ?? '');
    assert.equal(seen.url, '/workflows/x');
    assert.equal(seen.headers.host, 'w1.workflows.tinkerbell.local:8080');
    assert.equal(seen.headers['x-forwarded-prefix'], undefined);
    await served.nextSent();
  });

  test('carries no hop-by-hop, forged or private headers, in either direction', async () => {
    listener = (req, res) => {
      res.setHeader('set-cookie', ['a=1', 'b=2']);
      res.setHeader('connection', 'x-hop');
      res.setHeader('x-hop', '1');
      res.setHeader('x-tinsmith-pass', 'forged');
      echo(req, res);
    };
    passing = { ...passing, withoutAuthorization: true };
    const lines = [
      'Host: x',
      'Connection: close, x-mine',
      'X-Mine: 1',
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Prefix: /evil',
      'Proxy-Authorization: x',
      'Authorization: Bearer one',
      'authorization: Bearer two',
      'X-Kept: 1',
    ];
    const text = await exchange(served.port, `GET ${AT}/ HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    passing = { ...passing, withoutAuthorization: false };
    const seen = JSON.parse(text.split('\r\n\r\n')[1] ?? '');
    const names = seen.raw.filter((_: string, at: number) => at % 2 === 0).map((name: string) => name.toLowerCase());
    assert.deepEqual(names, [
      'host',
      'x-kept',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded-prefix',
      'connection',
    ]);
    assert.ok(!/tinsmith|x-hop|bearer/i.test(text), text);
    assert.match(text, /set-cookie: a=1\r\nset-cookie: b=2/i);
    await served.nextSent();
  });

  test('ranges, HEAD, redirects and other statuses come back as the service gives them', async () => {
    listener = (req, res) => {
      if (req.url === '/dir') res.writeHead(302, { location: '/dir/' }).end();
      else if (req.url === '/away') res.writeHead(302, { location: '//other/x' }).end();
      else if (req.url === '/gone') res.writeHead(410, 'No More').end();
      else if (req.headers.range) res.writeHead(206, { 'content-range': 'bytes 0-1/9' }).end('ab');
      else
        res
          .writeHead(200, { 'content-length': 9, 'accept-ranges': 'bytes' })
          .end(req.method === 'HEAD' ? '' : 'abcdefghi');
    };
    const part = await fetch(`${served.url}${AT}/f`, { headers: { range: 'bytes=0-1' } });
    assert.deepEqual([part.status, part.headers.get('content-range'), await part.text()], [206, 'bytes 0-1/9', 'ab']);
    assert.equal((await served.nextSent()).sent.range, 'bytes=0-1');
    const head = await exchange(served.port, `HEAD ${AT}/f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(head, /^HTTP\/1.1 200 OK\r\n.*content-length: 9.*\r\n\r\n$/is);
    assert.deepEqual((await served.nextSent()).sent.completed, true);
    const redirect = (path: string) => fetch(`${served.url}${AT}${path}`, { redirect: 'manual' });
    assert.equal((await redirect('/dir')).headers.get('location'), `${AT}/dir/`);
    assert.equal((await redirect('/away')).headers.get('location'), '//other/x');
    const gone = await redirect('/gone');
    assert.deepEqual([gone.status, gone.statusText], [410, 'No More']);
    for (let each = 0; each < 3; each++) await served.nextSent();
  });

  test('the main thread is asked without the body, and a refusal is its own answer', async () => {
    listener = echo;
    const asked = once(inside, 'asked');
    const body = new Blob([Buffer.alloc(3_000_000, 'x')]).stream();
    const answer = await fetch(`${served.url}${AT}/up`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    assert.equal(JSON.parse(await answer.text()).body.length, 3_000_000);
    const [headers] = (await asked) as [Record<string, string>];
    assert.equal(headers['content-length'], undefined);
    await served.nextSent();

    const refused = `POST /workflows/refused/x HTTP/1.1\r\nHost: x\r\n`;
    const expecting = await exchange(served.port, `${refused}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    assert.match(expecting, /^HTTP\/1.1 404 .*connection: close/is);
    // Sent all the same, it is not taken for the next request.
    const both = await exchange(
      served.port,
      `${refused}Content-Length: 5\r\n\r\nGET /${refused}Connection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal(both.match(/HTTP\/1.1 404/g)?.length, 2);
  });

  test('100-continue is the service’s to say', async () => {
    listener = echo;
    const socket = await connected(served.port);
    socket.write(
      `POST ${AT}/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n`,
    );
    assert.match(await readUntil(socket, '\r\n\r\n'), /^HTTP\/1.1 100 Continue\r\n\r\n$/);
    socket.write('abc');
    assert.match(await readAll(socket), /"body":"abc"/);
    await served.nextSent();
  });

  test('bodies stream in both directions at once', async () => {
    listener = (req, res) => void req.pipe(res);
    const req = httpRequest(`${served.url}${AT}/`, { method: 'POST', agent: false });
    req.write('one');
    const [res] = await once(req, 'response');
    assert.equal(String((await once(res, 'data'))[0]), 'one');
    req.write('two');
    assert.equal(String((await once(res, 'data'))[0]), 'two');
    req.end();
    await once(res, 'end');
    await served.nextSent();
  });

  test('a slow client slows the service, and loses nothing by it', async () => {
    const size = 64 * 1024 * 1024;
    const block = Buffer.alloc(1024 * 1024, 'tinsmith');
    let written = 0;
    listener = (_req, res) => {
      res.writeHead(200, { 'content-length': size });
      const more = (): void => {
        while (written < size) {
          written += block.length;
          if (!res.write(block)) {
            inside.emit('full');
            res.once('drain', more);
            return;
          }
        }
        res.end();
      };
      more();
    };
    const res = await new Promise<import('node:http').IncomingMessage>((resolve) =>
      httpRequest(`${served.url}${AT}/big`, { agent: false }, resolve).end(),
    );
    res.pause();
    // Longer than the idle limit with nothing read: it is the client that is slow, not the service.
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 350));
    }
    assert.ok(written < size / 2, `${written} bytes were taken from the service`);
    const hash = createHash('sha256');
    for await (const chunk of res as AsyncIterable<Buffer>) hash.update(chunk);
    const expected = createHash('sha256');
    for (let at = 0; at < size; at += block.length) expected.update(block);
    assert.equal(hash.digest('hex'), expected.digest('hex'));
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.bytes, sent.total, sent.completed], [size, size, true]);
  });

  test('a client that goes away is gone for the service', async () => {
    const gone = new Promise<void>((resolve) => {
      listener = (req, res) => {
        res.once('close', () => {
          assert.ok(!res.writableFinished);
          resolve();
        });
        res.write('some');
        req.resume();
      };
    });
    const socket = await connected(served.port);
    socket.write(`POST ${AT}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf`);
    await readUntil(socket, 'some');
    socket.destroy();
    await gone;
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.completed, sent.aborted, sent.fault], [false, true, undefined]);
  });

  test('a service that breaks off breaks off for the client', async () => {
    listener = (_req, res) => {
      res.writeHead(200, { 'content-length': 100 }).write('some');
      setImmediate(() => res.destroy());
    };
    const socket = await connected(served.port);
    socket.write(`GET ${AT}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(await readAll(socket), /some$/);
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.completed, sent.aborted], [false, false]);
    assert.match(sent.fault ?? '', /the service files of workflow w1 at 127\.0\.0\.1:\d+ broke off/);
  });

  const trouble = async (): Promise<{ status: number; detail: string; code: string; next: string }> => {
    const answer = await fetch(`${served.url}${AT}/x`);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const document = JSON.parse(await answer.text());
    assert.equal(document.status, answer.status);
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.status, sent.completed, sent.aborted], [answer.status, false, false]);
    return document;
  };

  test('a service that is away, or says no HTTP, is a 502 that names it', async () => {
    const own = passing;
    const tcp = createTcpServer();
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    passing = { ...own, port: (tcp.address() as AddressInfo).port };
    tcp.once('connection', (socket: Socket) => socket.resume().end('SSH-2.0-what\r\n'));
    const strange = await trouble();
    assert.equal(strange.status, 502);
    assert.match(strange.detail, /the service files of workflow w1 at .* broke off: Parse Error/);
    await new Promise((resolve) => tcp.close(resolve));
    const away = await trouble();
    assert.deepEqual([away.status, away.code], [502, 'UNREACHABLE']);
    assert.match(away.detail, /cannot be reached: connect ECONNREFUSED/);
    assert.match(away.next, /workflow logs w1/);
    passing = own;
  });

  test('a service that does not answer, or take the connection, in time is given up', async () => {
    listener = () => inside.emit('silent');
    const silent = await trouble();
    assert.deepEqual([silent.status, silent.code], [504, 'TIMED_OUT']);
    assert.match(silent.detail, /sent and took nothing for 0\.3 s/);
    const own = passing;
    // TEST-NET-1 (RFC 5737): where nobody is, or the system says so at once.
    passing = { ...own, address: '192.0.2.1' };
    assert.match((await trouble()).detail, /did not take a connection within 0\.3 s|cannot be reached/);
    passing = own;
  });

  test('WebSocket is refused with the reason; other upgrades go on as plain HTTP', async () => {
    listener = echo;
    const head = `GET ${AT}/ HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade:`;
    assert.match(await exchange(served.port, `${head} websocket\r\n\r\n`), /^HTTP\/1.1 501 .*not by WebSocket/s);
    assert.match(await exchange(served.port, `${head} h2c\r\n\r\n`), /^HTTP\/1.1 200 /);
    await served.nextSent();
  });

  test('HTTP/1.0 is served, with an end instead of chunks', async () => {
    listener = (_req, res) => {
      res.write('a');
      res.end('b');
    };
    const text = await exchange(served.port, `GET ${AT}/ HTTP/1.0\r\n\r\n`);
    assert.match(text, /\r\n\r\nab$/);
    await served.nextSent();
  });

  test('a stop ends what is under way', async () => {
    const other = await serve((app) => app.use((_req, res) => pass(res, passing, undefined)));
    listener = (_req, res) => res.write('some');
    const socket = await connected(other.port);
    socket.write(`GET ${AT}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    await readUntil(socket, 'some');
    await Promise.all([closed(socket), other.server.stop(0)]);
  });
});
