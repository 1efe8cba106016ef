/** The life of a machine and its Jobs on the command line, against the appliance's own API. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { open, sealingKeys } from '../../src/life/seal.ts';
import { running } from '../api/running.ts';
import { agent, stage, task } from '../life/made.ts';
import { pushed } from '../workflows/made.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext) {
  const all = await running(t);
  await all.content.putAll([
    ...[task('a'), task('b'), task('c'), stage('one', ['a', 'b']), stage('two', ['c'])],
    { section: 'workflows', input: { name: 'both', stages: ['one', 'two'] } },
    { section: 'profiles', input: { name: 'rack', params: { size: 3 } } },
    { section: 'params', input: { name: 'password', secure: true, schema: { type: 'string' } } },
    { section: 'params', input: { name: 'label', schema: { type: 'string' } } },
    { section: 'params', input: { name: 'size', schema: { type: 'integer', default: 1 } } },
  ]);
  const machine = await pushed(all.machines, 1);
  const tinsmith = (words: string[], environment = {}) =>
    run({ url: all.url }, words, { environment: { TINSMITH_TOKEN: all.adminToken, ...environment } });
  /** A command about the machine that goes well. */
  const on = async (word: string, ...rest: string[]) => {
    const { code, out, err } = await tinsmith(['machine', word, 'machine-1', ...rest]);
    assert.equal(code, 0, err);
    return out;
  };
  return { ...all, machine, tinsmith, on };
}

describe('machine', () => {
  it('goes where it is told, and says where it is', async (t) => {
    const { on, tinsmith } = await appliance(t);
    assert.equal(await on('stage', 'one'), 'Machine machine-1: stage one\n');
    assert.equal((await tinsmith(['machine', 'stage', 'machine-1', 'two'])).code, 65);
    assert.equal(await on('stages', 'both', '--force'), 'Machine machine-1: list both, stage one\n');
    assert.equal(await on('stages'), 'Machine machine-1: no list of stages\n');
    assert.match(await on('pause'), /^Machine machine-1: not runnable: /);
    const shown = await on('life');
    assert.match(shown, /\| Stage +\| one +\|/);
    assert.match(shown, /\| Halted +\| paused: /);
    assert.equal(await on('run'), 'Machine machine-1: runnable\n');
    assert.equal(await on('lock'), 'Machine machine-1: locked, runnable\n');
    assert.equal(await on('unlock'), 'Machine machine-1: runnable\n');
    assert.match(await on('bootenv', 'local', '--force'), /^Machine machine-1: boot environment local/);
    assert.equal(JSON.parse(await on('life', '-o', 'json')).data.bootEnv, 'local');
  });

  it('has its Tasks listed, changed and previewed', async (t) => {
    const { on, tinsmith } = await appliance(t);
    await on('stage', 'one');
    assert.equal(
      await on('tasks', 'add', 'c', '--at', '1', '-o', 'csv'),
      'Position,Task,State\n0,a,to come\n1,c,to come\n2,b,to come\n',
    );
    assert.match(await on('tasks', 'delete', '0', '2', '--no-headers', '-o', 'csv'), /^0,c,to come\n$/);
    assert.match(await on('tasks', 'set', 'b', '--no-headers', '-o', 'csv'), /^0,b,to come\n$/);
    assert.equal(await on('tasks', 'preview', 'a'), '==> script: a script <==\n#!/bin/sh\ntrue\n');
    for (const words of [['add'], ['delete', 'x'], ['preview'], ['list', 'x'], ['set', 'a', '--at', '1'], ['nonsense']])
      assert.equal((await tinsmith(['machine', 'tasks', 'machine-1', ...words])).code, 64, words.join(' '));
  });

  it('has params: JSON or text, and what is secure leaves the command line sealed', async (t) => {
    const { on, tinsmith, lives, machine, directory, logged } = await appliance(t);
    await on('param', 'set', 'size', '5');
    await on('param', 'set', 'label', '12345');
    await on('param', 'set', 'note', '{"a":[1]}');
    const words = ['machine', 'param', 'machine-1', 'set', 'password', 'env:PASSWORD'];
    const { code, out } = await tinsmith(words, { PASSWORD: 'hunter2' });
    assert.deepEqual([code, out], [0, 'Set password of machine-1\n']);
    const { params } = lives.get(machine.id);
    assert.deepEqual({ ...params, password: 0 }, { size: 5, label: '12345', note: { a: [1] }, password: 0 });
    assert.equal(open(sealingKeys(directory).privateKey, params.password), 'hunter2');
    assert.doesNotMatch(logged.join(), /hunter2/);
    assert.equal(await on('param', 'get', 'label'), '12345\n');
    assert.equal(await on('param', 'get', 'password'), '{"sealed":true}\n');
    assert.match(await on('param', '-o', 'csv'), /^size,5,machine$/m);
    await on('param', 'unset', 'size');
    assert.equal((await tinsmith(['machine', 'param', 'machine-1', 'get', 'size'])).code, 66);
    assert.equal(await on('param', 'get', 'size', '--aggregate'), '1\n');
    assert.equal((await tinsmith(['machine', 'param', 'machine-1', 'set', 'size', 'x'])).code, 65);
    for (const wrong of [['set'], ['set', 'x'], ['get'], ['list', 'x'], ['unset', 'x', 'y']])
      assert.equal((await tinsmith(['machine', 'param', 'machine-1', ...wrong])).code, 64, wrong.join(' '));
  });

  it('has profiles', async (t) => {
    const { on, tinsmith, content } = await appliance(t);
    await content.putAll([{ section: 'profiles', input: { name: 'other' } }]);
    assert.equal(await on('profile', 'add', 'rack', 'other', 'rack', '-o', 'csv'), 'Profile\nrack\nother\n');
    assert.equal(await on('profile', 'remove', 'rack', '-o', 'json'), '{"data":["other"]}\n');
    assert.equal((await tinsmith(['machine', 'profile', 'machine-1', 'remove', 'rack'])).code, 64);
    assert.equal((await tinsmith(['machine', 'profile', 'machine-1', 'add'])).code, 64);
  });
});

