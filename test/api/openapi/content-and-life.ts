/** Calls of every operation on content, lives and Jobs, for the test that compares their answers with the document. */
import assert from 'node:assert/strict';
import { hardware, macOf } from '../../machines/examples.ts';
import { type Running, tokenFor } from '../running.ts';

/** Every operation on content, and on the life of machine `life1`, which comes of them. */
export async function contentAndLife(call: Running['call']): Promise<void> {
  const content = '/api/v1/content';
  const script = { name: 'script', contents: 'true' };
  const objects: [path: string, body: object][] = [
    ['tasks/a', { templates: [script] }],
    ['tasks/b', { templates: [script], prerequisites: ['a'] }],
    ['stages/one', { tasks: ['a', 'b'], params: { x: 1 } }],
    ['workflows/list', { stages: ['one'] }],
    ['profiles/rack', { params: { x: 2 } }],
    ['params/x', { schema: { type: 'integer' } }],
    ['bootenvs/other', { kernel: 'vmlinuz' }],
    ['templates/shared', { contents: 'hello' }],
  ];
  for (const [path, body] of objects) assert.equal((await call('PUT', `${content}/${path}`, { body })).status, 200);
  await call('PUT', `${content}/stages/two`, { body: { tasks: ['none'] } });
  for (const section of ['bootenvs', 'params', 'profiles', 'stages', 'tasks', 'templates', 'workflows', 'none'])
    await call('GET', `${content}/${section}`);
  await call('GET', `${content}/params/change-stage%2Fmap`);
  await call('DELETE', `${content}/templates/shared`);
  await call('DELETE', `${content}/tasks/a`);
  const pack = { meta: { name: 'lab', version: '1' }, sections: { params: { y: { Name: 'y' } } } };
  await call('POST', '/api/v1/packs?dryRun', { body: pack });
  await call('POST', '/api/v1/packs', { body: pack });
  await call('GET', '/api/v1/packs');
  await call('GET', '/api/v1/packs/lab');
  await call('GET', '/api/v1/packs/none');
  await call('DELETE', '/api/v1/packs/lab');

  await call('POST', '/api/v1/machines', { body: hardware(3, { hostname: 'life1' }) });
  const machine = '/api/v1/machines/life1';
  const changes: [word: string, body: object][] = [
    ['profiles', { profiles: ['rack'] }],
    ['params', { set: { x: 3 } }],
    ['params', { set: { x: 'no integer' } }],
    ['bootenv', { bootEnv: 'local' }],
    ['list', { list: 'list' }],
    ['stage', { stage: 'one', force: true }],
    ['tasks', { add: ['a'] }],
    ['tasks', { remove: [99, 'x'] }],
    ['pause', {}],
    ['lock', {}],
    ['run', {}],
    ['unlock', {}],
    ['run', {}],
    ['tasks/preview', { task: 'a' }],
  ];
  for (const [word, body] of changes) await call('POST', `${machine}/${word}`, { body });
  await call('GET', `${machine}/life`);
  await call('GET', `${machine}/params?aggregate`);
  await call('GET', '/api/v1/machines/life1');
  await call('GET', '/api/v1/sealing-key');
}

/** What a worker makes of the stage of `life1`. */
export async function oneJob(all: Running, call: Running['call']): Promise<void> {
  const token = await tokenFor(all, macOf(3));
  const say = (path: string, body: object) => all.call('POST', `/api/v1/worker/${path}`, { token, body });
  const boot = 'boot-3';
  const bootEnv = 'local';
  assert.equal((await say('hello', { mac: macOf(3), boot, version: '1', agent: 'agent', bootEnv })).status, 200);
  for (let n = 0; n < 2; n++) {
    const { json } = await all.call('GET', `/api/v1/worker/work?boot=${boot}&agent=agent`, { token });
    const { workflow, action, attempt } = json;
    const key = { workflow, action, attempt, boot };
    await say('report', { ...key, state: 'RUNNING', at: 2 });
    await say('log', { workflow, action, attempt, from: 0, entries: [{ at: 1, stream: 'stdout', text: 'hello\n' }] });
    await say('report', { ...key, state: 'SUCCESS', at: 3, seconds: 1, exitCode: 0 });
  }
  const { json: jobs } = await call('GET', '/api/v1/jobs?machine=life1&limit=5');
  assert.equal(jobs.data.length, 2);
  await call('GET', `/api/v1/jobs/${jobs.data[0].id}`);
  const { json: log } = await call('GET', `/api/v1/jobs/${jobs.data[0].id}/log?from=0`);
  assert.equal(log.data.entries[0].text, 'hello\n');
  await call('GET', '/api/v1/jobs/none');
  await call('POST', '/api/v1/jobs/purge', { body: { keep: 9 } });
  await call('DELETE', `/api/v1/jobs/${jobs.data[1].id}`);
}
