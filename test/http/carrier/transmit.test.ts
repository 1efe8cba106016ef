/** Files to sockets, by every way there is: whole, in their order, and never more than there is to say for sure. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { Chunks } from '../../../src/http/carrier/chunks.ts';
import { Descriptors } from '../../../src/http/carrier/descriptors.ts';
import { openAll, type Transmitted, transmit } from '../../../src/http/carrier/transmit.ts';
import type { Waiting } from '../../../src/http/carrier/turns.ts';
import { type Calls, ZeroCopy } from '../../../src/http/carrier/zero-copy.ts';
import { fileSegment, type Segment, sendingLength } from '../../../src/http/files/index.ts';
import * as libc from '../../../src/system/libc.ts';
import { tuneNear } from '../../../src/system/near-peer.ts';
import { Writable } from '../../../src/system/writable.ts';
import { connected } from '../served.ts';

const SIZE = 20_000_003;
const EINVAL = 22;
const folder = mkdtempSync(join(tmpdir(), 'tinsmith-transmit-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'image');
const content = randomBytes(SIZE);
writeFileSync(path, content);

/** A server that answers everything with these segments. */
async function serving(t: TestContext, calls: Partial<Calls>, segments: Segment[], waiting: Waiting = new Writable()) {
  const chunks = new Chunks();
  const descriptors = new Descriptors((unused) => chunks.forget(unused));
  /** Bytes that were sent without a copy. */
  const counted = { direct: 0 };
  const kernel: Calls = {
    ...libc,
    tuneNear,
    sendFile: (...parameters) => {
      const sent = (calls.sendFile ?? libc.sendFile)(...parameters);
      counted.direct += Math.max(sent, 0);
      return sent;
    },
    isCached: calls.isCached ?? libc.isCached,
    readCached: calls.readCached ?? libc.readCached,
    untakenBytes: calls.untakenBytes ?? libc.untakenBytes,
  };
  const zeroCopy = new ZeroCopy(kernel, waiting);
  const results: Promise<Transmitted>[] = [];
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-length': sendingLength(segments) });
    results.push(openAll(segments, descriptors).then((files) => transmit(res, segments, files, { chunks, zeroCopy })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, counted, results };
}

async function download(port: number, agent?: Agent): Promise<Buffer> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: agent ?? false }, resolve).on('error', reject);
  });
  return Buffer.concat(await res.toArray());
}

const whole = async (): Promise<Segment[]> => [await fileSegment(path)];

