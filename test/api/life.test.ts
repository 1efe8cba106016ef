/** The life of a machine over HTTP: told where to go, seen on its way, and what was run on it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { seal } from '../../src/life/seal.ts';
import { agent, stage, task } from '../life/made.ts';
import { pushed } from '../workflows/made.ts';
import { running } from './running.ts';

const SECRET = 'hunter2-hunter2';

/** Machine 1, and stages `one` (tasks a and b) and `two` (task c). */
async function lively(t: TestContext) {
  const all = await running(t);
  await all.content.putAll([
    task('a'),
    task('b'),
    task('c'),
    stage('one', ['a', 'b']),
    stage('two', ['c']),
    { section: 'workflows', input: { name: 'both', stages: ['one', 'two'] } },
    { section: 'profiles', input: { name: 'rack', params: { size: 3 } } },
    { section: 'params', input: { name: 'password', secure: true } },
    { section: 'params', input: { name: 'size', schema: { type: 'integer', default: 1 } } },
  ]);
  const machine = await pushed(all.machines, 1);
  const path = `/api/v1/machines/machine-1`;
  const tell = async (word: string, body: object = {}) => all.call('POST', `${path}/${word}`, { body });
  const life = async () => (await all.call('GET', `${path}/life`)).json.data;
  return { ...all, machine, path, tell, life };
}

