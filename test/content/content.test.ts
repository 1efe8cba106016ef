/** Content over a real store: put, deleted, and refused with nothing changed. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Level } from 'level';
import type { Section } from '../../src/content/index.ts';
import { Store } from '../../src/store/index.ts';
import { opened, temporaryDirectory } from '../store/opened.ts';
import { made, over, problemsOf, profile, stage, task } from './examples.ts';

/** A store whose writes fail when they are told to. */
async function flaky(t: TestContext) {
  const db = new Level<string, string>(temporaryDirectory(t));
  await db.open();
  const begin = db.batch.bind(db);
  let failures = 0;
  const failing = () => {
    const batch = begin();
    if (failures === 0) return batch;
    failures--;
    const write = async (): Promise<void> => {
      await batch.close();
      throw new Error('EIO');
    };
    return Object.assign(batch, { write });
  };
  Object.assign(db, { batch: failing });
  const store = new Store(db);
  t.after(() => store.close());
  return {
    store,
    failOnce(): void {
      failures = 1;
    },
  };
}

describe('an object', () => {
  it('is put in either writing, found, replaced, and read again after a restart', async (t) => {
    let now = 1000;
    const { store, content, told } = await made(t, { clock: () => now });
    const first = await content.put('tasks', { Name: 'wipe', Templates: [{ Name: 'x', Contents: 'y', Link: 'z' }] });
    assert.deepEqual([first.created, first.unsupported], [true, ['tasks/wipe: templates[0].Link']]);
    assert.deepEqual(content.get('tasks', 'wipe'), first.object);
    assert.deepEqual(content.origin('tasks', 'wipe'), { layer: 'local', updatedAt: 1000 });
    now = 1005;
    const second = await content.put('tasks', { name: 'wipe', description: 'All disks' });
    assert.equal(second.created, false);
    assert.equal(content.find('tasks', 'wipe')?.description, 'All disks');
    assert.deepEqual(content.origin('tasks', 'wipe')?.updatedAt, 1005);
    assert.deepEqual(content.list('tasks'), [second.object]);
    assert.deepEqual(told, [
      { kind: 'content.changed', data: { section: 'tasks', name: 'wipe', change: 'added' } },
      { kind: 'content.changed', data: { section: 'tasks', name: 'wipe', change: 'changed' } },
    ]);
    const again = await over(store);
    assert.deepEqual(again.content.catalogue(), content.catalogue());
    await again.content.put('stages', { name: 's', tasks: ['wipe'] });
  });

  it('put as it is changes nothing', async (t) => {
    let now = 1000;
    const { content, events } = await made(t, { clock: () => now });
    await content.put('tasks', task('a').input);
    const { last } = events;
    now = 2000;
    assert.equal((await content.put('tasks', task('a').input)).created, false);
    assert.deepEqual([events.last, content.origin('tasks', 'a')?.updatedAt], [last, 1000]);
  });

  it('that is not there is not found', async (t) => {
    const { content } = await made(t);
    assert.equal(content.find('tasks', 'x'), undefined);
    assert.throws(() => content.get('workflows', 'x'), { code: 'NOT_FOUND', message: 'There is no list of stages x.' });
    await assert.rejects(content.delete('tasks', 'x'), { code: 'NOT_FOUND' });
    assert.equal(content.origin('tasks', 'x'), undefined);
  });

  it('that is wrong is refused with all that is wrong, by its fields', async (t) => {
    const { content, events } = await made(t);
    const { last } = events;
    await assert.rejects(content.put('tasks', { name: 'a', templates: 3, tusks: 1 }), (error) => {
      assert.deepEqual(problemsOf(error), [
        'tusks: unknown key "tusks"; known are name, description, documentation, meta, templates, requiredParams, optionalParams, prerequisites',
        'templates: Invalid input: expected array, received number',
      ]);
      return true;
    });
    await assert.rejects(content.put('stages', { name: 's', tasks: ['a'], bootEnv: 'b' }), (error) => {
      assert.deepEqual(problemsOf(error), ['bootEnv: there is no boot environment b', 'tasks[0]: there is no task a']);
      assert.match(String(error), /Stage s is not usable: bootEnv: there is no boot environment b \(and 1 more\)\./);
      return true;
    });
    for (const input of [null, 'text', [], 7, { name: 'a', params: { x: Number.NaN } }])
      await assert.rejects(content.put('profiles', input), { code: 'INVALID_INPUT' });
    assert.equal(events.last, last);
  });

  it('that makes others wrong is refused', async (t) => {
    const { content } = await made(t);
    await content.put('profiles', { name: 'p', params: { count: 'three' } });
    await assert.rejects(content.put('params', { name: 'count', schema: { type: 'integer' } }), (error) => {
      assert.deepEqual(problemsOf(error), ['profiles/p: params.count: must be integer']);
      return true;
    });
    assert.equal(content.find('params', 'count'), undefined);
  });

  it('is replaced and deleted only as it was seen', async (t) => {
    const { content } = await made(t);
    const { object } = await content.put('tasks', task('a').input);
    const seen: object[] = [];
    const refuse = (before: object): void => {
      seen.push(before);
      throw new Error('changed since');
    };
    await assert.rejects(content.put('tasks', { name: 'a' }, { allow: refuse }), /changed since/);
    await assert.rejects(content.delete('tasks', 'a', refuse), /changed since/);
    assert.deepEqual(seen, [object, object]);
    assert.equal(content.get('tasks', 'a'), object);
    await content.put('tasks', { name: 'b' }, { allow: refuse });
  });

  it('is not deleted while others use it, or machines', async (t) => {
    const uses = (section: Section, name: string): string[] =>
      section === 'stages' && name === 's' ? ['web-01', 'web-02'] : [];
    const { content, told } = await made(t, { uses });
    await content.putAll([
      task('a'),
      task('b', { prerequisites: ['a'] }),
      stage('s', { tasks: ['a', 'b'], params: { count: 1 } }),
      { section: 'params', input: { name: 'count' } },
      { section: 'templates', input: { id: 'part', contents: 'x' } },
      task('caller', { templates: [{ name: 'c', contents: '{{- template "part" . }}' }] }),
    ]);
    told.length = 0;
    for (const [section, name, message] of [
      ['tasks', 'a', 'Task a cannot be deleted: task a is used by stage s, task b.'],
      ['stages', 's', 'Stage s cannot be deleted: stage s is used by machines web-01, web-02.'],
      ['params', 'count', 'Param count cannot be deleted: param count is used by stage s.'],
      ['templates', 'part', 'Shared template part cannot be deleted: shared template part is used by task caller.'],
    ] as const) {
      await assert.rejects(content.delete(section, name), { code: 'CONFLICT', message });
    }
    content.usedBy = async () => [];
    await content.delete('stages', 's');
    await content.delete('tasks', 'b');
    assert.equal((await content.delete('tasks', 'a')).name, 'a');
    assert.deepEqual(
      told.map(({ data }) => data),
      ['stages/s', 'tasks/b', 'tasks/a'].map((key) => {
        const [section, name] = key.split('/');
        return { section, name, change: 'removed' };
      }),
    );
  });

  it('may use itself when it goes', async (t) => {
    const { content } = await made(t);
    await content.put('stages', stage('s', { params: { 'change-stage/map': { s: 's' } } }).input);
    await content.delete('stages', 's');
  });

  it('that is built in is neither replaced nor deleted', async (t) => {
    const { content } = await made(t);
    assert.deepEqual(content.origin('stages', 'local'), { layer: 'builtin', pack: 'tinsmith' });
    await assert.rejects(content.put('stages', { name: 'local' }), {
      code: 'CONFLICT',
      message: 'Stage local is in the built-in pack tinsmith and in the local objects: a name is given once.',
    });
    await assert.rejects(content.delete('stages', 'local'), { code: 'CONFLICT', message: /built-in pack/ });
    assert.deepEqual(
      content.list('bootenvs').map(({ name }) => name),
      ['ignore', 'local', 'osie', 'sledgehammer'],
    );
    assert.deepEqual(content.get('stages', 'none').tasks, []);
    assert.equal(content.get('stages', 'local').bootEnv, 'local');
  });
});

