/** What a template says of retries, hooks, limits, data, secrets and the background, with real Docker Engines. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { engineMissing, type OwnEngine } from '../peers/docker-engine.ts';
import { busyboxImage } from '../peers/images.ts';
import { row, startEngines, until } from './row.ts';

const skip = engineMissing();

/** A template of one action on the first machine, and more. */
const one = (name: string, action: string, more = ''): string => `version: "0.1"
name: ${name}
tasks:
  - name: first
    worker: "{{.device_1}}"
    actions:
${action.replace(/^/gm, '      ')}
${more}
`;
const shell = (name: string, script: string, more = ''): string =>
  `- name: ${name}\n  image: tool:1\n  command: [/bin/sh, -c, ${JSON.stringify(script)}]\n${more.replace(/^(?=.)/gm, '  ')}`;

describe('a workflow on real engines', { skip, concurrency: 1 }, () => {
  const engines: OwnEngine[] = [];
  let images: Buffer[] = [];
  before(async () => {
    if (skip !== false) return;
    engines.push(...(await startEngines()));
    images = [await busyboxImage(['tool:1'], { Cmd: ['/bin/true'] })];
  });
  after(async () => {
    for (const engine of engines) await engine.stop();
  });

  it('tries an action again, later each time, and then calls its hook and those of the workflow', async (t) => {
    const failing = shell(
      'try',
      'echo attempt; exit 3',
      'retries: {limit: 2, backoff: 1}\non-failure: [/bin/sh, -c, echo tidy]',
    );
    const { create, ended, output } = await row(t, {
      engines,
      images,
      templates: [one('tries', failing, `on_failure:\n${shell('report', 'echo sorry; exit 1').replace(/^/gm, '  ')}`)],
    });
    const { id } = await create('tries');
    const { state, message, actions } = await ended(id);
    assert.equal(state, 'FAILED');
    assert.match(message ?? '', /^Action try \(task first\) on machine machine-1: exit code 3.*report: FAILED/s);
    assert.deepEqual(
      actions.map((action) => [action.name, action.state, action.attempt, action.exitCode]),
      [
        ['try', 'FAILED', 3, 3],
        ['try on-failure', 'SUCCESS', 1, 0],
        ['report', 'FAILED', 1, 1],
      ],
    );
    assert.equal(await output(id, 'try'), 'attempt\n'.repeat(3));
    assert.equal(await output(id, 'try on-failure'), 'tidy\n');
    assert.equal(await output(id, 'report'), 'sorry\n');
  });

  it('ends an action at its limit, one that does not listen too, and can be retried from there', async (t) => {
    const deaf = shell(
      'deaf',
      'trap "" TERM; test -e /workflow/again && exit 0; while :; do sleep 0.2; done',
      'timeout: 2\non-timeout: [/bin/touch, /workflow/again]',
    );
    const { create, ended, api, containers } = await row(t, { engines, images, templates: [one('deaf', deaf)] });
    const { id } = await create('deaf');
    const { state, actions } = await ended(id);
    assert.deepEqual([state, ...actions.map((action) => action.state)], ['TIMEOUT', 'TIMEOUT', 'SUCCESS']);
    await until('the end of its container', async () => (await containers('first', 'tinsmith.workflow')).length === 0);
    await api('POST', `workflows/${id}/retry`, '{}');
    assert.equal((await ended(id)).state, 'SUCCESS');
  });

  it('gives data from one machine to the other, also that of an action that fails', async (t) => {
    const set = `sed -i 's/}$/,"mac_addr":"F5"}/;s/{,/{/' /workflow/data; cat /workflow/data`;
    const check = `cat /workflow/data; echo '{"mac_addr":"F5","instance_id":"1"}' > /workflow/data; exit 4`;
    const second = `  - name: second\n    worker: "{{.device_2}}"\n    actions:\n${shell('read', check).replace(/^/gm, '      ')}`;
    const { create, ended, output, api } = await row(t, {
      engines,
      images,
      templates: [one('data', shell('write', set), second)],
    });
    const { id } = await create('data');
    const { actions, message } = await ended(id);
    assert.equal(actions[1]?.exitCode, 4, message);
    assert.equal(await output(id, 'read'), '{"mac_addr":"F5"}');
    const versions = await api<{ version: number; action: string }[]>('GET', `workflows/${id}/data/versions`);
    assert.deepEqual(
      versions.map(({ version, action }) => [version, action]),
      [
        [1, 'write'],
        [2, 'read'],
      ],
    );
  });

  it('keeps a secret out of everything but the container', async (t) => {
    const SECRET = 'correct horse battery';
    const action = shell(
      'tell',
      'test "$PASSWORD" = "correct horse battery" && echo "it is $PASSWORD" && exit 3',
      'environment: {PASSWORD: "{{.secrets.password}}"}',
    );
    const { create, ended, output, api, said, data } = await row(t, {
      engines,
      images,
      templates: [one('secret', action)],
    });
    const { id } = await create('secret', {}, { password: SECRET });
    const workflow = await ended(id);
    assert.equal(await output(id, 'tell'), 'it is ********\n');
    assert.equal(workflow.actions[0]?.exitCode, 3, workflow.message);
    const shown = [
      workflow,
      await api('GET', `events/history?limit=1000`),
      await api('GET', `workflows/${id}/events`),
      await api('GET', `templates`),
    ];
    assert.ok(!JSON.stringify(shown).replace(one('secret', action), '').includes(`it is ${SECRET}`));
    assert.ok(!JSON.stringify(workflow).includes('"PASSWORD":"correct'));
    assert.ok(!said().includes(SECRET));
    // What lies on the disk is for root alone.
    assert.equal(execFileSync('stat', ['-c', '%a', data]).toString().trim(), '700');
  });

  it('goes on beside an action in the background, and ends it when it is cancelled', async (t) => {
    const actions = `${shell('beside', 'touch /workflow/begun; while :; do sleep 0.2; done', 'background: true')}\n${shell('after', 'until test -e /workflow/begun; do sleep 0.1; done; while :; do sleep 0.2; done')}`;
    const { create, get, api, containers } = await row(t, { engines, images, templates: [one('background', actions)] });
    const { id } = await create('background');
    await until('the second action', async () => (await get(id)).actions[1]?.state === 'RUNNING');
    await until('both containers', async () => (await containers('first', 'tinsmith.workflow')).length === 2);
    await api('POST', `workflows/${id}/cancel`);
    await until('their end', async () => (await containers('first', 'tinsmith.workflow')).length === 0);
    assert.deepEqual(
      (await get(id)).actions.map(({ state }) => state),
      ['SUCCESS', 'CANCELLED'],
    );
  });

  it('runs tasks on the appliance’s own computer, and one after another those that are queued', async (t) => {
    const own = `version: "0.1"\nname: own\ntasks:\n  - name: here\n    worker: provisioner\n    actions:\n${shell('look', 'test -e /dev/kmsg && exit 5; echo here').replace(/^/gm, '      ')}\n`;
    const { create, ended, output } = await row(t, {
      engines,
      images,
      templates: [own, one('plain', shell('say', 'echo {{.word}}'))],
    });
    const { id } = await create('own');
    const words: Awaited<ReturnType<typeof create>>[] = [];
    for (const word of ['a', 'b', 'c']) words.push(await create('plain', { word }));
    const done = await Promise.all(words.map((workflow) => ended(workflow.id)));
    assert.deepEqual(
      done.map(({ state }) => state),
      ['SUCCESS', 'SUCCESS', 'SUCCESS'],
    );
    const order = done.map(({ actions }) => Date.parse(actions[0]?.startedAt ?? ''));
    assert.deepEqual(
      order,
      order.toSorted((one, other) => one - other),
    );
    const { state, message } = await ended(id);
    assert.equal(state, 'SUCCESS', message);
    assert.equal(await output(id, 'look'), 'here\n');
  });
});
