import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { describe, it } from 'node:test';
import { takePrecedence } from '../../src/appliance/precedence.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { started } from './started.ts';

/** Niceness of each thread of a process, proc_pid_stat(5). */
function nicenessOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const [, , , , , , , , , , , , , , , , niceness] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(niceness);
  });
}

/** Whether this process may raise its priority. */
function mayRaise(): boolean {
  const usual = getPriority();
  try {
    setPriority(usual - 1);
    setPriority(usual);
    return true;
  } catch {
    return false;
  }
}

describe('the precedence of the appliance', {
  skip: getPriority() === 0 && mayRaise() ? false : 'has another priority, or may not raise it',
}, () => {
  it('is that of all its threads', async (t) => {
    const appliance = await started(t, temporaryDirectory(t));
    await appliance.url();
    const niceness = nicenessOf(appliance.pid);
    assert.ok(niceness.length > 4, 'threads of the pool, and the carrier');
    assert.deepEqual([...new Set(niceness)], [-10]);
    assert.equal((await appliance.stop()).code, 0);
  });

  it('is not taken where somebody has given the process another priority', () => {
    const usual = getPriority();
    try {
      setPriority(5);
      takePrecedence();
      assert.equal(getPriority(), 5);
    } finally {
      setPriority(usual);
    }
  });
});
