/** Changes over a store whose disk is held back, made to fail, or counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Level } from 'level';
import { Store } from '../../src/store/store.ts';
import { collected, opened } from './opened.ts';

type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** LevelDB's part of a store: batches wait until they are let through. */
function heldBack() {
  const disk = new Map<string, string>();
  const batches: { operations: Operation[]; options: unknown }[] = [];
  const waiting: { let(error?: Error): void }[] = [];
  const arrivals: (() => void)[] = [];
  const calls: string[] = [];
  const written = (operations: Operation[], options: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      batches.push({ operations, options });
      waiting.push({
        let(error) {
          if (error) return reject(error);
          for (const op of operations) op.type === 'put' ? disk.set(op.key, op.value) : disk.delete(op.key);
          resolve();
        },
      });
      arrivals.shift()?.();
    });
  const level = {
    status: 'open',
    getSync: (key: string, { snapshot }: { snapshot?: { was: ReadonlyMap<string, string> } } = {}) =>
      (snapshot?.was ?? disk).get(key),
    snapshot: () => ({ was: new Map(disk), close: async () => {} }),
    batch() {
      const operations: Operation[] = [];
      return {
        put: (key: string, value: string) => operations.push({ type: 'put', key, value }),
        del: (key: string) => operations.push({ type: 'del', key }),
        write: (options: unknown) => written(operations, options),
      };
    },
    async close() {
      calls.push('close');
      level.status = 'closed';
    },
    async open() {
      calls.push('open');
      level.status = 'open';
    },
  };
  return {
    disk,
    batches,
    calls,
    level: level as unknown as Level<string, string>,
    /** Resolves once a batch has reached the disk and waits there. */
    async arrived(): Promise<void> {
      if (waiting.length === 0) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    let(error?: Error): void {
      const next = waiting.shift();
      assert.ok(next, 'no batch waits');
      next.let(error);
    },
  };
}

describe('two changes of one key in a batch', () => {
  it('write its text, though the second keeps another value for it', async () => {
    const { level, disk, batches, arrived, let: letThrough } = heldBack();
    const store = new Store(level);
    const first = store.change((transaction) => transaction.put('key', { n: 1 }));
    const second = store.change((transaction) => transaction.keep('key', { n: 1, more: true }));
    await arrived();
    letThrough();
    await Promise.all([first, second]);
    assert.deepEqual([disk.get('key'), batches.length], ['{"n":1}', 1]);
    assert.deepEqual(store.get('key'), { n: 1, more: true });
  });

  it('write the newest only', async () => {
    const { level, batches, arrived, let: letThrough } = heldBack();
    const store = new Store(level);
    const all = [1, 2, 3].map((n) => store.change((transaction) => transaction.put('key', n)));
    await arrived();
    letThrough();
    await Promise.all(all);
    assert.deepEqual(batches[0]?.operations, [{ type: 'put', key: 'key', value: '3' }]);
  });
});

describe('a batch that follows a small one at once', () => {
  it('takes with it what comes a moment later', async () => {
    const { level, batches, arrived, let: letThrough } = heldBack();
    const store = new Store(level);
    const put = (key: string): Promise<void> => store.change((transaction) => transaction.put(key, 1));
    const first = put('first');
    await arrived();
    const second = put('second');
    letThrough();
    await first;
    const third = put('third');
    await arrived();
    assert.deepEqual(
      batches.map(({ operations }) => operations.map(({ key }) => key)),
      [['first'], ['second', 'third']],
    );
    letThrough();
    await Promise.all([second, third]);
  });

  it('does not wait behind one of many', async () => {
    const { level, batches, arrived, let: letThrough } = heldBack();
    const store = new Store(level);
    const put = (key: string): Promise<void> => store.change((transaction) => transaction.put(key, 1));
    const many = Array.from({ length: 16 }, (_, n) => put(`many-${n}`));
    await arrived();
    const behind = put('behind');
    letThrough();
    await Promise.all(many);
    assert.equal(batches.length, 2, 'at once');
    letThrough();
    await behind;
  });
});

describe('reading while a batch is under way', () => {
  it('finds all of it as it was, what was read before and what was not', async () => {
    const { level, disk, arrived, let: letThrough } = heldBack();
    disk.set('known', '1').set('other', '1');
    const store = new Store(level);
    const both = (): unknown[] => ['known', 'other', 'new'].map((key) => store.get(key));
    assert.equal(store.get('known'), 1);
    const changed = store.change((transaction) => {
      for (const key of ['known', 'other', 'new']) transaction.put(key, 2);
    });
    await arrived();
    // On the disk, and nobody here has heard of it yet.
    letThrough();
    assert.deepEqual(both(), [1, 1, undefined]);
    await changed;
    assert.deepEqual(both(), [2, 2, 2]);
  });
});

