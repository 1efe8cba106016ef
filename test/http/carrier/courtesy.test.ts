import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Courtesy } from '../../../src/http/carrier/courtesy.ts';

/** Niceness of each thread of this process but the main one (proc_pid_stat(5)). */
function nicenessOfOthers(): number[] {
  const others = readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid);
  return others.map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

test('courtesy lets the other threads go first while there is too much to do, and no longer', async (t) => {
  const usual = getPriority();
  const before = nicenessOfOthers();
  assert.ok(before.length > 0);
  const courtesy = new Courtesy();
  courtesy.busy(performance.now());
  if (getPriority() === usual) return t.skip('may not take a lower priority back');
  for (let round = 0; round < 2; round++) {
    assert.equal(getPriority(), Math.min(usual + 10, 19));
    assert.deepEqual(new Set(nicenessOfOthers()), new Set([Math.max(usual - 10, -20)]));
    while (getPriority() !== usual) await setImmediate();
    assert.deepEqual(nicenessOfOthers(), before);
    courtesy.busy(performance.now());
  }
});
