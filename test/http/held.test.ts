/** Event streams that the carrier holds: what is told arrives, who goes is noticed, and nothing is left behind. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { hold, type Streams } from '../../src/http/index.ts';
import { connected, type Served, serve } from './served.ts';

type Opened = { streams: Streams; id: string };

/** Reads on from where it was read to: nothing that came in between is lost. */
class Reader {
  readonly socket: Socket;
  #text = '';
  readonly #news = new EventEmitter();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#news.emit('news');
    });
    socket.on('close', () => this.#news.emit('news'));
  }

  /** Everything up to and with `what`, or to the end of the connection. */
  async until(what: string): Promise<string> {
    while (!this.#text.includes(what) && !this.socket.closed) await once(this.#news, 'news');
    const end = this.#text.includes(what) ? this.#text.indexOf(what) + what.length : this.#text.length;
    const text = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return text;
  }
}

const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe('a held stream', () => {
  let served: Served;
  const inside = new EventEmitter();
  const gone: string[] = [];
  const owner = {
    gone(id: string): void {
      gone.push(id);
      inside.emit('gone', id);
    },
  };

  before(async () => {
    served = await serve((app) => {
      app.get('/stream', (_req, res) => {
        res.set('cache-control', 'no-store');
        const held = hold(res, owner);
        // Told at once, before the carrier has it.
        held?.streams.tell(held.id, 'event: first\n\n');
        inside.emit('held', held);
      });
      app.get('/late', (_req, res) => {
        inside.emit('late', () => hold(res, owner), once(res, 'close'));
      });
      app.get('/plain', (_req, res) => void res.end('plain'));
    });
  });
  after(() => served.server.stop(0));

  async function reading(port = served.port): Promise<Reader> {
    return new Reader(await connected(port));
  }

  async function opened(): Promise<Opened & { client: Reader; head: string }> {
    const client = await reading();
    const held = once(inside, 'held') as Promise<[Opened]>;
    client.socket.write(request('/stream'));
    const [{ streams, id }] = await held;
    return { client, streams, id, head: await client.until('event: first\n\n') };
  }

  test('has a head, a comment, and what was told before it was open', async () => {
    const { client, head } = await opened();
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, /content-type: text\/event-stream\r\n/i);
    assert.match(head, /cache-control: no-store\r\n/i);
    assert.match(head, /\r\n\r\n: tinsmith\n\nevent: first\n\n$/);
    assert.doesNotMatch(head, /x-tinsmith|content-length|transfer-encoding/i);
    client.socket.destroy();
  });

  test('is told of by its id only, and in order', async () => {
    const one = await opened();
    const other = await opened();
    for (let n = 0; n < 50; n++) one.streams.tell(one.id, `data: ${n}\n\n`);
    other.streams.tell(other.id, 'data: other\n\n');
    assert.equal(await other.client.until('\n\n'), 'data: other\n\n');
    const text = await one.client.until('data: 49\n\n');
    assert.equal(text, Array.from({ length: 50 }, (_, n) => `data: ${n}\n\n`).join(''));
    for (const { client } of [one, other]) client.socket.destroy();
  });

  test('whose client goes is noticed once; telling it then does no harm', async () => {
    const { client, streams, id } = await opened();
    const left = once(inside, 'gone');
    client.socket.resetAndDestroy();
    assert.deepEqual(await left, [id]);
    streams.tell(id, 'data: nobody\n\n');
    streams.end([id]);
    const next = await opened();
    const nextLeft = once(inside, 'gone');
    next.streams.end([next.id]);
    assert.equal(await next.client.until('never'), '');
    assert.deepEqual(await nextLeft, [next.id]);
    assert.equal(gone.filter((each) => each === id).length, 1);
  });

  test('ends after what it was told', async () => {
    const { client, streams, id } = await opened();
    streams.tell(id, 'data: last\n\n');
    streams.end([id]);
    assert.equal(await client.until('never'), 'data: last\n\n');
  });

  test('takes nothing that its client sends further, and answers no pipelined request', async () => {
    const client = await reading();
    const held = once(inside, 'held') as Promise<[Opened]>;
    client.socket.write(request('/stream') + request('/plain'));
    const [{ streams, id }] = await held;
    await client.until('event: first\n\n');
    client.socket.write('more of it\r\n\r\n');
    streams.tell(id, 'data: still\n\n');
    assert.equal(await client.until('still\n\n'), 'data: still\n\n');
    client.socket.destroy();
  });

  test('that a client asked for and left is gone, before or after the route held it', async () => {
    for (const noticed of [true, false]) {
      const { socket } = await reading();
      const late = once(inside, 'late') as Promise<[() => Opened | undefined, Promise<unknown>]>;
      socket.write(request('/late'));
      const [holdNow, closed] = await late;
      socket.resetAndDestroy();
      if (noticed) await closed;
      const left = once(inside, 'gone');
      const held = holdNow();
      if (noticed) assert.equal(held, undefined);
      else assert.deepEqual(await left, [held?.id]);
    }
  });

  test('comes after other requests on its connection', async () => {
    const client = await reading();
    client.socket.write(request('/plain'));
    await client.until('plain');
    client.socket.write(request('/stream'));
    assert.match(await client.until('first\n\n'), /: tinsmith/);
    client.socket.destroy();
  });

  test('is one of hundreds that are told at once', async () => {
    const HUNDREDS = 300;
    const many = await Promise.all(Array.from({ length: HUNDREDS }, () => reading()));
    const held: Opened[] = [];
    const note = (one: Opened): void => void held.push(one);
    inside.on('held', note);
    for (const { socket } of many) socket.write(request('/stream'));
    await Promise.all(many.map((client) => client.until('first\n\n')));
    inside.off('held', note);
    const ids = held.map(({ id }) => id);
    await held[0]?.streams.tellAll(ids, 'data: all\n\n');
    for (const client of many) assert.match(await client.until('all\n\n'), /^(?:: alive\n\n)*data: all\n\n$/);
    const before = gone.length;
    for (const { socket } of many) socket.destroy();
    while (gone.length < before + HUNDREDS) await once(inside, 'gone');
    assert.deepEqual(gone.slice(before).sort(), ids.sort());
  });

  test('ends when the server stops', async () => {
    const other = await serve((app) => {
      app.get('/stream', (_req, res) => void hold(res, owner));
    });
    const client = await reading(other.port);
    client.socket.write(request('/stream'));
    await client.until(': tinsmith\n\n');
    await other.server.stop(0);
    await client.until('never');
  });
});
