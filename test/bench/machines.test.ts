/** What the benchmark of machines takes for whole. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { makeFleet, STAGES, TASKS } from '../../bench/machines/fleet.ts';
import { lookWhole } from '../../bench/machines/whole.ts';
import { openParts } from '../../bench/workflows/parts.ts';

const MACHINES = 2;
const EACH = STAGES.length * TASKS;

async function fleet(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await makeFleet(join(folder, 'data'), join(folder, 'agents'), MACHINES);
  return folder;
}

/** Does as the load client does, and says `said` of each Task. */
async function workOff(folder: string, said: (machine: string, task: number) => string[]): Promise<void> {
  const { store, assignments, output } = await openParts(join(folder, 'data'));
  for (const line of (await readFile(join(folder, 'agents'), 'utf8')).trim().split('\n')) {
    const [, , boot = '', id = ''] = line.split(' ');
    const machine = { id, name: id };
    for (let task = 0; task < EACH; task++) {
      const work = await assignments.ask(machine, boot, id);
      assert.ok(work.kind === 'action' && work.run.kind === 'job');
      assert.deepEqual(work.run.steps, [{ name: 'say', content: `#!/bin/sh\necho "serial ${id}"\n` }]);
      const report = { ...work.key, boot, at: 0 };
      await assignments.report(machine, { ...report, state: 'RUNNING' });
      const entries = said(id, task).map((text) => ({ at: 0, stream: 'stdout' as const, text }));
      await output.log(machine, { ...work.key, from: 0, entries });
      await assignments.report(machine, { ...report, state: 'SUCCESS' });
    }
    assert.equal((await assignments.ask(machine, boot, id)).kind, 'idle');
  }
  await store.close();
}

it('a fleet whose agents have done everything is whole', async (t) => {
  const folder = await fleet(t);
  assert.deepEqual(await lookWhole(join(folder, 'data')), { jobs: 0, chains: 0, logs: 0 });
  await workOff(folder, (id, task) => [`serial ${id}\n`, `task ${task}\n`]);
  const whole = { jobs: MACHINES * EACH, chains: MACHINES, logs: MACHINES * EACH };
  assert.deepEqual(await lookWhole(join(folder, 'data')), whole);
});

it('a log with an entry too few, or in another order, is not', async (t) => {
  const folder = await fleet(t);
  await workOff(folder, (id, task) => {
    const all = [`serial ${id}\n`, `task ${task}\n`];
    if (task === 3) return all.reverse();
    return task === 5 ? all.slice(1) : all;
  });
  const { jobs, chains, logs } = await lookWhole(join(folder, 'data'));
  assert.deepEqual([jobs, chains, logs], [MACHINES * EACH, MACHINES, MACHINES * (EACH - 2)]);
});

it('a chain with a Job less is not', async (t) => {
  const folder = await fleet(t);
  await workOff(folder, (id, task) => [`serial ${id}\n`, `task ${task}\n`]);
  const { store, machines, jobs } = await openParts(join(folder, 'data'));
  const [first] = await machines.list();
  const lost = (await jobs.chain(first?.id ?? ''))[4]?.id ?? '';
  await jobs.delete(lost);
  await store.close();
  const found = await lookWhole(join(folder, 'data'));
  assert.deepEqual([found.jobs, found.chains], [MACHINES * EACH - 1, MACHINES - 1]);
});
