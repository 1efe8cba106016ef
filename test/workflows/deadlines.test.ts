/** Limits that are over are noticed by a timer, not by somebody who asks; and so are they after a restart. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { device, made, over, pushed, TWO_ACTIONS } from './made.ts';

/** Resolves when an event of this kind is recorded. */
function recorded({ events }: Pick<Awaited<ReturnType<typeof made>>, 'events'>, kind: string): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = events.listen((event) => {
    if (event.kind !== kind) return;
    stop();
    resolve();
  });
  // The timers keep nothing up: the test does.
  const up = setInterval(() => {}, 1000);
  return promise.finally(() => clearInterval(up));
}

async function running(t: TestContext) {
  const all = await made(t);
  const machine = await pushed(all.machines, 1);
  await all.templates.create(TWO_ACTIONS);
  const { id } = await all.workflows.create({ template: 'install', devices: device(1) });
  const report = { workflow: id, action: 0, attempt: 1, boot: 'b', state: 'RUNNING', at: 1 } as const;
  await all.assignments.report(machine, report);
  return { ...all, machine, id };
}

it('a workflow ends at its limit, without anybody asking', async (t) => {
  const all = await running(t);
  assert.equal(
    all.workflows.dueAt(all.workflows.get(all.id)),
    1_000_000 + 180_000,
    'the action of 60 s, if it is silent',
  );
  all.time.now += 600_000;
  const ended = recorded(all, 'workflow.ended');
  // It looks again when something of the workflow changes, and finds that it is late.
  await all.workflows.tell(all.id, { command: 'pause' });
  await ended;
  const { state, message } = all.workflows.get(all.id);
  assert.equal(state, 'TIMEOUT', message);
  assert.equal(all.told.stopped[0]?.[1].action, 0, 'its worker is told');
});

it('limits that passed while the appliance was away are noticed when it starts', async (t) => {
  const before = await running(t);
  before.deadlines.stop();
  await before.store.close();
  const after = await over(before.directory);
  t.after(() => after.store.close());
  after.time.now += 600_000;
  const ended = recorded(after, 'workflow.ended');
  await after.deadlines.start();
  await ended;
  assert.equal(after.workflows.get(before.id).state, 'TIMEOUT');
  after.deadlines.stop();
});
