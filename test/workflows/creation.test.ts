/** What can fail before a machine has begun fails when the workflow is created, and nothing is stored. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Problem } from '../../src/errors.ts';
import { hardware, idOf } from '../machines/examples.ts';
import { device, made, pushed, TWO_ACTIONS } from './made.ts';

describe('creating a workflow', () => {
  for (const [what, devices, problem] of [
    ['whose worker is no machine', device(9), { field: 'tasks[0].worker', line: 6, column: 13 }],
    ['whose worker is empty', { device_1: '' }, { field: 'tasks[0].worker', line: 6 }],
    ['with a hole that has no value', { device_2: 'x' }, { line: 6, column: 16 }],
  ] as const) {
    it(`${what} is refused with the place in the template`, async (t) => {
      const { workflows, templates, machines, store } = await made(t);
      await pushed(machines, 1);
      await templates.create(TWO_ACTIONS);
      await assert.rejects(
        workflows.create({ template: 'install', devices: devices }),
        (error: { code: string; problems: Problem[] }) => {
          assert.equal(error.code, 'INVALID_INPUT');
          const [first] = error.problems;
          for (const [key, value] of Object.entries(problem))
            assert.equal(first?.[key as keyof Problem], value, `${key}: ${JSON.stringify(first)}`);
          return true;
        },
      );
      assert.deepEqual(await store.values('workflow/'), []);
      assert.deepEqual(await store.values('work/'), []);
    });
  }

  it('for a machine that is not open to workflows is refused, unless one of its cards is', async (t) => {
    const { workflows, templates, machines } = await made(t);
    await pushed(machines, 1, { allow_workflow: false });
    await pushed(machines, 2, { allow_workflow: true });
    await templates.create(TWO_ACTIONS);
    await assert.rejects(workflows.create({ template: 'install', devices: device(1) }), {
      code: 'INVALID_INPUT',
      message: /machine-1 is not open to workflows: allow_workflow is false/,
    });
    assert.equal((await workflows.create({ template: 'install', devices: device(2) })).state, 'PENDING');
  });

  it('of a template that there is not is refused', async (t) => {
    const { workflows } = await made(t);
    await assert.rejects(workflows.create({ template: 'nothing', devices: {} }), { code: 'NOT_FOUND' });
  });

  it('for a machine that is just being deleted is refused', async (t) => {
    const { workflows, templates, machines } = await made(t);
    const machine = await pushed(machines, 1);
    await templates.create(TWO_ACTIONS);
    const deleting = machines.delete(machine.id);
    await assert.rejects(workflows.create({ template: 'install', devices: device(1) }), { code: 'CONFLICT' });
    await deleting;
  });

  it('gives the template the machine’s hardware and what the appliance adds', async (t) => {
    const { workflows, templates, machines } = await made(t);
    await pushed(machines, 1);
    await templates.create(
      TWO_ACTIONS.replace(
        'image: wipe',
        'image: "wipe:{{ (index .Hardware.Interfaces 0).dhcp.hostname }}"\n        environment: { FROM: "{{ .tinsmith.url }}" }',
      ),
    );
    const { actions, rendered } = await workflows.create({ template: 'install', devices: device(1) });
    assert.match(rendered, /http:\/\/for-machine-1/);
    const run = actions[0]?.run;
    assert.equal(run?.kind === 'image' && run.image, 'wipe:machine-1');
  });
});

describe('.references', () => {
  it('is the hardware data of the machines that the machine’s own names', async (t) => {
    const { workflows, templates, machines } = await made(t);
    await pushed(machines, 2);
    const reference = { name: 'machine-2', namespace: 'default', resource: 'hardware' };
    await machines.push([
      { ...hardware(1), references: { rack: reference, other: { name: 'x', resource: 'configmaps' } } },
    ]);
    const named = (name: string): string =>
      TWO_ACTIONS.replace('name: install', `name: ${name}`).replace(
        'image: wipe',
        `image: "wipe:{{ .references.${name}.id }}"`,
      );
    await templates.create(named('rack'));
    await templates.create(named('other'));
    const { rendered } = await workflows.create({ template: 'rack', devices: device(1) });
    assert.ok(rendered.includes(`wipe:${idOf(2)}`), rendered);
    await assert.rejects(workflows.create({ template: 'other', devices: device(1) }), {
      code: 'INVALID_INPUT',
      message: /other/,
    });
  });
});

describe('templates', () => {
  it('are found by name and id, replaced, deleted; workflows keep what they were made of', async (t) => {
    const { workflows, templates, machines } = await made(t);
    await pushed(machines, 1);
    const { id } = await templates.create(TWO_ACTIONS);
    const workflow = await workflows.create({ template: id, devices: device(1) });
    const updated = await templates.update('install', TWO_ACTIONS.replace('name: install', 'name: other'));
    assert.deepEqual([updated.id, updated.name], [id, 'other']);
    assert.throws(() => templates.find('install'), { code: 'NOT_FOUND' });
    assert.equal(templates.find('other').id, id);
    await templates.delete('other');
    assert.deepEqual(await templates.list(), []);
    assert.equal(workflows.get(workflow.id).name, 'install');
  });

  it('with the name of another are refused, and nothing is changed', async (t) => {
    const { templates } = await made(t);
    await templates.create(TWO_ACTIONS);
    const other = await templates.create(TWO_ACTIONS.replace('name: install', 'name: other'));
    await assert.rejects(templates.create(TWO_ACTIONS), { code: 'CONFLICT' });
    await assert.rejects(templates.update('other', TWO_ACTIONS), { code: 'CONFLICT' });
    assert.equal(templates.find('other').id, other.id);
  });

  it('that cannot be read are refused with line and column', async (t) => {
    const { templates } = await made(t);
    await assert.rejects(
      templates.create(TWO_ACTIONS.replace('image: wipe', 'imagine: wipe')),
      (error: { problems: Problem[] }) => {
        const found = error.problems.find(({ message }) => /unknown key "imagine"; did you mean "image"/.test(message));
        assert.deepEqual([found?.line, found?.column], [9, 9]);
        return true;
      },
    );
    assert.deepEqual(await templates.list(), []);
  });
});
