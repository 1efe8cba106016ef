/** ETags: who has seen another version changes nothing, and who has this one is not sent it again. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { hardware } from '../../machines/examples.ts';
import { device, pushed, TWO_ACTIONS } from '../../workflows/made.ts';
import { type Running, running } from '../running.ts';

const machine = (hostname: string) => hardware(1, { hostname });

async function withEverything(t: TestContext) {
  const all = await running(t);
  await all.call('POST', '/api/v1/machines', { body: machine('node1') });
  await all.call('POST', '/api/v1/templates', { body: TWO_ACTIONS });
  return all;
}

async function etagOf({ call }: Running, path: string): Promise<string> {
  const { headers } = await call('GET', path);
  const etag = headers.get('etag') ?? '';
  assert.match(etag, /^"[\w-]{22}"$/);
  return etag;
}

describe('an ETag', () => {
  it('changes with what is stored, and with nothing else', async (t) => {
    const all = await withEverything(t);
    const before = await etagOf(all, '/api/v1/machines/node1');
    all.lastSeen.note(all.machines.find('node1').id);
    assert.equal(await etagOf(all, '/api/v1/machines/node1'), before);
    const changed = await all.call('POST', '/api/v1/machines', { body: { ...machine('node1'), more: 1 } });
    assert.equal(changed.status, 201);
    assert.notEqual(await etagOf(all, '/api/v1/machines/node1'), before);
  });

  it('spares who has this version the answer', async (t) => {
    const all = await withEverything(t);
    for (const path of ['/api/v1/machines/node1', '/api/v1/templates/install']) {
      const etag = await etagOf(all, path);
      for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const { status, text } = await all.call('GET', path, { headers: { 'if-none-match': known } });
        assert.deepEqual([status, text], [304, '']);
      }
      assert.equal((await all.call('GET', path, { headers: { 'if-none-match': '"x"' } })).status, 200);
    }
  });

  it('lets nobody change another version than the one that was seen', async (t) => {
    const all = await withEverything(t);
    const changes = [
      ['PUT', '/api/v1/machines/node1', machine('node1')],
      ['POST', '/api/v1/machines', machine('node1')],
      ['DELETE', '/api/v1/machines/node1', undefined],
      ['PUT', '/api/v1/templates/install', TWO_ACTIONS],
      ['DELETE', '/api/v1/templates/install', undefined],
    ] as const;
    for (const [method, path, body] of changes) {
      const { status, json } = await all.call(method, path, { body, headers: { 'if-match': '"seen-before"' } });
      assert.deepEqual([status, json.code], [412, 'PRECONDITION_FAILED'], `${method} ${path}`);
    }
    for (const [method, path, body] of changes.filter(([, path]) => path !== '/api/v1/machines')) {
      const etag = await etagOf(all, path);
      const { status } = await all.call(method, path, { body, headers: { 'if-match': etag } });
      assert.equal(status, 200, `${method} ${path}`);
    }
  });

  it('of a workflow guards what it is told', async (t) => {
    const all = await withEverything(t);
    await pushed(all.machines, 1);
    const made = await all.call('POST', '/api/v1/workflows', { body: { template: 'install', hardware: device(1) } });
    const path = `/api/v1/workflows/${made.json.data.id}`;
    const seen = await etagOf(all, path);
    const tell = (verb: string, etag: string) => all.call('POST', `${path}/${verb}`, { headers: { 'if-match': etag } });
    all.time.now++;
    const paused = await tell('pause', seen);
    assert.equal(paused.status, 200);
    assert.notEqual(paused.headers.get('etag'), seen);
    assert.equal((await tell('resume', seen)).status, 412);
    assert.equal((await tell('resume', paused.headers.get('etag') ?? '')).status, 200);
    assert.equal((await all.call('DELETE', path, { headers: { 'if-match': seen } })).status, 412);
  });

  it('of two who saw the same version lets one through', async (t) => {
    const all = await withEverything(t);
    const etag = await etagOf(all, '/api/v1/templates/install');
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        all.call('PUT', '/api/v1/templates/install', {
          body: TWO_ACTIONS.replace('global_timeout: 600', `global_timeout: ${1000 + n}`),
          headers: { 'if-match': etag },
        }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412]);
  });
});

describe('replacing a machine', () => {
  it('keeps its id, and makes none', async (t) => {
    const all = await withEverything(t);
    const other = await all.call('PUT', '/api/v1/machines/node1', { body: hardware(2) });
    assert.deepEqual([other.status, other.json.problems[0].field], [422, 'id']);
    assert.equal((await all.call('PUT', '/api/v1/machines/none', { body: hardware(2) })).status, 404);
    const renamed = await all.call('PUT', '/api/v1/machines/node1', { body: machine('node9') });
    assert.equal(renamed.json.data.name, 'node9');
    assert.equal((await all.call('GET', '/api/v1/machines/node1')).status, 404);
  });
});
