/** The commands against the appliance's own API, where the other tests have an appliance that says what it is told. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { running } from '../api/running.ts';
import { macOf } from '../machines/examples.ts';
import { device, pushed, TWO_ACTIONS } from '../workflows/made.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext) {
  const all = await running(t);
  await pushed(all.machines, 1);
  await all.templates.create(
    TWO_ACTIONS.replace('image: wipe', 'image: wipe\n        environment: {P: "{{.secrets.p}}"}'),
  );
  const tinsmith = (words: string[], options: Parameters<typeof run>[2] = {}) =>
    run({ url: all.url }, words, {
      ...options,
      environment: { TINSMITH_TOKEN: all.adminToken, ...options.environment },
    });
  return { ...all, tinsmith };
}

describe('the command line with a real appliance', () => {
  it('makes a workflow, tells it what to do, and sees it cancelled', async (t) => {
    const { tinsmith, logged } = await appliance(t);
    const flags = ['-t', 'install', '-r', JSON.stringify(device(1)), '--secret', 'p=hunter2'];
    const made = await tinsmith(['workflow', 'create', ...flags]);
    assert.equal(made.code, 0, made.err);
    const id = /Created Workflow: {2}(\S+)/.exec(made.out)?.[1] ?? '';
    const on = async (...words: string[]) => {
      const { code, out, err } = await tinsmith(['workflow', ...words]);
      assert.equal(code, 0, err);
      return out;
    };
    await on('pause', id);
    assert.match(await on('state', id, '-o', 'csv'), /Paused Since,\d/);
    await on('resume', id);
    assert.match(await on('skip', id, 'wipe'), /now at os\/restart/);
    await on('cancel', id);
    const waited = await tinsmith(['workflow', 'wait', id]);
    assert.equal(waited.code, 1);
    assert.match(waited.err, /ended CANCELLED/);
    const watched = await tinsmith(['workflow', 'watch', id]);
    assert.equal(watched.code, 1);
    for (const text of ['workflow paused', 'workflow resumed', 'SKIPPED', 'workflow CANCELLED'])
      assert.ok(watched.out.includes(text), watched.out);
    await on('retry', id, '--from', 'wipe');
    assert.equal((await on('list', '-q', '--state', 'CANCELLED')).trim(), '');
    assert.match(await on('events', id), /STATE_SKIPPED/);
    assert.equal((await on('logs', id)).trim(), '');
    assert.doesNotMatch(JSON.stringify([made, watched, await on('get', id, '-o', 'json')]), /hunter2/);
    assert.doesNotMatch(logged.join(), /hunter2/);
    await on('delete', id);
  });

  it('writes and reads data, its versions, and what is wrong with it', async (t) => {
    const { tinsmith, workflows } = await appliance(t);
    const { id } = await workflows.create({ template: 'install', devices: device(1), secrets: { p: 'hunter2' } });
    const set = (text: string, ...flags: string[]) =>
      tinsmith(['workflow', 'data', id, '--set', '-', ...flags], { stdin: text });
    assert.equal((await tinsmith(['workflow', 'data', id, '-l'])).out, 'Latest workflow data version: 0\n');
    assert.equal((await set('{"a":1}', '--base', '0')).out, 'Written workflow data version: 1\n');
    assert.match((await set('{"b":2}', '--base', '0')).out, /version: 2, merged/);
    assert.deepEqual(JSON.parse((await tinsmith(['workflow', 'data', id])).out), { a: 1, b: 2 });
    assert.equal((await tinsmith(['workflow', 'data', id, '-v', '1'])).out, '{"a":1}');
    assert.equal((await set('{"a":9}', '--base', '0')).code, 65);
    assert.equal((await set('[1]')).code, 65);
    const history = await tinsmith(['workflow', 'data', id, '--history', '-o', 'json']);
    assert.equal(JSON.parse(history.out).data.length, 2);
    assert.match(JSON.parse((await tinsmith(['workflow', 'data', id, '-m'])).out).sha256, /^[0-9a-f]{64}$/);
  });

  it('lists and watches events from a time on', async (t) => {
    const { tinsmith, templates, machines, time } = await appliance(t);
    time.now = Date.now() - 3_600_000;
    await templates.create(TWO_ACTIONS.replace('name: install', 'name: old'));
    time.now = Date.now();
    await templates.create(TWO_ACTIONS.replace('name: install', 'name: new'));
    const listed = await tinsmith(['events', 'list', '--from', '10', '-o', 'csv']);
    assert.match(listed.out, /template\.created,[^,]+,new\n$/);
    assert.doesNotMatch(listed.out, /old/);
    const all = await tinsmith(['events', 'list', '--from', '120', '--kind', 'template.*', '-o', 'csv']);
    assert.match(all.out, /,old\n.*,new\n$/);
    const one = await tinsmith([
      'events',
      'list',
      '--from',
      '1e9',
      '--machine',
      machines.find(macOf(1)).id,
      '-o',
      'json',
    ]);
    assert.deepEqual(
      JSON.parse(one.out).data.map(({ kind }: { kind: string }) => kind),
      ['machine.added'],
    );
    const interruption = new AbortController();
    const watched = await tinsmith(['events', 'watch', '-r', 'template', '-o', 'table'], {
      interrupted: interruption.signal,
      onOutput: () => interruption.abort(),
    });
    assert.match(watched.out, /template\.created .*new\n$/);
    assert.doesNotMatch(watched.out, /old/);
  });

  it('makes, shows and deletes webhooks', async (t) => {
    const { tinsmith } = await appliance(t);
    const made = await tinsmith([
      'webhook',
      'create',
      'http://127.0.0.1:9/',
      '-k',
      'workflow.*',
      '--machine',
      macOf(1),
    ]);
    const [, id = '', secret = ''] = /Webhook: {2}(\S+)\nSecret: {2}(\S+)/.exec(made.out) ?? [];
    assert.match((await tinsmith(['webhook', 'list'])).out, new RegExp(id));
    assert.ok(!(await tinsmith(['webhook', 'get', id, '-o', 'json'])).out.includes(secret));
    assert.equal((await tinsmith(['webhook', 'test', id])).code, 69);
    assert.equal((await tinsmith(['webhook', 'delete', id])).code, 0);
    assert.equal((await tinsmith(['webhook', 'get', id])).code, 66);
  });
});
