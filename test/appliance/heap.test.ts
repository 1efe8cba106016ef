import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { smallHeap } from '../../src/appliance/heap.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { started } from './started.ts';

describe('the heap of the appliance', () => {
  it('keeps what the environment says already', () => {
    const environment = smallHeap({ PATH: '/bin', NODE_OPTIONS: '--trace-warnings', MALLOC_ARENA_MAX: '4' });
    const NODE_OPTIONS = '--trace-warnings --max-semi-space-size=16';
    const pools = { MALLOC_ARENA_MAX: '4', MALLOC_TRIM_THRESHOLD_: '131072' };
    assert.deepEqual(environment, { PATH: '/bin', ...pools, NODE_OPTIONS });
  });

  it('is held small in the process that was started, which stays the same one', async (t) => {
    const appliance = await started(t, temporaryDirectory(t));
    await appliance.url();
    const environment = readFileSync(`/proc/${appliance.pid}/environ`, 'utf8').split('\0');
    assert.ok(environment.includes('NODE_OPTIONS=--max-semi-space-size=16'), environment.join(' '));
    assert.ok(environment.includes('MALLOC_ARENA_MAX=2'), environment.join(' '));
    assert.ok(environment.includes('MALLOC_TRIM_THRESHOLD_=131072'), environment.join(' '));
    assert.equal((await appliance.stop()).code, 0);
  });
});