describe('several objects', () => {
  it('are put all or none, and may need each other', async (t) => {
    const { content, events } = await made(t);
    const good = [stage('s', { tasks: ['a'] }), task('a'), profile('p')];
    const { last } = events;
    await assert.rejects(content.putAll([...good, stage('t', { tasks: ['b'] })]), (error) => {
      assert.deepEqual(problemsOf(error), ['stages/t: tasks[0]: there is no task b']);
      return true;
    });
    await assert.rejects(content.putAll([...good, task('a'), { section: 'tasks', input: { Name: '' } }]), (error) => {
      assert.deepEqual(problemsOf(error)[0], '[3]: there is another tasks/a before it');
      assert.match(problemsOf(error)[1] ?? '', /^\[4\]\.name: /);
      return true;
    });
    assert.deepEqual([events.last, content.list('tasks')], [last, []]);
    const puts = await content.putAll(good);
    assert.deepEqual(
      puts.map(({ created }) => created),
      [true, true, true],
    );
    assert.deepEqual(content.get('stages', 's').tasks, ['a']);
  });
});

describe('changes at once', () => {
  it('are checked against each other', async (t) => {
    const { content } = await made(t);
    await content.put('tasks', task('a').input);
    const [deleted, put] = await Promise.allSettled([
      content.delete('tasks', 'a'),
      content.put('stages', { name: 's', tasks: ['a'] }),
    ]);
    assert.equal([deleted, put].filter(({ status }) => status === 'fulfilled').length, 1);
    assert.deepEqual(content.faults(), []);
    const many = Array.from({ length: 50 }, (_, i) => content.put('tasks', task(`t${i}`).input));
    many.push(content.put('tasks', task('last', { prerequisites: ['t49'] }).input));
    await Promise.all(many);
    assert.equal(content.get('tasks', 'last').prerequisites[0], 't49');
  });

  it('that cannot be written leave all as it was, with what was decided on top of them', async (t) => {
    const { store, failOnce } = await flaky(t);
    const { content, told } = await over(store);
    await content.put('tasks', task('kept').input);
    told.length = 0;
    failOnce();
    const first = content.put('tasks', task('a').input);
    await null;
    await null;
    const second = content.put('stages', { name: 's', tasks: ['a'] });
    await assert.rejects(first, { code: 'STORE_WRITE_FAILED' });
    await assert.rejects(second, { code: 'STORE_WRITE_FAILED' });
    assert.deepEqual([content.find('tasks', 'a'), content.find('stages', 's'), told], [undefined, undefined, []]);
    await assert.rejects(content.put('stages', { name: 's', tasks: ['a'] }), { code: 'INVALID_INPUT' });
    await content.put('stages', { name: 's', tasks: ['kept'] });
    assert.deepEqual((await over(store)).content.catalogue(), content.catalogue());
  });
});

describe('what an earlier version took', () => {
  it('is there, is told, and keeps nobody from other changes', async (t) => {
    const store = await opened(t);
    const { content } = await over(store);
    const { object } = await content.put('stages', { name: 's' });
    const broken = { section: 'stages', object: { ...object, tasks: ['gone'] }, createdAt: 1, updatedAt: 1 };
    const overlapping = { section: 'stages', object: { ...object, name: 'none' }, createdAt: 1, updatedAt: 1 };
    await store.change((transaction) => {
      transaction.put('content/stages/s', broken);
      transaction.put('content/stages/none', overlapping);
    });
    const later = (await over(store)).content;
    assert.deepEqual(later.faults(), [{ field: 'stages/s: tasks[0]', message: 'there is no task gone' }]);
    assert.equal(later.origin('stages', 'none')?.layer, 'local');
    await later.put('tasks', task('other').input);
    await assert.rejects(later.put('stages', { name: 't', tasks: ['gone'] }), { code: 'INVALID_INPUT' });
    await later.put('tasks', task('gone').input);
    assert.deepEqual(later.faults(), []);
    await later.delete('stages', 'none');
    assert.equal(later.origin('stages', 'none')?.layer, 'builtin');
  });
});
