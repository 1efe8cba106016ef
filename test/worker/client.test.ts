import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { pauseAfter, workerClient } from '../../src/worker/client.ts';
import { fastClock } from './fake-clock.ts';
import { FakeServer } from './fake-server.ts';

const HELLO = { mac: '52:54:00:00:00:01', boot: 'b', version: '1' };
const BEAT = { workflow: 'w', action: 0, attempt: 1, boot: 'b' };

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stage() {
  const server = await new FakeServer().start();
  ends.push(() => server.stop());
  const lines: string[] = [];
  const client = (token = server.token, url = server.url) =>
    workerClient({ server: url, token, clock: fastClock(200), say: (line) => lines.push(line) });
  return { server, lines, client, signal: new AbortController().signal };
}

describe('the client', () => {
  test('tries again while the server has trouble, and says so once', async () => {
    const { server, lines, client, signal } = await stage();
    server.statuses.push(500, 503, 502, 429, 408);
    const answer = await client().hello(HELLO, signal);
    assert.equal(answer.kind, 'answer');
    assert.equal(server.requests.length, 6);
    assert.equal(lines.length, 2, lines.join('\n'));
    assert.match(lines[0] ?? '', /does not answer \(status 500: answered 500\.\)/);
    assert.match(lines[1] ?? '', /answers again/);
  });

  test('waits for a server that is not there', async () => {
    const { server, signal } = await stage();
    await server.stop();
    const lines: string[] = [];
    let heard = (): void => {};
    const firstWord = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const say = (line: string): void => {
      lines.push(line);
      heard();
    };
    const asked = workerClient({ server: server.url, token: server.token, clock: fastClock(200), say }).hello(
      HELLO,
      signal,
    );
    await firstWord;
    await server.start();
    assert.equal((await asked).kind, 'answer');
    assert.match(lines[0] ?? '', /does not answer \(connection refused\)/);
  });

  for (const status of [400, 404, 409, 413, 422]) {
    test(`${status} is final, with the server's reason`, async () => {
      const { server, client, signal } = await stage();
      server.statuses.push(status);
      assert.deepEqual(await client().hello(HELLO, signal), { kind: 'refused', status, reason: `answered ${status}.` });
    });
  }

  test('a refused token is tried again slowly, with a word on what to do, and is never shown', async () => {
    const { server, lines, client } = await stage();
    const controller = new AbortController();
    const asked = client('a-wrong-token').hello(HELLO, controller.signal);
    await server.until(() => server.requests.length === 3);
    controller.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /Restart this machine/);
    assert.doesNotMatch(lines.join(), /a-wrong-token/);
  });

  test('a heartbeat is sent once', async () => {
    const { server, client, signal } = await stage();
    server.statuses.push(500);
    assert.equal(await client().heartbeat(BEAT, signal), undefined);
    assert.deepEqual(await client().heartbeat(BEAT, signal), { kind: 'answer', value: { continue: true, reason: '' } });
    await server.stop();
    assert.equal(await client().heartbeat(BEAT, signal), undefined);
  });

  test('what is not Tinsmith is not believed, and a redirection does not get the token', async () => {
    const { server, lines, client } = await stage();
    let hits = 0;
    const other = createServer((req, res) => {
      hits += 1;
      if (hits === 1) res.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in');
      else res.writeHead(302, { location: server.url + (req.url ?? '') }).end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    ends.push(async () => {
      other.close();
      other.closeAllConnections();
    });
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const one = client(server.token, url);
    assert.equal(await one.heartbeat(BEAT, new AbortController().signal), undefined);
    assert.equal(await one.heartbeat(BEAT, new AbortController().signal), undefined);
    assert.equal(hits, 2);
    assert.equal(server.requests.length, 0);
    assert.match(lines[0] ?? '', /not Tinsmith/);
  });

  test('pauses grow to 5 s, spread over half of that', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const pause = pauseAfter(tries, random);
        assert.ok(pause >= 125 && pause <= 5000);
      }),
    );
    assert.equal(pauseAfter(0, 1), 250);
    assert.equal(pauseAfter(50, 1), 5000);
  });
});
