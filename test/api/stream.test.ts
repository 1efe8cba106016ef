/** The event stream: nothing lost and nothing twice, from any number on, while events are being written. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { trimEvents } from '../../src/store/index.ts';
import { type Running, running } from './running.ts';

interface Told {
  id: number;
  kind: string;
  /** Of a gap. */
  about?: unknown;
}

/** Opens the stream and reads it event by event. */
async function streaming(t: TestContext, all: Running, query = '', lastEventId?: number) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(`${all.url}/api/v1/events${query}`, {
    headers: {
      authorization: `Bearer ${all.adminToken}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: abort.signal,
  });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream\b/);
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  async function next(): Promise<Told | undefined> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        const { seq, kind, data: about } = JSON.parse(data) as { seq: number; kind: string; data: unknown };
        assert.equal(/^event: (.*)$/m.exec(block)?.[1], kind);
        assert.equal(Number(/^id: (.*)$/m.exec(block)?.[1] ?? 0), seq);
        return { id: seq, kind, ...(kind === 'stream.gap' ? { about } : {}) };
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  }
  /** Events until one of a kind, which is left out. */
  async function until(kind: string): Promise<Told[]> {
    const found: Told[] = [];
    for (let event = await next(); event && event.kind !== kind; event = await next()) found.push(event);
    return found;
  }
  return { next, until, close: () => abort.abort() };
}

const tell = (all: Running, kind: string, about: { workflow?: string; machine?: string } = {}): Promise<void> =>
  all.store.change((transaction) => all.events.append(transaction, { kind, data: {}, ...about }));

const ids = (told: Told[]): number[] => told.map(({ id }) => id);
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the event stream', () => {
  it('begins with what happens now, or after the number named, or with all', async (t) => {
    const all = await running(t);
    for (const kind of ['a', 'b', 'c']) await tell(all, kind);
    const now = await streaming(t, all);
    assert.deepEqual(await now.until('stream.live'), []);
    const resumed = await streaming(t, all, '', 1);
    assert.deepEqual(ids(await resumed.until('stream.live')), [2, 3]);
    const whole = await streaming(t, all, '?since=0');
    assert.deepEqual(ids(await whole.until('stream.live')), [1, 2, 3]);
    await tell(all, 'd');
    for (const stream of [now, resumed, whole]) assert.deepEqual(await stream.next(), { id: 4, kind: 'd' });
  });

  it('loses nothing and tells nothing twice while events are written and clients come back again and again', async (t) => {
    const all = await running(t);
    const TOTAL = 1500;
    const writing = (async () => {
      for (let i = 0; i < TOTAL; i += 5) await Promise.all([1, 2, 3, 4, 5].map(() => tell(all, 'fact')));
      await tell(all, 'end');
    })();
    const heard: number[] = [];
    let ended = false;
    for (let visit = 0; !ended; visit++) {
      const stream = await streaming(t, all, '', heard.at(-1) ?? 0);
      // Each visit is cut off after another number of events.
      for (let left = 37 + ((visit * 61) % 200); left > 0 && !ended; ) {
        const event = await stream.next();
        assert.ok(event);
        if (event.kind === 'end') ended = true;
        else if (event.kind === 'fact') {
          heard.push(event.id);
          left--;
        }
      }
      stream.close();
    }
    await writing;
    assert.deepEqual(heard, numbers(1, TOTAL));
  });

  it('tells of one workflow, of machines, and what is not kept', async (t) => {
    const all = await running(t);
    const ofWorkflow = await streaming(t, all, '?workflow=w1');
    const ofMachines = await streaming(t, all, '?machine=m1&machine=m2');
    const both = await streaming(t, all, '?workflow=w1&machine=m1');
    for (const stream of [ofWorkflow, ofMachines, both]) await stream.until('stream.live');
    await tell(all, 'one', { workflow: 'w1', machine: 'm1' });
    await tell(all, 'other', { workflow: 'w2', machine: 'm2' });
    all.stream.tell({ kind: 'boot.trace', machine: 'm1', data: {} });
    await tell(all, 'end', { workflow: 'w1', machine: 'm1' });
    const kinds = async (stream: { until(kind: string): Promise<Told[]> }) =>
      (await stream.until('end')).map(({ kind }) => kind);
    assert.deepEqual(await kinds(ofWorkflow), ['one']);
    assert.deepEqual(await kinds(ofMachines), ['one', 'other', 'boot.trace']);
    assert.deepEqual(await kinds(both), ['one', 'boot.trace']);
  });

  it('tells of kinds only, by their names or beginnings', async (t) => {
    const all = await running(t);
    const stream = await streaming(t, all, '?kind=workflow.*&kind=action.&kind=worker.hello&since=0');
    await stream.until('stream.live');
    const kinds = ['workflow.created', 'workflows', 'action.ended', 'actions', 'worker.hello', 'worker.hellos'];
    for (const kind of [...kinds, 'workflow.last']) await tell(all, kind);
    const told = (await stream.until('workflow.last')).map(({ kind }) => kind);
    assert.deepEqual(told, ['workflow.created', 'action.ended', 'worker.hello']);
    const resumed = await streaming(t, all, '?kind=worker.*&since=0');
    assert.deepEqual(ids(await resumed.until('stream.live')), [5, 6]);
  });

  it('resumes one workflow among others, and goes on with it', async (t) => {
    const all = await running(t);
    for (let n = 0; n < 30; n++) await tell(all, 'fact', { workflow: `w${n % 3}` });
    const stream = await streaming(t, all, '?workflow=w1&since=20');
    assert.deepEqual(ids(await stream.until('stream.live')), [23, 26, 29]);
    await tell(all, 'fact', { workflow: 'w2' });
    await tell(all, 'fact', { workflow: 'w1' });
    assert.equal((await stream.next())?.id, 32);
  });

  it('says first what is forgotten of that which was asked for', async (t) => {
    const all = await running(t);
    for (let n = 0; n < 10; n++) await tell(all, 'fact');
    await trimEvents(all.events, { count: 4, days: 1 }, all.clock());
    const early = await streaming(t, all, '?since=3');
    assert.deepEqual(await early.until('stream.live'), [
      { id: 0, kind: 'stream.gap', about: { from: 4, oldest: 7 } },
      ...[7, 8, 9, 10].map((id) => ({ id, kind: 'fact' })),
    ]);
    const late = await streaming(t, all, '?since=6');
    assert.deepEqual(ids(await late.until('stream.live')), [7, 8, 9, 10]);
    const now = await streaming(t, all);
    assert.deepEqual(await now.until('stream.live'), []);
  });

  it('tells a long history whole, to a client that reads slowly too', async (t) => {
    const all = await running(t);
    const big = 'x'.repeat(60_000);
    for (let i = 0; i < 20; i++)
      await all.store.change((transaction) => {
        for (let n = 0; n < 10; n++) all.events.append(transaction, { kind: 'big', data: { big } });
      });
    const stream = await streaming(t, all, '?since=0');
    assert.deepEqual(ids(await stream.until('stream.live')), numbers(1, 200));
  });

  it('ends for all when the appliance stops', async (t) => {
    const all = await running(t);
    const stream = await streaming(t, all);
    await stream.until('stream.live');
    all.stream.close();
    await tell(all, 'late');
    assert.equal(await stream.next(), undefined);
  });
});
