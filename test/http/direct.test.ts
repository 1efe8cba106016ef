/** Short POSTs that pass the threads as messages: answered as others are, and never mixed up. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DirectRoutes } from '../../src/http/index.ts';
import { connected, exchange, readUntil, type Served, serve } from './served.ts';

const post = (path: string, body: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer the-token\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('a direct call', () => {
  let served: Served;
  /** Calls that wait for the test. */
  const held: (() => void)[] = [];
  const direct: DirectRoutes = {
    paths: { posted: ['/call', '/slow'], asked: ['/question'] },
    async answer({ path, query, host, authorization, body }) {
      if (path === '/question')
        return { status: 200, headers: { 'content-type': 'text/x' }, body: `${authorization} at ${host}: ${query}` };
      if (path === '/slow') await new Promise<void>((resolve) => held.push(resolve));
      const [status = '200', text = ''] = body.split('|');
      return { status: Number(status), headers: { 'content-type': 'text/x' }, body: `${authorization}: ${text}` };
    },
  };

  before(async () => {
    served = await serve(
      (app) => {
        app.all('/{*any}', (req, res) => {
          req.resume().once('end', () => res.end(`express ${req.method} ${req.path}`));
        });
      },
      { direct },
    );
  });
  after(() => served.server.stop(0));

  test('brings status, headers and body', async () => {
    for (const [status, text] of [
      [200, 'fine'],
      [409, 'ünïcode'],
      [401, ''],
    ] as const) {
      const response = await fetch(`${served.url}/call`, {
        method: 'POST',
        headers: { authorization: 'Bearer t' },
        body: `${status}|${text}`,
      });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'text/x');
      assert.equal(await response.text(), `Bearer t: ${text}`);
    }
  });

  test('is what is posted there whole and short, and nothing else', async () => {
    const asked = async (path: string, init: RequestInit): Promise<string> =>
      (await fetch(served.url + path, init)).text();
    assert.equal(await asked('/call', { method: 'GET' }), 'express GET /call');
    assert.equal(await asked('/call', { method: 'PUT', body: '200|x' }), 'express PUT /call');
    assert.equal(await asked('/call?x', { method: 'POST', body: '200|x' }), 'express POST /call');
    assert.equal(await asked('/call/', { method: 'POST', body: '200|x' }), 'express POST /call/');
    assert.equal(await asked('/call', { method: 'POST', body: 'x'.repeat(70_000) }), 'express POST /call');
    const chunked = { method: 'POST', body: new Blob(['200|x']).stream(), duplex: 'half' } as RequestInit;
    assert.equal(await asked('/call', chunked), 'express POST /call');
    const gzip = { method: 'POST', body: '200|x', headers: { 'content-encoding': 'gzip' } };
    assert.equal(await asked('/call', gzip), 'express POST /call');
  });

  test('may be a question, with its query', async () => {
    const asked = async (path: string, init: RequestInit = {}): Promise<string> =>
      (await fetch(served.url + path, { headers: { authorization: 'Bearer t' }, ...init })).text();
    const { host } = new URL(served.url);
    assert.equal(await asked('/question?a=1&b=%3F?'), `Bearer t at ${host}: a=1&b=%3F?`);
    assert.equal(await asked('/question'), `Bearer t at ${host}: `);
    assert.equal(await asked('/question/?a'), 'express GET /question/');
    assert.equal(await asked('/question', { method: 'POST', body: 'x' }), 'express POST /question');
  });

  test('keeps its connection, and its order on it', async () => {
    const answer = await exchange(
      served.port,
      `${post('/call', '200|one')}${post('/other', 'x')}${post('/call', '200|three', 'Connection: close\r\n')}`,
    );
    assert.deepEqual(
      [...answer.matchAll(/Bearer the-token: (?:one|three)|express POST \/other/g)].map(([text]) => text),
      ['Bearer the-token: one', 'express POST /other', 'Bearer the-token: three'],
    );
  });

  test('that takes long holds up no other, and whose client goes harms nobody', async () => {
    const slow = await connected(served.port);
    const gone = await connected(served.port);
    slow.write(post('/slow', '200|slow'));
    gone.write(post('/slow', '200|gone'));
    while (held.length < 2) await fetch(`${served.url}/call`, { method: 'POST', body: '200|quick' });
    gone.resetAndDestroy();
    const text = readUntil(slow, ': slow');
    for (const go of held.splice(0)) go();
    await text;
    slow.destroy();
    const response = await fetch(`${served.url}/call`, { method: 'POST', body: '200|after' });
    assert.match(await response.text(), /after$/);
  });

  test('is one of hundreds at once, each with its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const response = await fetch(`${served.url}/call`, {
          method: 'POST',
          headers: { authorization: `n${n}` },
          body: `200|${n}`,
        });
        return response.text();
      }),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 500 }, (_, n) => `n${n}: ${n}`),
    );
  });

  test('whose body does not come whole is none', async () => {
    const socket = await connected(served.port);
    socket.write(post('/call', '200|never').slice(0, -3));
    const response = await fetch(`${served.url}/call`, { method: 'POST', body: '200|other' });
    assert.match(await response.text(), /other$/);
    socket.resetAndDestroy();
  });
});