const increment = (store: Store, key: string): Promise<number> =>
  store.change((transaction) => {
    const next = (transaction.get<number>(key) ?? 0) + 1;
    transaction.put(key, next);
    return next;
  });

describe('a change', () => {
  it('sees what earlier ones decided before it is on disk', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const first = increment(store, 'n');
    await disk.arrived();
    const second = increment(store, 'n');
    const gone = store.change((transaction) => {
      assert.equal(transaction.get('n'), 2);
      transaction.delete('n');
      assert.equal(transaction.get('n'), undefined);
    });
    assert.equal(store.get('n'), undefined, 'reads outside of a change see the disk');
    disk.let();
    assert.equal(await first, 1);
    await disk.arrived();
    disk.let();
    assert.equal(await second, 2);
    await gone;
    assert.deepEqual([...disk.disk], []);
  });

  it('goes down with all that came while the disk was busy, in one synced batch', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const first = increment(store, 'n');
    await disk.arrived();
    const rest = Array.from({ length: 500 }, () => increment(store, 'n'));
    disk.let();
    await first;
    await disk.arrived();
    disk.let();
    assert.deepEqual(
      await Promise.all(rest),
      Array.from({ length: 500 }, (_, i) => i + 2),
    );
    assert.equal(disk.batches.length, 2);
    assert.deepEqual(disk.batches[1]?.options, { sync: true });
    assert.equal(disk.disk.get('n'), '501');
  });

  it('that keeps what is written gives another value for it, and writes it no second time', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const made = store.change((transaction) => {
      transaction.put('head', { parts: 1 });
      transaction.keep('head', 'whole 1');
      assert.equal(transaction.get('head'), 'whole 1');
    });
    const kept = store.change((transaction) => {
      assert.equal(transaction.get('head'), 'whole 1');
      transaction.put('part', 2);
      transaction.keep('head', 'whole 2');
    });
    await disk.arrived();
    disk.let();
    await Promise.all([made, kept]);
    assert.equal(store.get('head'), 'whole 2');
    const later = store.change((transaction) => {
      transaction.put('part', 3);
      transaction.keep('head', 'whole 3');
    });
    await disk.arrived();
    assert.deepEqual(disk.batches[1]?.operations, [{ type: 'put', key: 'part', value: '3' }]);
    assert.equal(store.get('head'), 'whole 2', 'not before it is safe');
    disk.let(new Error('disk full'));
    await assert.rejects(later);
    assert.equal(store.get('head'), 'whole 2');
    assert.deepEqual(new Store(level).get('head'), { parts: 1 }, 'and this is what is read anew');
  });

  it('that adds entries writes them with the rest, in one batch, and before what a later one deletes', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const all = [
      store.change((transaction) => {
        transaction.add('log/1', { n: 1 });
        transaction.add('log/2', { n: 2 });
        transaction.put('head', 2);
      }),
      store.change((transaction) => transaction.delete('log/1')),
      store.change((transaction) => transaction.add('log/3', { n: 3 })),
    ];
    await disk.arrived();
    assert.equal(disk.disk.size, 0);
    disk.let();
    await Promise.all(all);
    assert.deepEqual([...disk.disk].sort(), [
      ['head', '2'],
      ['log/2', '{"n":2}'],
      ['log/3', '{"n":3}'],
    ]);
    assert.equal(disk.batches.length, 1);
  });

  it('that adds entries leaves none where it throws, fails, or stands on one that fails', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    await assert.rejects(
      store.change((transaction) => {
        transaction.add('log/1', 1);
        throw new Error('no');
      }),
      /no/,
    );
    const first = store.change((transaction) => transaction.add('log/2', 2));
    await disk.arrived();
    const onTop = store.change((transaction) => transaction.add('log/3', 3));
    disk.let(new Error('disk full'));
    await assert.rejects(first);
    await assert.rejects(onTop);
    const after = store.change((transaction) => transaction.add('log/4', 4));
    await disk.arrived();
    disk.let();
    await after;
    assert.deepEqual([...disk.disk], [['log/4', '4']]);
  });

  it('that throws changes nothing', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    await assert.rejects(
      store.change((transaction) => {
        transaction.put('n', 1);
        transaction.afterwards(() => assert.fail('told of a change that was not made'));
        throw new Error('no');
      }),
      /no/,
    );
    assert.equal(disk.batches.length, 0);
  });

  it('without writes is told only once what it read is safe', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const writing = increment(store, 'n');
    await disk.arrived();
    let told = false;
    const reading = store
      .change((transaction) => transaction.get<number>('n'))
      .then((n) => {
        told = true;
        return n;
      });
    await Promise.resolve();
    assert.equal(told, false);
    disk.let();
    await writing;
    assert.equal(await reading, 1);
  });

  it('that fails takes with it everything decided on top of it, and nothing else', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const failing = [increment(store, 'n')];
    await disk.arrived();
    failing.push(increment(store, 'n'), increment(store, 'n'));
    disk.let(new Error('EIO'));
    for (const change of failing) {
      await assert.rejects(change, { code: 'STORE_WRITE_FAILED', message: /EIO.*Nothing was changed/ });
    }
    const later = increment(store, 'n');
    await disk.arrived();
    disk.let();
    assert.equal(await later, 1, 'decided on what is on disk');
    assert.deepEqual(disk.calls, ['close', 'open'], 'the damaged log is left behind');
  });

  it('stays refused, and reads go on, while there is no room to open the store again', async () => {
    const { level, ...disk } = heldBack();
    let room = false;
    const store = new Store(level, () => room);
    disk.disk.set('kept', '"here"');
    const failing = increment(store, 'n');
    await disk.arrived();
    disk.let(new Error('ENOSPC'));
    await assert.rejects(failing, { code: 'STORE_WRITE_FAILED' });
    await assert.rejects(increment(store, 'n'), { code: 'STORE_WRITE_FAILED', message: /no space left/ });
    assert.equal(store.get('kept'), 'here');
    assert.deepEqual(disk.calls, []);
    room = true;
    const later = increment(store, 'n');
    await disk.arrived();
    disk.let();
    assert.equal(await later, 1);
  });

  it('goes on for others when a listener throws', async (t) => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    const thrown = new Promise((resolve) => {
      t.mock.method(globalThis, 'queueMicrotask', (task: () => void) => {
        try {
          task();
        } catch (error) {
          resolve(error);
        }
      });
    });
    const told: string[] = [];
    const change = store.change((transaction) => {
      transaction.put('n', 1);
      transaction.afterwards(() => {
        throw new Error('a defect');
      });
      transaction.afterwards(() => void told.push('second'));
    });
    await disk.arrived();
    disk.let();
    await change;
    assert.deepEqual(told, ['second']);
    assert.match(String(await thrown), /a defect/);
    const next = increment(store, 'm');
    await disk.arrived();
    disk.let();
    assert.equal(await next, 1);
  });

  it('is refused once the store is closing, which waits for those before', async (t) => {
    const store = await opened(t);
    const before = increment(store, 'n');
    const closing = store.close();
    await assert.rejects(increment(store, 'n'), { code: 'UNAVAILABLE' });
    assert.equal(await before, 1);
    await closing;
    assert.throws(() => store.get('n'), { code: 'UNAVAILABLE' });
  });
});

