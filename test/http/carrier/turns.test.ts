import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { type Progress, Turns } from '../../../src/http/carrier/turns.ts';

/** A clock that only work and waiting move, and what was waited for. */
class Bench {
  now = 0;
  readonly busy: number[] = [];
  readonly waited: { sockets: readonly (number | undefined)[]; ms: number }[] = [];
  readonly done: string[] = [];
  /** What is said of each wait: which sockets are ready, and whether the event loop has something to do. Undefined: no way. */
  answer: ((ms: number) => { ready: readonly number[]; isCalled: boolean } | undefined) | undefined;
  #ready: (number | undefined)[] = [];
  readonly turns = new Turns(
    {
      wait: (sockets, microseconds) => {
        const ms = microseconds / 1000;
        this.waited.push({ sockets, ms });
        const { ready, isCalled } = this.answer?.(ms) ?? { ready: [], isCalled: undefined };
        this.#ready = sockets.map((socket) => ready.find((each) => each === socket));
        if (isCalled === false && this.#ready.every((each) => each === undefined)) this.now += ms;
        return isCalled;
      },
      isReady: (index) => this.#ready[index] !== undefined,
    },
    { busy: (at) => this.busy.push(at) },
    () => this.now,
  );

  /** Adds work that takes 0.4 ms a slice, or `ms`, and goes as `progress` says. */
  add(name: string, progress: Progress[], { socket, ms = 0.4 }: { socket?: number; ms?: number } = {}): void {
    this.turns.add({
      step: () => {
        this.now += ms;
        this.done.push(name);
        return progress.shift() ?? 'over';
      },
      socket: () => socket,
      leave: () => this.done.push(`${name} leaves`),
    });
  }
}

describe('turns', () => {
  test('give everybody a slice after the other, and the event loop its turn after a while', async () => {
    const bench = new Bench();
    bench.add('a', ['more', 'more']);
    bench.add('b', []);
    bench.add('c', ['more']);
    assert.deepEqual(bench.done, []);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'c']);
    bench.add('d', []);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'c', 'a', 'c', 'd']);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'c', 'a', 'c', 'd', 'a']);
    await setImmediate();
    bench.add('e', []);
    await setImmediate();
    assert.equal(bench.done.pop(), 'e');
    // After the first and the second turn, at their end.
    assert.deepEqual(
      bench.busy.map((at) => Math.round(at * 10)),
      [12, 24],
    );
    assert.deepEqual(bench.waited, []);
  });

  test('one that takes long does not keep others from being next', async () => {
    const bench = new Bench();
    bench.add('long', ['more', 'more'], { ms: 100 });
    bench.add('short', [], { ms: 0 });
    while (bench.done.length < 4) await setImmediate();
    assert.deepEqual(bench.done, ['long', 'short', 'long', 'long']);
  });

  test('wait themselves for the sockets of all, and go on within a turn of the event loop', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [bench.waited.length === 1 ? 8 : 7], isCalled: false });
    bench.add('a', ['full'], { socket: 7, ms: 0.1 });
    bench.add('b', ['full', 'full'], { socket: 8, ms: 0.1 });
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'b', 'a']);
    assert.deepEqual(
      bench.waited.map(({ sockets }) => sockets),
      [
        [7, 8],
        [7, 8],
      ],
    );
    // No longer than what is left of the turn.
    assert.deepEqual(
      bench.waited.map(({ ms }) => Math.round(ms * 10)),
      [10, 10],
    );
  });

  test('leave the waiting to the event loop as soon as it has something to do', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [7], isCalled: true });
    bench.add('a', ['full', 'full'], { socket: 7 });
    await setImmediate();
    assert.deepEqual(bench.done, ['a']);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'a']);
  });

  test('do not keep those waiting who can go on, while others have more to do', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [7], isCalled: false });
    bench.add('a', ['full'], { socket: 7 });
    bench.add('b', ['more', 'more', 'more', 'more']);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'b']);
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'b', 'b', 'a', 'b']);
    assert.deepEqual(bench.waited, [{ sockets: [7], ms: 0 }]);
  });

  test('wait longer and longer where nothing happens, until who has waited too long leaves', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [], isCalled: false });
    bench.add('a', ['full'], { socket: 7, ms: 0 });
    while (bench.done.length < 2) await setImmediate();
    assert.deepEqual(bench.done, ['a', 'a leaves']);
    assert.deepEqual(
      bench.waited.slice(0, 5).map(({ ms }) => ms),
      [1, 2, 4, 8, 8],
    );
    assert.ok(bench.now > 100 && bench.now < 120, `${bench.now} ms`);
    assert.ok(bench.waited.every(({ sockets }) => sockets.length === 1));
  });

  test('look after those who wait for no socket at short intervals', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [], isCalled: false });
    bench.add('a', ['full', 'full', 'full'], { ms: 0 });
    bench.add('b', ['full'], { socket: 7, ms: 0 });
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'a', 'a', 'a']);
    assert.deepEqual(
      bench.waited.map(({ sockets, ms }) => [...sockets, ms]),
      [
        [undefined, 7, 0.1],
        [7, undefined, 0.1],
        [7, undefined, 0.1],
      ],
    );
  });

  test('go on with a few for a while, while others wait for their turn; but who is new begins at once', async () => {
    const bench = new Bench();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) bench.add(name, new Array<Progress>(200).fill('more'), { ms: 1 });
    while (bench.now < 24) await setImmediate();
    assert.equal(new Set(bench.done.splice(0, 6)).size, 6);
    while (bench.now < 240) await setImmediate();
    const shifts = bench.done.slice(24);
    for (const start of shifts.keys()) assert.ok(new Set(shifts.slice(start, start + 4)).size <= 4);
    const changes = shifts.filter((name, at) => at >= 4 && !shifts.slice(at - 4, at).includes(name));
    assert.ok(
      changes.length > 30 && changes.length < 44,
      `${changes.length} shifts of 20 ms in 216 ms, of four at once`,
    );
    for (const name of names) assert.ok(shifts.filter((each) => each === name).length > 20, `${name} has its share`);
    bench.add('new', [], { ms: 1 });
    bench.done.length = 0;
    while (!bench.done.includes('new')) await setImmediate();
    assert.ok(bench.done.length <= 5, bench.done.join(' '));
  });

  test('let others go on while all of the few wait for their sockets', async () => {
    const bench = new Bench();
    bench.answer = () => ({ ready: [], isCalled: false });
    const stepped = new Set<number>();
    for (const socket of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      bench.turns.add({
        step: (now) => {
          bench.now += 0.1;
          if (now >= 40) stepped.add(socket);
          return now < 40 ? 'more' : 'full';
        },
        socket: () => socket,
        leave: () => {},
      });
    }
    while (stepped.size === 0) await setImmediate();
    while (bench.waited.every(({ ms }) => ms === 0)) await setImmediate();
    assert.equal(stepped.size, 9, 'before it was waited for anybody');
    assert.ok(bench.now < 43, `${bench.now} ms`);
    assert.deepEqual(
      bench.waited.map(({ sockets }) => sockets.length),
      [2, 4, 8, 9],
    );
  });

  test('bring all work to its end, whatever becomes of sockets', async () => {
    const progress = fc.constantFrom<Progress>('more', 'full');
    const works = fc.array(
      fc.record({ progress: fc.array(progress, { maxLength: 30 }), ms: fc.double({ min: 0, max: 30 }) }),
      {
        maxLength: 12,
      },
    );
    const answers = fc.infiniteStream(fc.record({ ready: fc.array(fc.nat(11)), isCalled: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(works, answers, async (all, answered) => {
        const bench = new Bench();
        bench.answer = () => answered.next().value;
        for (const [socket, work] of all.entries()) {
          bench.add(String(socket), [...work.progress], { socket, ms: work.ms });
        }
        const isOver = (name: string, steps: number): boolean =>
          bench.done.includes(`${name} leaves`) || bench.done.filter((each) => each === name).length === steps;
        const areOver = (): boolean => all.every((work, socket) => isOver(String(socket), work.progress.length + 1));
        for (let turns = 0; turns < 5000 && !areOver(); turns++) {
          await setImmediate();
          bench.now += 0.1;
        }
        assert.ok(areOver(), bench.done.join(' '));
      }),
      { numRuns: 60 },
    );
  });

  test('let all find another way at once where there is no way to wait', async () => {
    const bench = new Bench();
    bench.add('a', ['full'], { socket: 7, ms: 0 });
    bench.add('b', ['full'], { ms: 0 });
    await setImmediate();
    assert.deepEqual(bench.done, ['a', 'b', 'a leaves', 'b leaves']);
    assert.equal(bench.waited.length, 1);
  });
});
