/** What an event says is the same after it has been packed, written, and read; and it takes little space. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { highestWord, pack, unpack } from '../../src/store/event-codec.ts';
import { EventLog, openStore, type StoredEvent, trimEvents } from '../../src/store/index.ts';
import { EPOCH } from '../../src/store/words.ts';
import { collected, opened, temporaryDirectory } from './opened.ts';

const text = fc.oneof(
  fc.string(),
  fc.constantFrom('~1', '@5', "'", "'~", 'machine-1', 'SUCCESS', '__proto__', 'two words', '~', '@', ''),
);
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  text,
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_200_000 }),
);
const event: fc.Arbitrary<StoredEvent> = fc.record(
  {
    seq: fc.integer({ min: 1, max: 1e9 }),
    time: fc.constantFrom(0, 1_700_000_000_000),
    kind: text,
    machine: text.filter((id) => id !== ''),
    workflow: text.filter((id) => id !== ''),
    data: fc.dictionary(text, json, { maxKeys: 6 }),
  },
  { requiredKeys: ['seq', 'time', 'kind', 'data'] },
);

describe('a packed event', () => {
  it('says what it said before', () => {
    fc.assert(
      fc.property(event, fc.nat({ max: 5 }), (before, most) => {
        const words: string[] = [];
        const numberOf = ((word: string, isNeeded: boolean) => {
          const at = words.indexOf(word);
          if (at >= 0) return at + 1;
          return isNeeded || words.length < most ? words.push(word) : undefined;
        }) as Parameters<typeof pack>[1];
        const packed = JSON.parse(JSON.stringify(pack(before, numberOf)));
        let highest = 0;
        const word = (number: number): string => {
          highest = Math.max(highest, number);
          return words[number - 1] ?? assert.fail('a word that there is not');
        };
        const after = unpack(before.seq, packed, { word, list: (number) => JSON.parse(word(number)) });
        assert.deepEqual(after, JSON.parse(JSON.stringify(before)));
        assert.equal(highestWord(packed), highest);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves out what is not there', () => {
    const packed = pack({ seq: 1, time: 0, kind: 'k', data: { a: undefined, b: 2 } }, () => 1);
    assert.deepEqual(unpack(1, packed, { word: () => '', list: () => ['k', 'b'] }), {
      seq: 1,
      time: 0,
      kind: 'k',
      data: { b: 2 },
    });
  });
});

describe('the words of events', () => {
  it('are found again after a restart, and written once', async (t) => {
    const directory = temporaryDirectory(t);
    for (let round = 0; round < 3; round++) {
      const store = await openStore(directory);
      const events = await EventLog.open(store, () => 5);
      await store.change((transaction) => {
        for (const kind of ['one', 'two'])
          events.append(transaction, { kind, workflow: 'the-workflow', data: { boot: 'the-boot', round } });
      });
      const told = (await events.ofWorkflow('the-workflow')).map(({ kind, data }) => [kind, data.boot, data.round]);
      assert.deepEqual(told.at(-1), ['two', 'the-boot', round]);
      assert.equal(told.length, 2 * (round + 1));
      assert.equal((await store.entries('event-word/')).length, 4);
      await store.close();
    }
  });

  it('are not missed where the change that brought them has failed', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 5);
    const append = (fails: boolean): Promise<void> =>
      store.change((transaction) => {
        events.append(transaction, { kind: 'the-kind', machine: 'the-machine', data: { boot: 'the-boot' } });
        if (fails) throw new Error('refused');
      });
    await assert.rejects(append(true));
    await append(false);
    const { seq: _, ...told } = (await collected(events.since(0)))[0] ?? assert.fail('there is none');
    assert.deepEqual(told, { time: 5, kind: 'the-kind', machine: 'the-machine', data: { boot: 'the-boot' } });
  });

  it('begin anew with each epoch, and are forgotten with it', async (t) => {
    const store = await opened(t);
    const events = await EventLog.open(store, () => 0);
    const many = (count: number): Promise<void> =>
      store.change((transaction) => {
        for (let n = 0; n < count; n++)
          events.append(transaction, { kind: 'k', workflow: 'the-workflow', data: { n, boot: 'the-boot' } });
      });
    for (let n = 0; n < EPOCH - 2; n += 1000) await many(Math.min(1000, EPOCH - 2 - n));
    await many(10);
    const told = await events.ofWorkflow('the-workflow', { last: 12 });
    assert.deepEqual(new Set(told.map(({ data }) => data.boot)), new Set(['the-boot']));
    assert.equal((await store.entries('event-word/')).length, 6);
    await trimEvents(events, { count: 3, days: 1 }, 0);
    assert.equal((await store.entries('event-word/')).length, 3);
    assert.deepEqual(
      (await events.ofWorkflow('the-workflow')).map(({ data }) => data.boot),
      ['the-boot', 'the-boot', 'the-boot'],
    );
  });

  it('are not needed for events of an earlier version', async (t) => {
    const store = await opened(t);
    const old = { seq: 1, time: 3, kind: 'old', workflow: 'w', data: { a: 1 } };
    await store.change((transaction) => {
      transaction.put('event/000000000000001', old);
      transaction.put('workflow-event/w/000000000000001', 1);
    });
    const events = await EventLog.open(store, () => 5);
    await store.change((transaction) => events.append(transaction, { kind: 'new', workflow: 'w', data: {} }));
    assert.deepEqual(await events.ofWorkflow('w'), [old, { seq: 2, time: 5, kind: 'new', workflow: 'w', data: {} }]);
  });
});
