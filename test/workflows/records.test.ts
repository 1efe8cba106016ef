/** Workflows are the same after a restart as before, whatever was written of them in between. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Workflow } from '../../src/workflows/workflow.ts';
import { device, made, over, pushed } from './made.ts';

const FOUR = `version: "0.1"
name: four
global_timeout: 600
tasks:
  - name: os
    worker: "{{.device_1}}"
    actions: [${['a', 'b', 'c', 'd'].map((name) => `{name: ${name}, image: busybox, timeout: 60}`).join(', ')}]
on_failure: [{name: tidy, image: busybox, timeout: 60}]
`;

const plain = (workflow: Workflow | undefined): unknown => JSON.parse(JSON.stringify(workflow ?? null));

describe('the record of a workflow', () => {
  it('is read after a restart as it was written, hooks and all, and goes on from there', async (t) => {
    const first = await made(t);
    const machine = await pushed(first.machines, 1);
    await first.templates.create(FOUR);
    const { id } = await first.workflows.create({ template: 'four', devices: device(1) });
    let parts: Awaited<ReturnType<typeof over>> = first;
    for (const state of ['RUNNING', 'SUCCESS', 'RUNNING', 'SUCCESS', 'FAILED', 'RUNNING'] as const) {
      const given = await parts.assignments.ask(machine, 'boot');
      assert.ok(given.kind === 'action');
      await parts.assignments.report(machine, { ...given.key, boot: 'boot', state, at: 5, message: state });
      const before = plain(parts.workflows.get(id));
      await parts.store.close();
      parts = await over(first.directory);
      assert.deepEqual(plain(parts.workflows.get(id)), before);
      assert.deepEqual(plain((await parts.workflows.list())[0]), before);
    }
    assert.equal(parts.workflows.get(id).actions.length, 5);
    // Retried, it has no hooks any more; and then it is gone.
    await parts.workflows.tell(id, { command: 'cancel' });
    await parts.workflows.tell(id, { command: 'retry' });
    const retried = plain(parts.workflows.get(id));
    await parts.store.close();
    parts = await over(first.directory);
    t.after(() => parts.store.close());
    assert.deepEqual(plain(parts.workflows.get(id)), retried);
    assert.equal((await parts.store.entries('workflow-action/')).length, parts.workflows.get(id).actions.length);
    await parts.workflows.delete(id);
    for (const kind of ['workflow/', 'workflow-action/', 'workflow-plan/', 'workflow-active/', 'workflow-event/'])
      assert.deepEqual(await parts.store.entries(kind), []);
  });
});
