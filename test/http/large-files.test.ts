/** Files of more than 4 GiB, and several ranges of them. Sparse, so that they take no room. */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileSegment } from '../../src/http/files/index.ts';
import { send } from '../../src/http/index.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { serve } from './served.ts';

const SIZE = 5 * 2 ** 30 + 3;
const MARK = 2 ** 32 - 4;

async function large(t: TestContext) {
  const path = join(temporaryDirectory(t), 'image');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, SIZE);
  writeSync(fd, 'over the edge', MARK);
  writeSync(fd, 'end', SIZE - 3);
  closeSync(fd);
  const served = await serve((app) => {
    app.get('/image', async (_req, res) => {
      const headers = { 'content-type': 'application/octet-stream' };
      send(res, { status: 200, headers, segments: [await fileSegment(path)] }, 'image');
    });
  });
  t.after(() => served.server.stop(0));
  return { ...served, path };
}

describe('a file of more than 4 GiB', () => {
  test('has its length, and ranges on both sides of that', async (t) => {
    const { url } = await large(t);
    const head = await fetch(`${url}/image`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), String(SIZE));
    const ask = async (range: string) => {
      const answer = await fetch(`${url}/image`, { headers: { range } });
      return { status: answer.status, range: answer.headers.get('content-range'), text: await answer.text() };
    };
    assert.deepEqual(await ask(`bytes=${MARK}-${MARK + 12}`), {
      status: 206,
      range: `bytes ${MARK}-${MARK + 12}/${SIZE}`,
      text: 'over the edge',
    });
    assert.equal((await ask('bytes=-3')).text, 'end');
    assert.equal((await ask(`bytes=${SIZE}-`)).status, 416);
  });

  test('comes without a copy from beyond 4 GiB, once it has been read', async (t) => {
    const { url } = await large(t);
    const length = 8_000_000;
    const expected = Buffer.alloc(length);
    expected.write('over the edge', 1_000_000);
    for (let time = 0; time < 3; time++) {
      const range = `bytes=${MARK - 1_000_000}-${MARK - 1_000_000 + length - 1}`;
      const answer = await fetch(`${url}/image`, { headers: { range } });
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(expected), `time ${time}`);
    }
  });

  test('is given in several ranges as multipart/byteranges', async (t) => {
    const { url } = await large(t);
    const range = `bytes=-3,${MARK}-${MARK + 3},${MARK + 4}-${MARK + 12},${MARK + 2}-${MARK + 5}`;
    const answer = await fetch(`${url}/image`, { headers: { range } });
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.headers.get('content-type') ?? '')?.[1];
    const text = await answer.text();
    assert.equal(answer.headers.get('content-length'), String(text.length));
    assert.equal(answer.headers.get('content-range'), null);
    const type = 'content-type: application/octet-stream';
    assert.equal(
      text,
      [
        `--${boundary}\r\n${type}\r\ncontent-range: bytes ${SIZE - 3}-${SIZE - 1}/${SIZE}\r\n\r\nend\r\n`,
        `--${boundary}\r\n${type}\r\ncontent-range: bytes ${MARK}-${MARK + 12}/${SIZE}\r\n\r\nover the edge\r\n`,
        `--${boundary}--\r\n`,
      ].join(''),
    );
  });

  test('goes on whole for who downloads it while another is put in its place', async (t) => {
    const { url, path } = await large(t);
    const res = await new Promise<IncomingMessage>((resolve) => {
      get(`${url}/image`, { headers: { range: `bytes=${MARK - 60_000_000}-` } }, resolve);
    });
    let bytes = 0;
    let tail = '';
    for await (const chunk of res as AsyncIterable<Buffer>) {
      if (bytes === 0) {
        writeFileSync(`${path}.new`, 'another');
        renameSync(`${path}.new`, path);
      }
      bytes += chunk.length;
      tail = chunk.toString('latin1').slice(-3);
    }
    assert.equal(bytes, SIZE - (MARK - 60_000_000));
    assert.equal(tail, 'end');
    assert.equal(await (await fetch(`${url}/image`)).text(), 'another');
  });
});
