import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { giveBackWhenQuiet, Quietness } from '../../src/appliance/give-back.ts';

const MB = 1 << 20;

describe('memory is given back', () => {
  it('when next to nothing is to be done, and enough was taken', () => {
    const quietness = new Quietness();
    assert.equal(quietness.isTime(0.1, 190 * MB), false);
    assert.equal(quietness.isTime(0.01, 190 * MB), true);
    quietness.gaveBack(150 * MB);
    assert.equal(quietness.isTime(0.01, 160 * MB), false);
    assert.equal(quietness.isTime(0.5, 230 * MB), false);
    assert.equal(quietness.isTime(0.01, 230 * MB), true);
  });

  it('to the system, from the heap and from the pools of the C library', async (t) => {
    const idle = process.memoryUsage.rss();
    // On the heap, and in pieces with others between them that stay.
    let objects: unknown[] | undefined = Array.from({ length: 500_000 }, (_, at) => ({ at, name: `machine-${at}` }));
    let pieces: Buffer[] | undefined = Array.from({ length: 64_000 }, () => Buffer.alloc(1024, 1));
    const staying = pieces.filter((_, at) => at % 64 === 63);
    const full = process.memoryUsage.rss();
    assert.ok(full > idle + 90 * MB, `${objects.length} objects and ${pieces.length} pieces take ${full - idle} bytes`);
    objects = undefined;
    pieces = undefined;
    const giving = giveBackWhenQuiet(20);
    t.after(() => giving.stop());
    while (process.memoryUsage.rss() > idle + 30 * MB) await pause(20, undefined, { signal: t.signal });
    assert.equal(staying.length, 1000);
  });

  it('not while the process has no descriptor left to look how much it has, which ends nothing', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let looks = 0;
    t.mock.method(process.memoryUsage, 'rss', () => {
      looks += 1;
      if (looks > 2) resolve();
      throw new Error('EMFILE: too many open files');
    });
    const giving = giveBackWhenQuiet(1);
    t.after(() => giving.stop());
    await promise;
  });
});
