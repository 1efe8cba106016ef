import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

/** Prints the priority of the main thread before and after, and that of a thread that was there already. */
const SCRIPT = `
  import { getPriority } from 'node:os';
  import { Worker } from 'node:worker_threads';
  import { goFirst } from ${JSON.stringify(new URL('../../src/appliance/priority.ts', import.meta.url).href)};
  const worker = new Worker(
    "const { parentPort } = require('node:worker_threads');" +
      "parentPort.on('message', () => parentPort.postMessage(require('node:os').getPriority()));",
    { eval: true, execArgv: [] },
  );
  await new Promise((resolve) => worker.once('online', resolve));
  const before = getPriority();
  goFirst();
  worker.postMessage('');
  const ofWorker = await new Promise((resolve) => worker.once('message', resolve));
  console.log(JSON.stringify([before, getPriority(), ofWorker]));
  process.exit();
`;
const run = (...before: string[]): unknown => {
  const [program = '', ...words] = [...before, process.execPath, '--input-type=module', '--eval', SCRIPT];
  return JSON.parse(execFileSync(program, words, { encoding: 'utf8' }));
};

const isRoot = process.getuid?.() === 0;
it('only the calling thread goes first', { skip: isRoot ? false : 'needs root' }, () => {
  assert.deepEqual(run(), [0, -10, 0]);
});

it('nothing is changed, and nothing thrown, without the right to', { skip: isRoot ? false : 'needs root' }, () => {
  assert.deepEqual(run('setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'), [0, 0, 0]);
});
