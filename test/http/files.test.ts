import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { osieInitrd } from '../../src/boots/files/index.ts';
import { fileSegment, type Segment } from '../../src/http/files/index.ts';
import { send } from '../../src/http/index.ts';
import { openRooted } from '../../src/system/rooted.ts';
import { letGo } from '../system/descriptors.ts';
import { connected, readUntil, type Served, serve } from './served.ts';

const run = promisify(execFile);
const TYPE = { 'content-type': 'application/octet-stream' };
const CONTENT = randomBytes(3_000_000);
const LARGE = 64 * 1024 * 1024;

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tinsmith-http-'));
  const path = join(folder, 'image');
  let served: Served;

  before(async () => {
    writeFileSync(path, CONTENT);
    served = await serve((app) => {
      app.get('/files/*name', async (req, res) => {
        const file = await openRooted(folder, [req.params.name].flat().join('/'));
        if ('refused' in file) {
          res.status(404).json(file);
          return;
        }
        res.set('x-request', 'kept').set('content-type', 'text/never');
        const segment: Segment = { kind: 'file', start: 0, length: file.size, ...file };
        send(res, { status: 200, headers: TYPE, segments: [segment] }, { file: file.path });
      });
      app.get('/parts', async (_req, res) => {
        const file = await fileSegment(path);
        const segments: Segment[] = [
          { kind: 'bytes', bytes: Buffer.from('head') },
          { ...file, start: 1000, length: 300_000 },
          { kind: 'bytes', bytes: Buffer.from('tail') },
        ];
        send(res, { status: 200, headers: TYPE, segments }, 'parts');
      });
      app.get('/initrd', async (_req, res) => {
        send(
          res,
          { status: 200, headers: TYPE, segments: await osieInitrd({ initrd: path, executable: path }) },
          'initrd',
        );
      });
      app.get('/ghost', (_req, res) => {
        const ghost: Segment = { kind: 'file', path: join(folder, 'ghost'), start: 0, length: 5, size: 5, mtimeMs: 1 };
        send(res, { status: 200, headers: TYPE, segments: [ghost] }, 'ghost');
      });
      app.get('/stale', async (_req, res) => {
        send(res, { status: 200, headers: TYPE, segments: [{ ...(await fileSegment(path)), mtimeMs: 1 }] }, 'stale');
      });
      app.get('/bad-header', (_req, res) => {
        send(res, { status: 200, headers: { 'x-bad': 'a\r\nb: c' }, segments: [] }, 'bad');
      });
    });
  });
  after(async () => {
    await served.server.stop(0);
    rmSync(folder, { recursive: true });
  });

  test('a whole file, with its head, and the report', async () => {
    const answer = await fetch(`${served.url}/files/image`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-length'), '3000000');
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
    assert.equal(answer.headers.get('accept-ranges'), 'bytes');
    assert.equal(answer.headers.get('x-request'), 'kept');
    assert.equal(answer.headers.get('x-tinsmith-send'), null);
    assert.match(answer.headers.get('etag') ?? '', /^"[\w-]{27}"$/);
    assert.ok(Date.parse(answer.headers.get('last-modified') ?? '') <= Date.now());
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(CONTENT));
    const { sent, about } = await served.nextSent();
    assert.deepEqual(about, { file: path });
    const { ms, id, ...rest } = sent;
    assert.ok(ms > 0 && id !== '');
    assert.deepEqual(rest, {
      head: false,
      status: 200,
      bytes: 3e6,
      total: 3e6,
      completed: true,
      aborted: false,
      range: undefined,
    });
  });

  test('files and bytes in one body, and the initramfs made of two archives', async () => {
    const parts = await fetch(`${served.url}/parts`);
    const expected = Buffer.concat([Buffer.from('head'), CONTENT.subarray(1000, 301_000), Buffer.from('tail')]);
    assert.ok(Buffer.from(await parts.arrayBuffer()).equals(expected));
    assert.equal((await served.nextSent()).about, 'parts');
    const initrd = Buffer.from(await (await fetch(`${served.url}/initrd`)).arrayBuffer());
    assert.ok(initrd.subarray(0, CONTENT.length).equals(CONTENT));
    assert.ok(initrd.includes('usr/bin/tinsmith') && initrd.includes('TRAILER!!!') && initrd.length % 512 === 0);
    assert.equal((await served.nextSent()).sent.bytes, initrd.length);
  });

  test('HEAD says what GET would, with the same tag', async () => {
    const got = await fetch(`${served.url}/files/image`);
    await got.arrayBuffer();
    const head = await fetch(`${served.url}/files/image`, { method: 'HEAD' });
    for (const name of ['content-length', 'etag', 'last-modified', 'content-type', 'accept-ranges', 'x-request']) {
      assert.equal(head.headers.get(name), got.headers.get(name), name);
    }
    assert.equal((await served.nextSent()).sent.bytes, 3e6);
    assert.deepEqual(
      { ...(await served.nextSent()).sent, id: '' },
      { id: '', head: true, status: 200, bytes: 0, total: 0, ms: 0, completed: true, aborted: false },
    );
    const etag = got.headers.get('etag') ?? '';
    const same = await fetch(`${served.url}/files/image`, { method: 'HEAD', headers: { 'if-none-match': etag } });
    assert.equal(same.status, 304);
    await served.nextSent();
  });

  const slice = (start: number, end: number): string => CONTENT.subarray(start, end).toString('latin1');
  const ranges: [string, number, string | null, string][] = [
    ['bytes=0-9', 206, 'bytes 0-9/3000000', slice(0, 10)],
    ['bytes=262140-262150', 206, 'bytes 262140-262150/3000000', slice(262140, 262151)],
    ['bytes=2999990-', 206, 'bytes 2999990-2999999/3000000', slice(2999990, 3e6)],
    ['bytes=-5', 206, 'bytes 2999995-2999999/3000000', slice(2999995, 3e6)],
    ['bytes=2999999-9999999', 206, 'bytes 2999999-2999999/3000000', slice(2999999, 3e6)],
    ['bytes=3000000-', 416, 'bytes */3000000', ''],
    ['bytes=9-1', 200, null, slice(0, 3e6)],
    ['lines=1-2', 200, null, slice(0, 3e6)],
  ];
  for (const [range, status, contentRange, body] of ranges) {
    test(`Range: ${range}`, async () => {
      const answer = await fetch(`${served.url}/files/image`, { headers: { range } });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('content-range'), contentRange);
      assert.equal(answer.headers.get('content-length'), String(body.length));
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(body, 'latin1')));
      const { sent } = await served.nextSent();
      assert.equal(sent.range, status === 206 ? range : undefined);
      assert.deepEqual([sent.status, sent.bytes, sent.completed], [status, body.length, true]);
    });
  }

  test('curl: several ranges, and a resumed download', async () => {
    const { stdout } = await run('curl', ['-s', '-r', '0-3,100-103', `${served.url}/parts`], { encoding: 'latin1' });
    const type = 'content-type: application/octet-stream\r\n';
    assert.ok(stdout.includes(`${type}content-range: bytes 0-3/300008\r\n\r\nhead\r\n--`));
    assert.ok(stdout.includes(`${type}content-range: bytes 100-103/300008\r\n\r\n${slice(1096, 1100)}\r\n--`));
    await served.nextSent();
    const copy = join(folder, 'copy');
    writeFileSync(copy, CONTENT.subarray(0, 1_234_567));
    await run('curl', ['-s', '-f', '-C', '-', '-o', copy, `${served.url}/files/image`]);
    assert.equal(sha(readFileSync(copy)), sha(CONTENT));
    assert.equal((await served.nextSent()).sent.range, 'bytes=1234567-');
  });

  test('conditions', async () => {
    const first = await fetch(`${served.url}/files/image`, { headers: { range: 'bytes=0-0' } });
    await first.arrayBuffer();
    const etag = first.headers.get('etag') ?? '';
    const modified = first.headers.get('last-modified') ?? '';
    const cases: [Record<string, string>, number][] = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"x"' }, 200],
      [{ 'if-modified-since': modified }, 304],
      [{ 'if-match': '"x"' }, 412],
      [{ 'if-range': etag, range: 'bytes=0-0' }, 206],
      [{ 'if-range': '"x"', range: 'bytes=0-0' }, 200],
      [{ 'if-range': modified, range: 'bytes=0-0' }, 206],
    ];
    await served.nextSent();
    for (const [headers, status] of cases) {
      const answer = await fetch(`${served.url}/files/image`, { headers: { ...headers, 'cache-control': 'no-store' } });
      await answer.arrayBuffer();
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal((await served.nextSent()).sent.status, status);
    }
  });

  test('paths that climb are refused, however they are written', async () => {
    for (const name of [
      '../passwd',
      '..%2fpasswd',
      '%2e%2e/passwd',
      '%252e%252e%252fpasswd',
      '..%5cpasswd',
      'a%00b',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      '',
    ]) {
      const { stdout } = await run('curl', [
        '-s',
        '--path-as-is',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `${served.url}/files/${name}`,
      ]);
      assert.equal(stdout, '404', name);
    }
  });

  test('a file that is gone or was replaced between decision and sending is a 503', async () => {
    for (const [where, fault] of [
      ['ghost', /ENOENT/],
      ['stale', /replaced/],
      ['bad-header', /Invalid character/],
    ] as const) {
      const answer = await fetch(`${served.url}/${where}`);
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('retry-after'), '1');
      assert.match(JSON.parse(await answer.text()).detail, fault);
      const { sent } = await served.nextSent();
      assert.deepEqual([sent.completed, sent.aborted, sent.status], [false, false, 503]);
      assert.match(sent.fault ?? '', fault);
    }
  });

  test('a replaced file is noticed, while an earlier download gets the old one to its end', async () => {
    const large = join(folder, 'replaced');
    writeFileSync(large, Buffer.alloc(LARGE, 'a'));
    const before = await new Promise<IncomingMessage>((resolve) => get(`${served.url}/files/replaced`, resolve));
    writeFileSync(`${large}.new`, Buffer.alloc(LARGE, 'b'));
    renameSync(`${large}.new`, large);
    const later = await fetch(`${served.url}/files/replaced`);
    assert.notEqual(later.headers.get('etag'), before.headers.etag);
    assert.ok(Buffer.from(await later.arrayBuffer()).every((byte) => byte === 98));
    let length = 0;
    for await (const chunk of before as AsyncIterable<Buffer>) {
      assert.equal(chunk[0], 97);
      length += chunk.length;
    }
    assert.equal(length, LARGE);
    assert.ok((await served.nextSent()).sent.completed && (await served.nextSent()).sent.completed);
    await letGo(large);
  });

  for (const [what, change, seen] of [
    // The kernel clears what it cuts off, also where it is in the socket's queue without having been copied.
    ['shrinks', (file: string) => truncateSync(file, 1000), [97, 0]],
    ['is written over', (file: string) => utimesSync(file, 1, 1), [97]],
  ] as const) {
    test(`a file that ${what} while it is sent ends the connection short`, async () => {
      const large = join(folder, 'changing');
      writeFileSync(large, Buffer.alloc(LARGE, 'a'));
      const res = await new Promise<IncomingMessage>((resolve) => get(`${served.url}/files/changing`, resolve));
      change(large); // nobody has read yet, so most of it still has to be sent
      let length = 0;
      res.on('data', (chunk: Buffer) => {
        length += chunk.length;
        assert.ok(chunk.every((byte) => seen.some((each) => each === byte)));
      });
      const [error] = await once(res, 'error');
      assert.equal(error.code, 'ECONNRESET');
      assert.ok(length < LARGE);
      const { sent } = await served.nextSent();
      assert.deepEqual([sent.completed, sent.aborted], [false, false]);
      assert.match(sent.fault ?? '', /changing (became shorter|changed) while it was being sent/);
    });
  }

  test('a client that goes away is reported, and lets the file go', async () => {
    const large = join(folder, 'aborted');
    writeFileSync(large, Buffer.alloc(LARGE));
    const socket = await connected(served.port);
    socket.write('GET /files/aborted HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, '\r\n\r\n');
    socket.destroy();
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.completed, sent.aborted, sent.total], [false, true, LARGE]);
    assert.ok(sent.bytes < LARGE);
    await letGo(large);
  });

  test('fifty at once are all whole', async () => {
    const expected = sha(CONTENT);
    const downloads = Array.from({ length: 50 }, async () => {
      const answer = await fetch(`${served.url}/files/image`);
      assert.equal(sha(Buffer.from(await answer.arrayBuffer())), expected);
    });
    await Promise.all(downloads);
    for (const _ of downloads) assert.ok((await served.nextSent()).sent.completed);
    await letGo(path);
  });

  test('downloads of one file share one descriptor', async () => {
    const large = join(folder, 'shared');
    writeFileSync(large, Buffer.alloc(LARGE));
    const open = Array.from({ length: 10 }, async () => {
      const socket = await connected(served.port);
      socket.write('GET /files/shared HTTP/1.1\r\nHost: x\r\n\r\n');
      await readUntil(socket, '\r\n\r\n');
      return socket.pause();
    });
    const sockets = await Promise.all(open);
    await letGo(large, 1);
    for (const socket of sockets) socket.destroy();
    for (const _ of sockets) assert.ok((await served.nextSent()).sent.aborted);
    await letGo(large);
  });

  test('pipelined downloads come in their order, and a client that leaves ends all of them', async () => {
    const request = (range: string): string => `GET /files/image HTTP/1.1\r\nHost: x\r\nRange: bytes=${range}\r\n\r\n`;
    const socket = await connected(served.port);
    socket.write(request('0-2000000') + request('5-9') + request('0-2999998'));
    const got = readUntil(socket, 'bytes 5-9/3000000');
    assert.ok((await got).includes(slice(1_999_000, 2_000_001)));
    socket.destroy();
    const reports = [await served.nextSent(), await served.nextSent(), await served.nextSent()];
    assert.deepEqual(new Set(reports.map(({ sent }) => sent.total)), new Set([2_000_001, 5, 2_999_999]));
  });

  test('send() is refused where there is no carrier', async () => {
    const server = createServer((_req, res) => {
      assert.throws(() => send(res, { status: 200, headers: {}, segments: [] }, undefined), /startHttp/);
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await fetch(`http://127.0.0.1:${port}/`);
    server.close();
  });
});