describe('job', () => {
  it('is listed, shown, read and purged', async (t) => {
    const all = await appliance(t);
    const { on, tinsmith, assignments, output } = all;
    assert.equal((await tinsmith(['machine', 'log', 'machine-1'])).code, 66);
    await on('stage', 'one');
    const { run: runTask, ask, machine } = await agent(all, 1);
    const first = await runTask();
    all.time.now += 10;
    const work = await ask();
    assert.ok(work.kind === 'action' && work.run.kind === 'job');
    const entries = [{ at: 1, stream: 'stdout' as const, text: 'hello\n' }];
    await assignments.report(machine, { ...work.key, boot: 'boot-1', at: 1, state: 'RUNNING' });
    await output.log(machine, { ...work.key, from: 0, entries });
    assert.equal(await on('log'), 'hello\n');
    await assignments.report(machine, { ...work.key, boot: 'boot-1', at: 2, state: 'SUCCESS' });
    const id = work.run.job;
    assert.match(await on('jobs', '-o', 'csv'), new RegExp(`^${id},machine-1,one,b,finished,`, 'm'));
    assert.equal((await tinsmith(['job', 'list', '-q', '--task', 'a'])).out, `${first.job.id}\n`);
    assert.equal(JSON.parse((await tinsmith(['job', 'get', id, '-o', 'json'])).out).data[0].previous, first.job.id);
    assert.equal((await tinsmith(['job', 'log', '-f', id])).out, 'hello\n');
    const purge = (...words: string[]) => tinsmith(['job', 'purge', ...words, '--no-headers']);
    all.time.now += 86_400_000;
    assert.match((await purge('--older-than', '12h', '--dry-run')).out, /^Would delete Jobs: {2}1$/m);
    assert.match((await purge('--older-than', '2d')).out, /^Deleted Jobs: {2}0$/m);
    assert.match((await purge('--keep', '1')).out, /^Deleted Jobs: {2}1$/m);
    assert.equal((await tinsmith(['job', 'get', first.job.id])).code, 66);
    assert.equal((await purge()).code, 64);
    assert.equal((await purge('--older-than', 'long')).code, 64);
  });
});
