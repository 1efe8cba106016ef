/** The workers' streams over a real server: who is told, who is not, and who has gone. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { WorkerStream } from '../../src/api/worker-stream.ts';
import { serve } from '../http/served.ts';

/** A stream's events, as they come; its own end is `undefined`. */
async function listening(t: TestContext, url: string) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(url, { signal: abort.signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next(): Promise<{ event: string; data: unknown } | undefined> {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const event = /^event: (.*)$/m.exec(block)?.[1];
          if (event === undefined) continue;
          return { event, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') };
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += value;
      }
    },
    close: () => abort.abort(),
  };
}

async function started(t: TestContext) {
  const stream = new WorkerStream();
  const changes = new EventEmitter();
  const gone = stream.gone.bind(stream);
  stream.gone = (id) => {
    gone(id);
    changes.emit('gone');
  };
  const openAt = async () => {
    const { url, server } = await serve((app) => {
      app.get('/stream/:machine', (req, res) => stream.serve(req.params.machine, res));
    });
    t.after(() => server.stop(0));
    return (machine: string) => listening(t, `${url}/stream/${machine}`);
  };
  return { stream, changes, open: await openAt(), openAt };
}

const stop = { workflow: 'w', action: 3, attempt: 1, reason: 'cancelled' };

describe('the stream of workers', () => {
  it('tells the worker of one machine, and all of its streams', async (t) => {
    const { stream, open } = await started(t);
    const [first, again, other] = [await open('m1'), await open('m1'), await open('m2')];
    assert.equal(stream.size, 2);
    stream.tell('m1', 'work');
    stream.stop('m1', stop);
    stream.tell('m2', 'services');
    for (const each of [first, again]) {
      assert.deepEqual(await each.next(), { event: 'work', data: {} });
      assert.deepEqual(await each.next(), { event: 'stop', data: stop });
    }
    assert.deepEqual(await other.next(), { event: 'services', data: {} });
    stream.tell('m3', 'work');
    await stream.tellAll('work');
    for (const each of [first, again, other]) assert.deepEqual(await each.next(), { event: 'work', data: {} });
  });

  it('tells all, by whichever server they came', async (t) => {
    const { stream, open, openAt } = await started(t);
    const openThere = await openAt();
    const all = [await open('m1'), await openThere('m2'), await openThere('m1')];
    stream.tell('m1', 'work');
    stream.tell('m2', 'work');
    for (const each of all) assert.deepEqual(await each.next(), { event: 'work', data: {} });
    await stream.tellAll('services');
    for (const each of all) assert.equal((await each.next())?.event, 'services');
    stream.close();
    for (const each of all) assert.equal(await each.next(), undefined);
  });

  it('tells once of all that happens in one turn', async (t) => {
    const { stream, open } = await started(t);
    const each = await open('m1');
    for (let n = 0; n < 3; n++) stream.tell('m1', 'work');
    stream.tell('m1', 'services');
    await stream.tellAll('work');
    const told = [await each.next(), await each.next(), await each.next()].map((all) => all?.event);
    stream.tell('m1', 'services');
    assert.deepEqual([...told.sort(), (await each.next())?.event], ['services', 'work', 'work', 'services']);
  });

  it('knows who has gone, and who is still there by another stream', async (t) => {
    const { stream, changes, open } = await started(t);
    const [first, second] = [await open('m1'), await open('m1')];
    for (const [each, left] of [
      [first, true],
      [second, false],
    ] as const) {
      const gone = once(changes, 'gone');
      each.close();
      await gone;
      assert.equal(stream.isOpen('m1'), left);
    }
    stream.tell('m1', 'work');
    await stream.tellAll('work');
  });

  it('ends the oldest of too many streams of one machine', async (t) => {
    const { stream, open } = await started(t);
    const streams = [];
    for (let n = 0; n < 5; n++) streams.push(await open('m1'));
    assert.equal(await streams[0]?.next(), undefined);
    stream.tell('m1', 'work');
    assert.equal((await streams[1]?.next())?.event, 'work');
  });

  it('ends for all when the appliance stops', async (t) => {
    const { stream, open } = await started(t);
    const streams = [await open('m1'), await open('m2')];
    stream.close();
    for (const each of streams) assert.equal(await each.next(), undefined);
  });
});
