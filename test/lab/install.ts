/** `tinsmith lab` as a user runs it: its exit code, and what it measured. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { EXECUTABLE } from './scenario.ts';

interface Measured {
  machines: { name: string; hops: { name: string; at: number }[] }[];
}

/** Runs the lab to its end, and checks that every machine has called home. */
export async function installInLab(context: TestContext, flags: readonly string[]): Promise<void> {
  const child = spawn(EXECUTABLE, ['lab', '--output', 'json', '--timeout', '720', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise((done) => child.once('close', done));
  assert.equal(code, 0, `${output}\n${errors}`);
  const { machines } = JSON.parse(output) as Measured;
  for (const { name, hops } of machines) {
    context.diagnostic(`${name}: ${hops.map((hop) => `${hop.name} ${hop.at} s`).join(', ')}`);
    const passed = hops.map((hop) => hop.name);
    for (const hop of [
      'kernel fetched',
      'OSIE and worker fetched',
      'worker heard',
      'action write-image',
      'workflow SUCCESS',
    ]) {
      assert.ok(passed.includes(hop), `${name} has not passed "${hop}": ${passed.join(', ')}`);
    }
    assert.equal(passed.at(-1), 'installed system called home');
  }
}