describe('transmit', () => {
  /** Each is a way in which the kernel may answer; the client sees none of it. */
  let turn = 0;
  const kernels: Record<string, { calls: Partial<Calls>; least: number; most: number }> = {
    'that has all of it in memory': { calls: {}, least: SIZE * 0.9, most: SIZE },
    'that has nothing in memory': { calls: { readCached: () => false, isCached: () => false }, least: 0, most: 0 },
    'that has one half of it in memory': {
      calls: { isCached: (_fd, position) => position > SIZE / 2 },
      least: SIZE * 0.3,
      most: SIZE / 2,
    },
    'that loses it from memory now and then': {
      calls: {
        isCached: () => ++turn % 5 !== 0,
        readCached: (...parameters) => ++turn % 3 !== 0 && libc.readCached(...parameters),
      },
      least: 0,
      most: SIZE,
    },
    'that can not do it with this file': { calls: { sendFile: () => -EINVAL }, least: 0, most: 0 },
    'that can not go on with it': {
      calls: {
        sendFile: (to, from, position, length) =>
          position > SIZE / 2 ? -EINVAL : libc.sendFile(to, from, position, length),
      },
      least: SIZE * 0.4,
      most: SIZE * 0.7,
    },
    'that is interrupted and gives little': {
      calls: {
        sendFile: (to, from, position, length) => {
          if (++turn % 7 === 0) return -libc.EINTR;
          if (turn % 3 === 0) return -libc.EAGAIN;
          return libc.sendFile(to, from, position, Math.min(length, 100_001));
        },
      },
      least: SIZE * 0.9,
      most: SIZE,
    },
  };
  for (const [what, { calls, least, most }] of Object.entries(kernels)) {
    test(`by a kernel ${what}`, async (t) => {
      const { port, counted, results } = await serving(t, calls, await whole());
      assert.ok((await download(port)).equals(content));
      assert.deepEqual(await results[0], { bytes: SIZE, end: 'completed' });
      assert.ok(counted.direct >= least && counted.direct <= most, `${counted.direct} bytes went without a copy`);
    });
  }

  test('where there is no way to wait for a socket but through Node', async (t) => {
    const blind: Waiting = { wait: () => undefined, isReady: () => false };
    const { port, counted, results } = await serving(t, {}, await whole(), blind);
    for (let times = 0; times < 3; times++) assert.ok((await download(port)).equals(content));
    for (const result of results) assert.deepEqual(await result, { bytes: SIZE, end: 'completed' });
    assert.ok(counted.direct > 3 * SIZE * 0.9);
  });

  test('files and bytes follow each other, and the next answers on the connection', async (t) => {
    const file = await fileSegment(path);
    const bytes = (text: string): Segment => ({ kind: 'bytes', bytes: Buffer.from(text) });
    const segments: Segment[] = [
      bytes('head'),
      { ...file, start: 1_000_001, length: 3_000_000 },
      bytes('between'),
      { ...file, start: 5, length: 1000 },
      { ...file, start: 17_000_000, length: SIZE - 17_000_000 },
      bytes('tail'),
    ];
    const { port, counted, results } = await serving(t, {}, segments);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const expected = Buffer.concat([
      Buffer.from('head'),
      content.subarray(1_000_001, 4_000_001),
      Buffer.from('between'),
      content.subarray(5, 1005),
      content.subarray(17_000_000),
      Buffer.from('tail'),
    ]);
    const answers = await Promise.all([1, 2, 3].map(() => download(port, agent)));
    for (const answer of answers) assert.ok(answer.equals(expected));
    for (const result of results) assert.deepEqual(await result, { bytes: expected.length, end: 'completed' });
    assert.ok(counted.direct > 15_000_000);
  });

  test('requests that come all at once are answered whole and in turn', async (t) => {
    const { port, results } = await serving(t, {}, await whole());
    const socket = await connected(port);
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n';
    socket.write(`${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
    const got = Buffer.concat(await socket.toArray());
    assert.equal(results.length, 3);
    for (const result of results) assert.deepEqual(await result, { bytes: SIZE, end: 'completed' });
    let at = 0;
    for (let answer = 0; answer < 3; answer++) {
      at = got.indexOf('\r\n\r\n', at) + 4;
      assert.ok(got.subarray(at, at + SIZE).equals(content), `answer ${answer}`);
      at += SIZE;
    }
    assert.equal(at, got.length);
  });

  test('who reads nothing is not written to, and takes no turn', async (t) => {
    let calls = 0;
    const counting = (...parameters: Parameters<Calls['sendFile']>): number => {
      calls++;
      return libc.sendFile(...parameters);
    };
    const segment = await fileSegment(path);
    const { port, results } = await serving(t, { sendFile: counting }, Array(20).fill(segment));
    const socket = await connected(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await once(socket, 'readable');
    // Others are served meanwhile.
    const other = await serving(t, {}, [segment]);
    for (let more = 0; more < 10; more++) assert.ok((await download(other.port)).equals(content));
    const before = calls;
    assert.ok((await download(other.port)).equals(content));
    assert.equal(calls, before);
    socket.destroy();
    const result = await results[0];
    assert.equal(result?.end, 'aborted');
    assert.ok(result.bytes > 0 && result.bytes < 20 * SIZE);
  });

  test('of what is in memory it is known how far a client came that went away', async (t) => {
    const { port, results } = await serving(t, {}, [{ kind: 'bytes', bytes: Buffer.alloc(64 << 20) }]);
    const socket = await connected(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let got = 0;
    for await (const part of socket) {
      got += part.length;
      if (got > 1 << 20) break;
    }
    const result = await results[0];
    assert.equal(result?.end, 'aborted');
    assert.ok(result.bytes > 512 << 10 && result.bytes < 64 << 20, `${result.bytes}`);
  });

  for (const [what, change] of [
    ['is cut', (file: string) => truncateSync(file, 5_000_000)],
    ['is written to', (file: string) => utimesSync(file, 1, 1)],
  ] as const) {
    test(`of a file that ${what} on the way the end is not sent`, async (t) => {
      const changing = join(folder, 'changing');
      writeFileSync(changing, content);
      const sendFile: Calls['sendFile'] = (to, from, position, length) => {
        if (position > 10_000_000) change(changing);
        return libc.sendFile(to, from, position, length);
      };
      const { port, results } = await serving(t, { sendFile }, [await fileSegment(changing)]);
      await assert.rejects(download(port), { code: 'ECONNRESET' });
      const result = await results[0];
      assert.ok(result?.end === 'fault' && result.bytes < SIZE);
      assert.match(result.fault, /changing (became shorter|changed) while it was being sent/);
    });
  }

  test('of a file that is written to while the client has not taken all the end is not sent', async (t) => {
    const changing = join(folder, 'changing');
    writeFileSync(changing, content);
    let looks = 0;
    const untakenBytes: Calls['untakenBytes'] = () => {
      if (++looks === 3) utimesSync(changing, 1, 1);
      return looks < 3 ? SIZE : 0;
    };
    const { port, results } = await serving(t, { untakenBytes }, [await fileSegment(changing)]);
    await assert.rejects(download(port), { code: 'ECONNRESET' });
    const result = await results[0];
    assert.equal(looks, 3);
    assert.ok(result?.end === 'fault' && result.bytes < SIZE);
    assert.match(result.fault, /changing changed while it was being sent/);
  });
});