describe('a machine', () => {
  it('without a life has nothing of it', async (t) => {
    const { life, call, path } = await lively(t);
    const { tasks, currentTask, runnable, locked, unusable } = await life();
    assert.deepEqual([tasks, currentTask, runnable, locked, unusable], [[], 0, true, false, []]);
    assert.equal((await call('GET', path)).json.data.life, undefined);
    assert.equal((await call('GET', '/api/v1/machines/none/life')).status, 404);
  });

  it('enters a stage, and is shown on its way through it', async (t) => {
    const on = await lively(t);
    const entered = await on.tell('stage', { stage: 'one' });
    assert.equal(entered.status, 200, entered.text);
    assert.deepEqual([entered.json.data.stage, entered.json.data.tasks], ['one', ['a', 'b']]);
    const { run } = await agent(on, 1);
    const { job } = await run();
    assert.deepEqual([(await on.life()).currentTask, (await on.life()).job], [1, job.id]);
    const [listed] = (await on.call('GET', '/api/v1/machines')).json.data;
    assert.deepEqual(listed.life, { stage: 'one', runnable: true, locked: false, currentTask: 1, tasks: 2 });
    const early = await on.tell('stage', { stage: 'two' });
    assert.deepEqual([early.status, early.json.code], [409, 'CONFLICT']);
    assert.equal((await on.tell('stage', { stage: 'two', force: true })).json.data.stage, 'two');
    assert.equal((await on.tell('stage', { stage: 'nowhere' })).status, 404);
    assert.equal((await on.tell('stage', {})).status, 422);
  });

  it('goes through a list, and through none any more', async (t) => {
    const { tell } = await lively(t);
    const { json } = await tell('list', { list: 'both' });
    assert.deepEqual([json.data.list, json.data.stage], ['both', 'one']);
    assert.equal((await tell('list', { list: null })).json.data.list, undefined);
    assert.equal((await tell('list', { list: 'none' })).status, 404);
  });

  it('is paused, told to run, locked and unlocked', async (t) => {
    const { tell } = await lively(t);
    await tell('stage', { stage: 'one' });
    const paused = (await tell('pause')).json.data;
    assert.deepEqual([paused.runnable, paused.halt.why], [false, 'paused']);
    assert.match(paused.halt.at, /^1970-.*Z$/);
    assert.equal((await tell('run')).json.data.runnable, true);
    assert.equal((await tell('lock')).json.data.locked, true);
    assert.equal((await tell('pause')).json.code, 'CONFLICT');
    assert.equal((await tell('unlock')).json.data.locked, false);
  });

  it('is to boot another environment, if there is one', async (t) => {
    const { tell } = await lively(t);
    assert.equal((await tell('bootenv', { bootEnv: 'local' })).json.data.bootEnv, 'local');
    assert.equal((await tell('bootenv', { bootEnv: 'none' })).status, 404);
    assert.equal((await tell('bootenv', { bootEnv: 'ignore' })).status, 409);
  });

  it('gets other Tasks, of those that are still to come', async (t) => {
    const on = await lively(t);
    await on.tell('stage', { stage: 'one' });
    const { run } = await agent(on, 1);
    await run();
    const tasks = async (body: object) => (await on.tell('tasks', body)).json.data.tasks;
    assert.deepEqual(await tasks({ add: ['c'], at: 1 }), ['a', 'c', 'b']);
    assert.deepEqual(await tasks({ add: ['a'] }), ['a', 'c', 'b', 'a']);
    assert.deepEqual(await tasks({ remove: [2] }), ['a', 'c', 'a']);
    assert.deepEqual(await tasks({ set: ['a', 'b'] }), ['a', 'b']);
    assert.equal((await on.tell('tasks', { remove: [0] })).status, 409);
    assert.equal((await on.tell('tasks', { set: ['a'], add: ['b'] })).status, 422);
  });

  it('has params of its own and of its profiles, and never shows a secure one', async (t) => {
    const on = await lively(t);
    const sealed = seal(on.sealingPublicKey, SECRET);
    assert.equal((await on.call('GET', '/api/v1/sealing-key')).json.data.key, on.sealingPublicKey);
    const plain = await on.tell('params', { set: { password: SECRET } });
    assert.deepEqual([plain.status, plain.json.problems[0].field], [422, 'params.password']);
    const set = await on.tell('params', { set: { password: sealed, note: 'x' } });
    assert.deepEqual(set.json.data.params, { password: { sealed: true }, note: 'x' });
    await on.tell('profiles', { profiles: ['rack'] });
    const own = await on.call('GET', `${on.path}/params`);
    assert.deepEqual(own.json.data, {
      note: { value: 'x', from: 'machine' },
      password: { value: { sealed: true }, from: 'machine' },
    });
    const all = await on.call('GET', `${on.path}/params?aggregate`);
    assert.deepEqual(all.json.data.size, { value: 3, from: 'profile rack' });
    assert.deepEqual(all.json.data.password, { value: { sealed: true }, from: 'machine' });
    await on.content.delete('params', 'password');
    assert.ok(!(await on.call('GET', `${on.path}/params?aggregate`)).text.includes(sealed.payload));
    const unset = await on.tell('params', { unset: ['note'] });
    assert.equal(unset.json.data.params.note, undefined);
    assert.equal((await on.tell('profiles', { profiles: ['rack', 'rack'] })).status, 422);
  });

  it('previews a Task, its secrets masked', async (t) => {
    const on = await lively(t);
    const contents = '#!/bin/sh\necho {{ .Machine.Name }} {{ .Param "password" }}\n';
    await on.content.putAll([task('d', { templates: [{ name: 'say', contents }] })]);
    await on.tell('params', { set: { password: seal(on.sealingPublicKey, SECRET) } });
    const { status, json, text } = await on.call('POST', `${on.path}/tasks/preview`, { body: { task: 'd' } });
    assert.equal(status, 200, text);
    assert.match(json.data[0].content, /^#!\/bin\/sh\necho machine-1 /);
    assert.doesNotMatch(text, new RegExp(SECRET));
    assert.equal((await on.call('POST', `${on.path}/tasks/preview`, { body: { task: 'none' } })).status, 404);
  });
});

describe('Jobs', () => {
  it('are listed newest first, in pages, by what they are', async (t) => {
    const on = await lively(t);
    await on.tell('list', { list: 'both' });
    const { run } = await agent(on, 1);
    for (let i = 0; i < 3; i++) {
      on.time.now += 10;
      await run();
    }
    const tasksOf = async (query: string) =>
      (await on.call('GET', `/api/v1/jobs${query}`)).json.data.map(({ task: name }: { task: string }) => name);
    assert.deepEqual(await tasksOf(''), ['c', 'b', 'a']);
    assert.deepEqual(await tasksOf('?machine=machine-1&stage=one'), ['b', 'a']);
    assert.deepEqual(await tasksOf('?task=c&state=finished'), ['c']);
    assert.deepEqual(await tasksOf('?state=failed'), []);
    const { json: first } = await on.call('GET', '/api/v1/jobs?limit=2');
    assert.deepEqual(await tasksOf(`?limit=2&after=${first.next}`), ['a']);
    assert.equal((await on.call('GET', '/api/v1/jobs?machine=none')).status, 404);
    const [newest, before] = first.data;
    assert.equal(newest.previous, before.id);
    assert.deepEqual((await on.call('GET', `/api/v1/jobs/${before.id}`)).json.data, before);
  });

  it('give their output from any entry on', async (t) => {
    const on = await lively(t);
    await on.tell('stage', { stage: 'one' });
    const { ask, machine } = await agent(on, 1);
    const work = await ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    await on.assignments.report(machine, { ...work.key, boot: 'boot-1', at: on.clock(), state: 'RUNNING' });
    const entries = ['one\n', 'two\n', 'three\n'].map((text, at) => ({ at, stream: 'stdout' as const, text }));
    await on.output.log(machine, { ...work.key, from: 0, entries });
    const path = `/api/v1/jobs/${work.run.job}/log`;
    const { json } = await on.call('GET', path);
    assert.deepEqual(json.data, { state: 'running', entries, next: 3 });
    assert.deepEqual((await on.call('GET', `${path}?from=2`)).json.data.entries, [entries[2]]);
    assert.deepEqual((await on.call('GET', `${path}?from=3`)).json.data, { state: 'running', entries: [], next: 3 });
    assert.equal((await on.call('GET', '/api/v1/jobs/none/log')).status, 404);
  });

  it('are deleted and purged, but for the newest', async (t) => {
    const on = await lively(t);
    await on.tell('list', { list: 'both' });
    const { run } = await agent(on, 1);
    const ran: string[] = [];
    for (let i = 0; i < 3; i++) {
      on.time.now += 10;
      ran.push((await run()).job.id);
    }
    const purge = (body: object) => on.call('POST', '/api/v1/jobs/purge', { body });
    assert.equal((await purge({})).status, 422);
    on.time.now += 100_000;
    const ids = ({ json }: { json: { data: { id: string }[] } }) => json.data.map(({ id }) => id);
    assert.deepEqual(ids(await purge({ olderThan: 50, dryRun: true })).sort(), ran.slice(0, 2).sort());
    assert.deepEqual(ids(await purge({ olderThan: 200 })), []);
    assert.deepEqual(ids(await purge({ keep: 2 })), ran.slice(0, 1));
    assert.equal((await on.call('DELETE', `/api/v1/jobs/${ran[1]}`)).json.data.id, ran[1]);
    assert.deepEqual(ids(await on.call('GET', '/api/v1/jobs')), ran.slice(2));
  });

  it('have a number that never comes twice, also when the newest was deleted', async (t) => {
    const on = await lively(t);
    await on.tell('stage', { stage: 'one' });
    const { run, machine } = await agent(on, 1);
    await run();
    const { job: newest } = await run();
    await on.call('DELETE', `/api/v1/jobs/${newest.id}`);
    assert.equal((await on.lives.view(machine.id)).job, undefined);
    await on.tell('stage', { stage: 'two' });
    const { job } = await run();
    assert.deepEqual([newest.number, job.number], [2, 3]);
    assert.equal((await on.call('GET', '/api/v1/jobs')).json.data.length, 2);
  });

  it('take the ended workflows of stages with them, but for the one that the machine is in', async (t) => {
    const on = await lively(t);
    const { run, machine } = await agent(on, 1);
    const stages = ['one', 'two'];
    for (const stage of [...stages, ...stages]) {
      await on.tell('stage', { stage, force: true });
      while ((await on.lives.view(machine.id)).currentTask < on.lives.get(machine.id).tasks.length) await run();
    }
    const workflows = async () => (await on.workflows.list()).length;
    assert.equal(await workflows(), 4);
    const purge = (body: object) => on.call('POST', '/api/v1/jobs/purge', { body });
    await purge({ keep: 1, dryRun: true });
    assert.equal(await workflows(), 4);
    await purge({ keep: 1 });
    assert.deepEqual(
      (await on.workflows.list()).map(({ id }) => id),
      [on.lives.get(machine.id).workflow],
    );
  });
});
