/** Packs over a real store: added, replaced, removed, in the way of each other, and used. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packToYaml, parsePack } from '../../src/content/index.ts';
import { TinsmithError } from '../../src/errors.ts';
import { made, over, problemsOf, RACK, stage, task } from './examples.ts';

const pack = (name: string, sections: object, meta: object = {}) =>
  parsePack(JSON.stringify({ meta: { name, ...meta }, sections }));

describe('a pack', () => {
  it('is added in one change, with its objects, and is there after a restart', async (t) => {
    const { store, content, told, events } = await made(t);
    const { info, changes } = await content.addPack(parsePack(RACK));
    assert.deepEqual(info, {
      name: 'rack',
      version: '1.10',
      description: 'Machines of the test rack',
      objects: 11,
      unsupported: ['meta: Prerequisites', 'tasks/rack-look: ExtraRoles', 'plugins: ipmi', 'users: root'],
      layer: 'pack',
      updatedAt: 1000,
    });
    assert.equal(changes.length, 11);
    assert.deepEqual(changes[0], { section: 'bootenvs', name: 'flatcar-install', change: 'added' });
    assert.deepEqual(content.origin('tasks', 'rack-look'), { layer: 'pack', pack: 'rack', updatedAt: 1000 });
    assert.deepEqual(told, [
      { kind: 'pack.added', data: { name: 'rack', version: '1.10', added: 11, changed: 0, removed: 0 } },
    ]);
    assert.deepEqual(
      content.packs().map(({ name, layer }) => [name, layer]),
      [
        ['tinsmith', 'builtin'],
        ['rack', 'pack'],
      ],
    );
    const again = (await over(store)).content;
    assert.deepEqual(again.catalogue(), content.catalogue());
    assert.deepEqual(again.pack('rack'), parsePack(RACK));
    const { last } = events;
    assert.deepEqual((await content.addPack(parsePack(RACK))).changes, []);
    assert.equal(events.last, last, 'the same pack is no change');
    assert.match(packToYaml(content.pack('tinsmith')), /^meta:\n {2}name: tinsmith\n/);
    assert.throws(() => content.pack('x'), { code: 'NOT_FOUND' });
  });

  it('is replaced by a version of its own', async (t) => {
    const { content, told } = await made(t);
    await content.addPack(pack('p', { tasks: { a: {}, b: {}, c: {} } }));
    told.length = 0;
    const next = pack('p', { tasks: { b: { description: 'new' }, c: {}, d: {} } }, { version: '2' });
    const expected = [
      { section: 'tasks', name: 'a', change: 'removed' },
      { section: 'tasks', name: 'b', change: 'changed' },
      { section: 'tasks', name: 'd', change: 'added' },
    ];
    const dry = await content.addPack(next, { dryRun: true });
    assert.deepEqual([dry.changes, dry.info.version, content.pack('p').meta.version, told], [expected, '2', '', []]);
    assert.deepEqual((await content.addPack(next)).changes, expected);
    assert.deepEqual(
      content.list('tasks').map(({ name }) => name),
      ['b', 'c', 'd'],
    );
    assert.deepEqual(told, [
      { kind: 'pack.updated', data: { name: 'p', version: '2', added: 1, changed: 1, removed: 1 } },
    ]);
  });

  it('is not replaced or removed while what goes with it is used', async (t) => {
    let machines: string[] = [];
    const { content } = await made(t, { uses: (section) => (section === 'stages' ? machines : []) });
    await content.addPack(pack('p', { tasks: { a: {}, b: {} }, stages: { s: { tasks: ['b'] } } }));
    await content.put('stages', stage('mine', { tasks: ['a'] }).input);
    const without = pack('p', { tasks: { b: {} }, stages: { s: { tasks: ['b'] } } });
    for (const dryRun of [true, false]) {
      await assert.rejects(content.addPack(without, { dryRun }), {
        code: 'CONFLICT',
        message: 'Pack p cannot be replaced: task a is used by stage mine.',
      });
    }
    await assert.rejects(content.removePack('p'), {
      code: 'CONFLICT',
      message: 'Pack p cannot be removed: task a is used by stage mine.',
    });
    await content.delete('stages', 'mine');
    machines = ['web-01'];
    await assert.rejects(content.removePack('p'), {
      message: 'Pack p cannot be removed: stage s is used by machine web-01.',
    });
    machines = [];
    assert.equal((await content.removePack('p')).changes.length, 3);
    assert.deepEqual(content.list('tasks'), []);
    await assert.rejects(content.removePack('p'), { code: 'NOT_FOUND' });
  });

  it('that needs what it has no more is wrong, at its place', async (t) => {
    const { content } = await made(t);
    await content.addPack(pack('p', { tasks: { a: {} }, stages: { s: { tasks: ['a'] } } }));
    const text = `meta: {name: p}
sections:
  stages:
    s:
      Name: s
      Tasks:
        - a
  tasks:
    b:
      Templates:
        - Name: x
          Contents: |
            #!/bin/sh
              echo {{ if }}
`;
    await assert.rejects(content.addPack(parsePack(text)), (error) => {
      assert.ok(error instanceof TinsmithError);
      assert.deepEqual(
        error.problems.map(({ line, column, field }) => `${line}:${column} ${field}`),
        ['7:11 stages/s: tasks[0]', '14:26 tasks/b: templates[0].contents'],
      );
      return true;
    });
    assert.ok(content.find('tasks', 'a'));
  });

  it('is replaced and removed only as it was seen', async (t) => {
    const { content } = await made(t);
    await content.addPack(pack('p', { tasks: { a: {} } }));
    const allow = (before: object): void => {
      assert.equal(before, content.pack('p'));
      throw new Error('changed since');
    };
    await assert.rejects(content.addPack(pack('p', {}), { allow }), /changed since/);
    await assert.rejects(content.removePack('p', allow), /changed since/);
    await content.addPack(pack('q', {}), { allow });
  });
});

describe('layers', () => {
  it('do not overlap: packs with each other, and with what is local', async (t) => {
    const { content } = await made(t);
    await content.addPack(pack('one', { tasks: { a: {}, b: {} } }));
    await assert.rejects(content.addPack(pack('another', { tasks: { b: {}, c: {} } })), (error) => {
      assert.deepEqual(problemsOf(error), ['tasks/b: task b is in pack one and in pack another']);
      assert.match(String(error), /Task b is in pack one and in pack another/);
      return true;
    });
    await assert.rejects(content.put('tasks', task('a').input), {
      code: 'CONFLICT',
      message: 'Task a is in pack one and in the local objects: a name is given once.',
    });
    await assert.rejects(content.delete('tasks', 'a'), { code: 'CONFLICT', message: /of pack one/ });
    await content.put('tasks', task('c').input);
    await assert.rejects(content.addPack(pack('third', { tasks: { c: {} } })), {
      code: 'CONFLICT',
      message: 'Task c is in pack third and in the local objects: a name is given once.',
    });
    assert.equal(content.packs().length, 2);
  });

  it('let a pack have its own of what is built in, as long as it is there', async (t) => {
    const { content } = await made(t);
    const { changes } = await content.addPack(pack('dr', { bootenvs: { sledgehammer: { kernel: 'vmlinuz0' } } }));
    assert.deepEqual(changes, [{ section: 'bootenvs', name: 'sledgehammer', change: 'changed' }]);
    assert.equal(content.get('bootenvs', 'sledgehammer').kernel, 'vmlinuz0');
    assert.equal(content.origin('bootenvs', 'sledgehammer')?.pack, 'dr');
    await content.put('stages', stage('s', { bootEnv: 'sledgehammer' }).input);
    assert.deepEqual((await content.removePack('dr')).changes, changes);
    assert.equal(content.get('bootenvs', 'sledgehammer').kernel, '');
  });

  it('have the built-in pack for good', async (t) => {
    const { content } = await made(t);
    const refused = { code: 'CONFLICT', message: /built in/ };
    await assert.rejects(content.addPack(pack('tinsmith', {})), refused);
    await assert.rejects(content.removePack('tinsmith'), refused);
  });
});
