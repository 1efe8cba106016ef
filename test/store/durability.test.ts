/** What was acknowledged is there after `kill -9`, whenever it comes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { it } from 'node:test';
import { openStore } from '../../src/store/index.ts';
import { temporaryDirectory } from './opened.ts';

const COMMITTER = join(import.meta.dirname, 'committer.ts');

/** Runs the committer until it has acknowledged so many numbers, then kills it. @returns all that it acknowledged. */
async function killedAfter(directory: string, first: number, count: number): Promise<number[]> {
  const child = spawn(process.execPath, [COMMITTER, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL');
  // A line that the kill cut short was acknowledged too, but cannot be told from a shorter number.
  return text.split('\n').slice(0, -1).map(Number);
}

it('every acknowledged change survives kill -9, run after run on the same store', async (t) => {
  const directory = temporaryDirectory(t);
  const acknowledged = new Set<number>();
  let seed = 20_260_101;
  for (let run = 0; run < 8; run++) {
    // A linear congruential generator: other moments in each run, the same ones in each test.
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    for (const n of await killedAfter(directory, run * 100_000, 1 + (seed % 900))) acknowledged.add(n);
    const store = await openStore(directory);
    const missing = [...acknowledged].filter(
      (n) => store.get<string>(`n/${String(n).padStart(9, '0')}`)?.length !== n % 700,
    );
    await store.close();
    assert.deepEqual(missing, [], `after run ${run} (${acknowledged.size} acknowledged)`);
  }
  assert.ok(acknowledged.size > 100);
});