describe('the store', () => {
  it('lists by prefix in key order, from a key on, limited and backwards', async (t) => {
    const store = await opened(t);
    await store.change((transaction) => {
      for (const key of ['a/1', 'a/2', 'a/3', 'ab/1', 'b/1']) transaction.put(key, key);
    });
    const keys = async (...options: Parameters<Store['range']>): Promise<string[]> =>
      (await collected(store.range(...options))).map(([key]) => key);
    assert.deepEqual(await keys('a/'), ['a/1', 'a/2', 'a/3']);
    assert.deepEqual(await keys('a/', { after: 'a/1' }), ['a/2', 'a/3']);
    assert.deepEqual(await keys('a/', { reverse: true, limit: 1 }), ['a/3']);
    await store.clear('a/');
    assert.deepEqual(await keys('a'), ['ab/1']);
  });

  it('equals a map after any changes, made at once or one after another', async (t) => {
    const store = await opened(t);
    const step = fc.record({
      key: fc.constantFrom('x/a', 'x/b', 'x/c'),
      value: fc.option(fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { nil: undefined }),
      wait: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await store.clear('x/');
        const model = new Map<string, unknown>();
        const pending: Promise<void>[] = [];
        for (const { key, value, wait } of steps) {
          const change = store.change((transaction) => {
            assert.deepEqual(transaction.get(key), model.get(key));
            if (value === undefined) transaction.delete(key);
            else transaction.put(key, value);
          });
          if (value === undefined) model.delete(key);
          else model.set(key, value);
          pending.push(change);
          if (wait) await change;
        }
        await Promise.all(pending);
        const stored = await collected(store.range('x/'));
        assert.deepEqual(stored, [...model].sort());
      }),
      { numRuns: 40 },
    );
  });
});

