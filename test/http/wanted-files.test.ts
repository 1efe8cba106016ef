/** Files that are asked for by a message: sent without the app, which is asked for all that is not simply a file. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileSegment } from '../../src/http/files/index.ts';
import type { FileRoutes } from '../../src/http/index.ts';
import { connected, type Served, serve } from './served.ts';

const CONTENT = randomBytes(2_000_000);

describe('a file that is asked for by a message', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tinsmith-wanted-'));
  let served: Served;
  /** Told that a file is being looked for; it is found when the answer resolves. */
  let looking: (path: string) => Promise<void> | void = () => {};
  const files: FileRoutes = {
    folders: ['/files/', '/more/'],
    async find(path, client) {
      await looking(path);
      if (path.endsWith('/broken')) throw new Error('broken');
      if (!path.endsWith('/image')) return undefined;
      const segments = [await fileSegment(join(folder, 'image'))];
      return { sending: { status: 200, headers: { 'content-type': 'x/y' }, segments }, about: { path, client } };
    },
  };

  before(async () => {
    writeFileSync(join(folder, 'image'), CONTENT);
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
    for (const path of ['/files/image', '/more/folder/image']) {
      const answer = await fetch(served.url + path);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'x/y');
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

  test('is left to the app where there is none, or it cannot be looked for', async () => {
    for (const path of ['/files/other', '/files/broken', '/files/'])
      assert.equal(await (await fetch(served.url + path)).text(), `app: GET ${path}`);
  });

  test('is not looked for by other requests than the plainest', async () => {
    looking = (path) => assert.fail(path);
    for (const path of ['/files/image?x', '/files/im%61ge', '/else/image'])
      assert.equal(await (await fetch(served.url + path)).text(), `app: GET ${path}`);
    const posted = await fetch(`${served.url}/files/image`, { method: 'POST', body: 'x' });
    assert.equal(await posted.text(), 'app: POST /files/image');
    const head = await fetch(`${served.url}/files/image`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-type'), null);
    looking = () => {};
  });

  test('is reported as not fetched where the client leaves before it is found', async () => {
    const socket = await connected(served.port);
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: found, resolve: find } = Promise.withResolvers<void>();
    looking = () => {
      ask();
      return found;
    };
    socket.write('GET /files/image HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked;
    looking = () => {};
    socket.resetAndDestroy();
    // Another request's answer says that the carrier has seen the first one's end.
    await (await fetch(`${served.url}/files/other`)).text();
    find();
    const { sent } = await served.nextSent();
    assert.deepEqual([sent.completed, sent.aborted], [false, true]);
  });
});
