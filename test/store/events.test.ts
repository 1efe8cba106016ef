/** Facts in order, each number once, also over a restart and a write that failed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { EventLog, openStore, type Store, type StoredEvent, startTrimming, trimEvents } from '../../src/store/index.ts';
import { collected, opened, temporaryDirectory } from './opened.ts';

const tell = (store: Store, events: EventLog, kind: string, workflow?: string): Promise<void> =>
  store.change((transaction) => events.append(transaction, { kind, workflow, data: { kind } }));

const since = async (events: EventLog, seq: number): Promise<[number, string][]> =>
  (await collected(events.since(seq))).map(({ seq, kind }) => [seq, kind]);

describe('the event log', () => {
  it('numbers from 1 and goes on after a restart', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openStore(directory);
    const events = await EventLog.open(store, () => 1000);
    assert.equal(events.last, 0);
    await Promise.all(['a', 'b', 'c'].map((kind) => tell(store, events, kind)));
    await store.close();

    const again = await openStore(directory);
    t.after(() => again.close());
    const resumed = await EventLog.open(again, () => 2000);
    assert.equal(resumed.last, 3);
    await tell(again, resumed, 'd');
    assert.deepEqual(await since(resumed, 0), [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ]);
    assert.deepEqual(await since(resumed, 2), [
      [3, 'c'],
      [4, 'd'],
    ]);
    assert.deepEqual(await since(resumed, 4), []);
    assert.deepEqual(await since(resumed, 99), []);
  });

  it('stays in order past the tenth and the hundredth', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 0);
    await Promise.all(Array.from({ length: 120 }, (_, i) => tell(store, events, String(i))));
    const numbers = (await since(events, 0)).map(([seq]) => seq);
    assert.deepEqual(
      numbers,
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
  });

  it('tells listeners only what is on disk, until they stop', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 7);
    const heard: StoredEvent[] = [];
    const stop = events.listen((event) => {
      const stored = store.get(`event/${String(event.seq).padStart(15, '0')}`);
      assert.notEqual(stored, undefined, 'told before it was on disk');
      heard.push(event);
    });
    await tell(store, events, 'one');
    await assert.rejects(
      store.change((transaction) => {
        events.append(transaction, { kind: 'never', data: {} });
        throw new Error('refused');
      }),
    );
    await tell(store, events, 'two');
    stop();
    await tell(store, events, 'three');
    assert.deepEqual(
      heard.map(({ kind, time }) => [kind, time]),
      [
        ['one', 7],
        ['two', 7],
      ],
    );
    assert.ok((heard[0]?.seq ?? 0) < (heard[1]?.seq ?? 0));
  });

  it('knows the events of one workflow, whose id is the beginning of another one’s', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 0);
    for (const [kind, workflow] of [
      ['a', 'w1'],
      ['b', 'w10'],
      ['c', 'w1'],
    ] as const)
      await tell(store, events, kind, workflow);
    assert.deepEqual(
      (await events.ofWorkflow('w1')).map(({ kind }) => kind),
      ['a', 'c'],
    );
  });

  it('gives the newest of a workflow, and those of it after a number', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 0);
    await store.change((transaction) => {
      for (let n = 1; n <= 900; n++)
        events.append(transaction, { kind: String(n), workflow: n % 3 === 0 ? 'w3' : 'other', data: {} });
    });
    const kinds = (found: StoredEvent[]): string[] => found.map(({ kind }) => kind);
    assert.deepEqual(kinds(await events.ofWorkflow('w3', { last: 3 })), ['894', '897', '900']);
    assert.equal((await events.ofWorkflow('w3', { last: 1000 })).length, 300);
    assert.equal((await events.ofWorkflow('w3')).length, 300);
    assert.deepEqual(kinds(await collected(events.since(894, 'w3'))), ['897', '900']);
    assert.deepEqual(await events.ofWorkflow('w', { last: 5 }), []);
  });
});

describe('old events', () => {
  const DAY = 86_400_000;

  async function filled(store: Store, clock: () => number, count: number): Promise<EventLog> {
    const events = await EventLog.open(store, clock);
    await store.change((transaction) => {
      for (let n = 0; n < count; n++) events.append(transaction, { kind: 'k', workflow: `w${n % 2}`, data: {} });
    });
    return events;
  }

  it('beyond the number are forgotten, with what pointed to them', async (t) => {
    const store = await opened(t);
    const events = await filled(store, () => 0, 1200);
    assert.equal(events.oldest, 1);
    assert.equal(await trimEvents(events, { count: 100, days: 1 }, 0), 1100);
    assert.equal(events.oldest, 1101);
    assert.equal(events.last, 1200);
    assert.deepEqual((await collected(events.since(0))).length, 100);
    assert.equal((await collected(store.range('workflow-event/'))).length, 100);
    assert.equal(await trimEvents(events, { count: 100, days: 1 }, 0), 0);
  });

  it('beyond the age are forgotten, and no newer ones', async (t) => {
    const store = await opened(t);
    let now = 0;
    const events = await filled(store, () => now, 10);
    now = 5 * DAY;
    await tell(store, events, 'new');
    assert.equal(await trimEvents(events, { count: 1000, days: 5 }, now), 0);
    assert.equal(await trimEvents(events, { count: 1000, days: 5 }, now + 1), 10);
    assert.deepEqual(await since(events, 0), [[11, 'new']]);
  });

  it('leave their numbers behind, when all are gone and after a restart', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openStore(directory);
    const events = await filled(store, () => 0, 7);
    await trimEvents(events, { count: 1000, days: 1 }, 2 * DAY);
    assert.deepEqual([events.oldest, events.last], [8, 7]);
    await store.close();
    const again = await openStore(directory);
    t.after(() => again.close());
    const resumed = await EventLog.open(again, () => 0);
    assert.deepEqual([resumed.oldest, resumed.last], [8, 7]);
    await tell(again, resumed, 'next');
    assert.deepEqual(await since(resumed, 0), [[8, 'next']]);
  });

  it('are forgotten while new ones are written, whose callers hardly wait', async (t) => {
    const store = await opened(t);
    const events = await filled(store, () => 0, 5000);
    let trimmed = false;
    const trimming = trimEvents(events, { count: 1000, days: 1 }, 0).then((n) => {
      trimmed = true;
      return n;
    });
    let written = 0;
    for (; !trimmed; written++) await tell(store, events, 'meanwhile');
    const forgotten = await trimming;
    assert.ok(written >= 5, `only ${written} changes got through`);
    assert.ok(forgotten >= 4000 && events.oldest === forgotten + 1);
  });

  it('are forgotten in the background until that is stopped', async (t) => {
    const store = await opened(t);
    const events = await filled(store, () => 0, 600);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const log = pino({ level: 'info' }, { write: (line: string) => resolve(JSON.parse(line)) });
    const trimming = startTrimming({ events, limits: { count: 10, days: 1 }, clock: () => 0, log });
    assert.deepEqual(await promise.then((line) => (line as { forgotten: number }).forgotten), 590);
    await trimming.stop();
    assert.equal(events.oldest, 591);
  });
});
