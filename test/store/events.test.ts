/** Facts in order, each number once, also over a restart and a write that failed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventLog, openStore, type Store, type StoredEvent } from '../../src/store/index.ts';
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
      const stored = store.get<StoredEvent>(`event/${String(event.seq).padStart(15, '0')}`);
      assert.equal(stored?.kind, event.kind, 'told before it was on disk');
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
});
