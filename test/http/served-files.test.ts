/** Files that are sent without the app, which is asked for all that is not simply a file. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FileRoutes } from '../../src/http/index.ts';
import { connected, type Served, serve } from './served.ts';

const CONTENT = randomBytes(2_000_000);

describe('a file of a folder that is served to everybody', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tinsmith-served-'));
  let served: Served;
  const files: FileRoutes = {
    folders: [
      { path: '/files/', directory: folder, headers: { 'content-type': 'x/y' } },
      { path: '/more/', directory: join(folder, 'more'), headers: { 'content-type': 'more' } },
    ],
    about: ({ path, client }) => ({ path, client }),
  };

  before(async () => {
    mkdirSync(join(folder, 'more/folder'), { recursive: true });
    for (const path of ['image', 'more/folder/image']) writeFileSync(join(folder, path), CONTENT);
    symlinkSync('image', join(folder, 'link'));
    symlinkSync('/etc/passwd', join(folder, 'out'));
    served = await serve(
      (app) => {
        app.all('/{*any}', (req, res) => {
          req.resume().once('end', () => res.end(`app: ${req.method} ${req.url}`));
        });
      },
      { files },
    );
  });
  after(async () => {
    await served.server.stop(0);
    rmSync(folder, { recursive: true });
  });

  test('comes whole, with its head, and is reported', async () => {
    for (const [path, type] of [
      ['/files/image', 'x/y'],
      ['/files/image', 'x/y'],
      ['/files/link', 'x/y'],
      ['/more/folder/image', 'more'],
    ] as const) {
      const answer = await fetch(served.url + path);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), type);
      assert.equal(answer.headers.get('content-length'), '2000000');
      assert.ok(answer.headers.has('date') && answer.headers.has('etag'));
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(CONTENT));
      const { sent, about } = await served.nextSent();
      assert.deepEqual(about, { path, client: '127.0.0.1' });
      assert.deepEqual([sent.completed, sent.bytes], [true, 2e6]);
    }
  });

  test('comes in part where a part was asked for', async () => {
    const answer = await fetch(`${served.url}/files/image`, { headers: { range: 'bytes=10-19' } });
    assert.equal(answer.status, 206);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(CONTENT.subarray(10, 20)));
    assert.equal((await served.nextSent()).sent.range, 'bytes=10-19');
  });

  test('is the one that is there now', async () => {
    const path = join(folder, 'changing');
    for (const text of ['first', 'second, which is longer', 'third']) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      assert.equal(await (await fetch(`${served.url}/files/changing`)).text(), text);
      await served.nextSent();
    }
    rmSync(path);
    assert.equal(await (await fetch(`${served.url}/files/changing`)).text(), 'app: GET /files/changing');
  });

  test('is left to the app where there is none', async () => {
    for (const path of ['/files/other', '/files/', '/files/more', '/files/out', '/files//image', '/files/image/x'])
      assert.equal(await (await fetch(served.url + path)).text(), `app: GET ${path}`);
  });

  test('is not looked for by other requests than the plainest', async () => {
    for (const path of ['/files/image?x', '/files/im%61ge', '/else/image'])
      assert.equal(await (await fetch(served.url + path)).text(), `app: GET ${path}`);
    const posted = await fetch(`${served.url}/files/image`, { method: 'POST', body: 'x' });
    assert.equal(await posted.text(), 'app: POST /files/image');
    const head = await fetch(`${served.url}/files/image`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-type'), null);
  });

  test('is reported as not fetched where the client leaves', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(64e6));
    const socket = await connected(served.port);
    socket.write('GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');
    socket.resetAndDestroy();
    const { sent, about } = await served.nextSent();
    assert.deepEqual(about, { path: '/files/large', client: '127.0.0.1' });
    assert.deepEqual([sent.completed, sent.aborted], [false, true]);
  });
});