describe('what a store shows', () => {
  /** Commands over a few keys, on a disk that fails now and then, and is slow. */
  const command = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        writes: fc.array(
          fc.tuple(fc.constantFrom('x/a', 'x/b', 'y/c'), fc.option(fc.jsonValue({ maxDepth: 1 }), { nil: undefined })),
          { maxLength: 3 },
        ),
        throws: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('disk' as const), fails: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  );
  const json = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

  it('is what is on disk, and to changes also what is on its way, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        const { level, ...disk } = heldBack();
        const clearing = Object.assign(level, {
          async clear({ gte, lt }: { gte: string; lt: string }) {
            for (const key of disk.disk.keys()) if (key >= gte && key < lt) disk.disk.delete(key);
          },
        });
        const store = new Store(clearing);
        const keys = ['x/a', 'x/b', 'y/c'];
        const settled: Promise<unknown>[] = [];
        /** What the disk has, and the changes that wait for it: those under way, and those behind them. */
        const onDisk = new Map<string, unknown>();
        let underWay: Map<string, unknown>[] | undefined;
        let behind: Map<string, unknown>[] = [];
        const ahead = (key: string): unknown => {
          for (const writes of [...(underWay ?? []), ...behind].reverse()) if (writes.has(key)) return writes.get(key);
          return onDisk.get(key);
        };
        const finish = async (fails: boolean): Promise<void> => {
          if (!underWay) return;
          disk.let(fails ? new Error('EIO') : undefined);
          await new Promise((resolve) => setImmediate(resolve));
          if (fails) behind = [];
          else for (const writes of underWay) for (const [key, value] of writes) onDisk.set(key, value);
          underWay = behind.length > 0 ? behind : undefined;
          behind = [];
          if (underWay) await disk.arrived();
        };
        for (const step of commands) {
          switch (step.do) {
            case 'change': {
              const writes = new Map<string, unknown>();
              const change = store.change((transaction) => {
                for (const key of keys) assert.deepEqual(transaction.get(key), ahead(key));
                for (const [key, value] of step.writes) {
                  if (value === undefined) transaction.delete(key);
                  else transaction.put(key, value);
                  writes.set(key, json(value));
                  assert.deepEqual(transaction.get(key), json(value));
                }
                if (step.throws) throw new Error('refused');
              });
              settled.push(change.catch((error) => assert.match(String(error), /refused|EIO/)));
              if (step.throws || writes.size === 0) break;
              if (underWay) behind.push(writes);
              else {
                underWay = [writes];
                await disk.arrived();
              }
              break;
            }
            case 'disk':
              await finish(step.fails);
              break;
            case 'clear':
              // Only what no other record refers to is cleared, and nobody writes.
              while (underWay) await finish(false);
              await store.clear('x/');
              for (const key of ['x/a', 'x/b']) onDisk.delete(key);
              break;
            case 'read':
              for (const key of keys) assert.deepEqual(store.get(key), onDisk.get(key));
              break;
          }
        }
        while (underWay) await finish(false);
        await Promise.all(settled);
        for (const key of keys) assert.deepEqual(store.get(key), onDisk.get(key));
      }),
      { numRuns: 300 },
    );
  });

  it('can not be changed by whoever read it', async () => {
    const { level, ...disk } = heldBack();
    const store = new Store(level);
    disk.disk.set('n', '{"list":[{"a":1}]}');
    const read = store.get<{ list: { a: number }[] }>('n');
    assert.throws(() => read?.list.push({ a: 2 }), TypeError);
    assert.throws(() => Object.assign(read?.list[0] ?? {}, { a: 3 }), TypeError);
    assert.equal(store.get('n'), read, 'parsed once');
    const writing = increment(store, 'm');
    await disk.arrived();
    disk.let();
    await writing;
    assert.equal(store.get('m'), 1);
  });

  it('is bounded in memory: what is not read any more is read from the disk again', () => {
    const { level, ...disk } = heldBack();
    let reads = 0;
    const { getSync } = level;
    Object.assign(level, {
      getSync: (key: string) => {
        reads++;
        return (getSync as (key: string) => string | undefined)(key);
      },
    });
    const store = new Store(level);
    const big = JSON.stringify('x'.repeat(60_000));
    for (let n = 0; n < 500; n++) disk.disk.set(`k${n}`, big);
    for (let n = 0; n < 500; n++) {
      store.get(`k${n}`);
      store.get('k0');
    }
    assert.equal(reads, 500, 'what is read all the time stays');
    store.get('k1');
    assert.equal(reads, 501);
  });
});
