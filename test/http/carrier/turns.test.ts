import assert from 'node:assert/strict';
import { getPriority } from 'node:os';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Courtesy } from '../../../src/http/carrier/courtesy.ts';
import { Turns } from '../../../src/http/carrier/turns.ts';

describe('turns', () => {
  test('give everybody a slice after the other, and the event loop its turn after a while', async () => {
    let now = 0;
    const busy: number[] = [];
    const turns = new Turns({ busy: (at) => busy.push(at) }, () => now);
    const done: string[] = [];
    const work = (name: string, slices: number) => (): boolean => {
      now += 0.4;
      done.push(name);
      return --slices > 0;
    };
    turns.add(work('a', 3));
    turns.add(work('b', 1));
    turns.add(work('c', 2));
    assert.deepEqual(done, []);
    await setImmediate();
    assert.deepEqual(done, ['a', 'b', 'c']);
    turns.add(work('d', 1));
    await setImmediate();
    assert.deepEqual(done, ['a', 'b', 'c', 'a', 'c', 'd']);
    await setImmediate();
    assert.deepEqual(done, ['a', 'b', 'c', 'a', 'c', 'd', 'a']);
    await setImmediate();
    turns.add(work('e', 1));
    await setImmediate();
    assert.equal(done.pop(), 'e');
    // After the first and the second turn, at their end.
    assert.deepEqual(
      busy.map((at) => Math.round(at * 10)),
      [12, 24],
    );
  });

  test('one that takes long does not keep others from being next', async () => {
    let now = 0;
    const turns = new Turns({ busy: () => {} }, () => now);
    const done: string[] = [];
    turns.add(() => {
      now += 100;
      done.push('long');
      return done.length < 4;
    });
    turns.add(() => done.push('short') < 0);
    while (done.length < 4) await setImmediate();
    assert.deepEqual(done, ['long', 'short', 'long', 'long']);
  });
});

describe('courtesy', () => {
  test('lowers the priority while there is too much to do, and no longer', { timeout: 10_000 }, async (t) => {
    const usual = getPriority();
    const courtesy = new Courtesy();
    courtesy.busy(performance.now());
    if (getPriority() === usual) return t.skip('may not take a lower priority back');
    assert.equal(getPriority(), usual + 10);
    while (getPriority() !== usual) await setImmediate();
    courtesy.busy(performance.now());
    assert.equal(getPriority(), usual + 10);
    while (getPriority() !== usual) await setImmediate();
  });
});
