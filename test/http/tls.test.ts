/** The public ports over TLS: the same answers, whole, by a slower way. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { fileSegment } from '../../src/http/files/index.ts';
import { hold, pass, remoteOf, send } from '../../src/http/index.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { certificate, missing } from './certificates.ts';
import { connected, readAll, serve } from './served.ts';

const LARGE = 40_000_000;

async function secure(t: TestContext) {
  const { pair, files } = certificate(t);
  const path = join(temporaryDirectory(t), 'image');
  const content = randomBytes(LARGE);
  writeFileSync(path, content);
  const gone: string[] = [];
  const heldStream: { tell?: (text: string) => void } = {};
  const backend = createServer((req, res) => res.end(JSON.stringify(req.headers)));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  t.after(() => backend.close());
  const served = await serve(
    (app) => {
      app.get('/image', async (_req, res) => {
        const headers = { 'content-type': 'application/octet-stream' };
        send(res, { status: 200, headers, segments: [await fileSegment(path)] }, 'image');
      });
      app.get('/remote', (req, res) => void res.json(remoteOf(req)));
      app.put('/upload', async (req, res) => {
        let size = 0;
        for await (const chunk of req) size += chunk.length;
        res.json({ size });
      });
      app.get('/stream', (_req, res) => {
        const held = hold(res, { gone: (id) => void gone.push(id) });
        heldStream.tell = (text) => held?.streams.tell(held.id, text);
      });
      app.use('/workflows', (_req, res) => {
        const { port } = backend.address() as { port: number };
        pass(res, { address: '127.0.0.1', port, service: 'web', withoutAuthorization: true }, 'service');
      });
    },
    { tls: pair, announcedPort: 8080 },
  );
  t.after(() => served.server.stop(0));
  const ask = (path: string, options: RequestOptions = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: served.port, path, ca: pair.certificate, agent: false, ...options }, resolve)
        .on('error', reject)
        .end();
    });
  const bytesOf = async (res: IncomingMessage): Promise<Buffer> => Buffer.concat(await res.toArray());
  return { ...served, pair, files, content, gone, heldStream, ask, bytesOf };
}

describe('over TLS', { skip: missing ?? false }, () => {
  test('files come whole, in parts, and not at all where nothing is new', async (t) => {
    const { ask, bytesOf, content, nextSent } = await secure(t);
    const whole = await ask('/image');
    assert.equal(whole.headers['content-length'], String(LARGE));
    assert.ok((await bytesOf(whole)).equals(content));
    const { sent } = await nextSent();
    assert.deepEqual([sent.bytes, sent.completed], [LARGE, true]);
    const part = await ask('/image', { headers: { range: 'bytes=1000000-1999999' } });
    assert.equal(part.statusCode, 206);
    assert.ok((await bytesOf(part)).equals(content.subarray(1_000_000, 2_000_000)));
    const several = await ask('/image', { headers: { range: 'bytes=0-1,-2' } });
    assert.match(several.headers['content-type'] ?? '', /^multipart\/byteranges/);
    assert.equal((await bytesOf(several)).length, Number(several.headers['content-length']));
    const known = await ask('/image', { headers: { 'if-none-match': whole.headers.etag } });
    assert.equal(known.statusCode, 304);
    const head = await ask('/image', { method: 'HEAD' });
    assert.equal(head.headers['content-length'], String(LARGE));
  });

  test('a slow client gets all of it, and one that leaves is let go', async (t) => {
    const { ask, content, nextSent } = await secure(t);
    const slow = await ask('/image');
    const chunks: Buffer[] = [];
    for await (const chunk of slow as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (chunks.length % 10 === 0) await setImmediate();
    }
    assert.ok(Buffer.concat(chunks).equals(content));
    await nextSent();
    const leaving = await ask('/image');
    await once(leaving, 'data');
    leaving.destroy();
    const { sent } = await nextSent();
    assert.deepEqual([sent.aborted, sent.completed], [true, false]);
    assert.ok(sent.bytes < LARGE);
  });

  test('uploads, streams and services pass', async (t) => {
    const { pair, port, ask, bytesOf, heldStream, gone } = await secure(t);
    const uploading = request({ host: '127.0.0.1', port, path: '/upload', method: 'PUT', ca: pair.certificate });
    uploading.end(Buffer.alloc(5_000_000));
    const [answer] = (await once(uploading, 'response')) as [IncomingMessage];
    assert.deepEqual(JSON.parse(String(await bytesOf(answer))), { size: 5_000_000 });
    const service = await ask('/workflows/11111111-1111-4111-8111-111111111111/web/x');
    assert.equal(JSON.parse(String(await bytesOf(service)))['x-forwarded-proto'], 'https');
    const stream = await ask('/stream');
    let text = '';
    stream.on('data', (chunk) => {
      text += String(chunk);
    });
    while (!text.includes(': tinsmith')) await setImmediate();
    heldStream.tell?.('data: told\n\n');
    while (!text.includes('data: told')) await setImmediate();
    stream.destroy();
    while (gone.length === 0) await setImmediate();
  });

  test('machines are given URLs of plain HTTP', async (t) => {
    const { ask, bytesOf } = await secure(t);
    const { local, address } = JSON.parse(String(await bytesOf(await ask('/remote'))));
    assert.deepEqual([local, address], [{ address: '127.0.0.1', port: 8080 }, '127.0.0.1']);
  });

  test('another certificate counts for new connections, and downloads go on', async (t) => {
    const { server, ask, port, bytesOf, content } = await secure(t);
    const before = await ask('/image');
    await once(before, 'readable');
    const next = certificate(t, 'next');
    server.renew(next.pair);
    const subject = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on('error', reject);
      });
    while ((await subject()) !== 'next') await setImmediate();
    assert.ok((await bytesOf(before)).equals(content));
  });

  test('who speaks anything else is cut off, and told of in the log', async (t) => {
    const { port, logged } = await secure(t);
    for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x00\x05rubbish'.repeat(20)]) {
      const socket = await connected(port);
      socket.write(text, 'latin1');
      await readAll(socket);
    }
    while (!logged.some(({ refused }) => (refused as { tls?: number } | undefined)?.tls)) await setImmediate();
  });

  test('curl takes it, by TLS 1.2 and 1.3', async (t) => {
    const { files, port } = await secure(t);
    for (const version of ['1.2', '1.3']) {
      const flags = [
        '--tls-max',
        version,
        '--cacert',
        files.certificate,
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{size_download}',
      ];
      const { stdout } = await promisify(execFile)('curl', [...flags, `https://127.0.0.1:${port}/image`]);
      assert.equal(stdout, String(LARGE));
    }
  });
});
