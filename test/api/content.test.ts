/** Objects of content and packs over HTTP: made, seen, replaced and deleted, by whoever has seen what there is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { type Running, running } from './running.ts';

const TASK = { name: 'wipe', templates: [{ name: 'script', contents: '#!/bin/sh\ntrue\n' }] };

const put = ({ call }: Running, path: string, body: unknown, headers = {}) =>
  call('PUT', `/api/v1/content/${path}`, { body, headers });

const PACK = `meta:
  name: lab
  version: 1.0.0
  description: What the lab needs
sections:
  tasks:
    greet:
      Name: greet
      Templates:
        - Name: hello
          Contents: echo hello
  stages:
    greeting: { Name: greeting, Tasks: [greet] }
`;

describe('an object', () => {
  it('is made, shown with where it comes from, and replaced', async (t) => {
    const on = await running(t);
    const made = await put(on, 'tasks/wipe', TASK);
    assert.equal(made.status, 200, made.text);
    assert.deepEqual([made.json.created, made.json.data.layer, made.json.data.name], [true, 'local', 'wipe']);
    assert.equal(made.json.data.object.templates[0].path, '');
    const again = await put(on, 'tasks/wipe', { ...TASK, description: 'for good' });
    assert.deepEqual([again.json.created, again.json.data.object.description], [false, 'for good']);
    const got = await on.call('GET', '/api/v1/content/tasks/wipe');
    assert.deepEqual(got.json.data, again.json.data);
    const listed = await on.call('GET', '/api/v1/content/tasks?name=w*e');
    assert.deepEqual(
      listed.json.data.map(({ name }: { name: string }) => name),
      ['wipe'],
    );
    const builtin = await on.call('GET', '/api/v1/content/stages/local');
    assert.deepEqual([builtin.json.data.layer, builtin.json.data.pack], ['builtin', 'tinsmith']);
  });

  it('has slashes in its name, written %2F', async (t) => {
    const on = await running(t);
    const body = { name: 'rack/7/pdu', schema: { type: 'string' } };
    assert.equal((await put(on, 'params/rack%2F7%2Fpdu', body)).status, 200);
    const got = await on.call('GET', '/api/v1/content/params/rack%2F7%2Fpdu');
    assert.equal(got.json.data.name, 'rack/7/pdu');
    assert.equal((await on.call('GET', '/api/v1/content/params/change-stage%2Fmap')).json.data.layer, 'builtin');
    assert.equal((await on.call('DELETE', '/api/v1/content/params/rack%2F7%2Fpdu')).status, 200);
    assert.equal((await on.call('GET', '/api/v1/content/params/rack%2F7%2Fpdu')).status, 404);
  });

  it('takes its name from the path, and no other', async (t) => {
    const on = await running(t);
    const { name: _, ...nameless } = TASK;
    assert.equal((await put(on, 'tasks/wipe', nameless)).json.data.name, 'wipe');
    assert.equal((await put(on, 'tasks/wipe', { Name: 'wipe', Templates: [] })).json.data.name, 'wipe');
    const other = await put(on, 'tasks/wipe', { Name: 'clean', Templates: [] });
    assert.deepEqual([other.status, other.json.problems[0].field], [422, 'Name']);
    assert.equal((await put(on, 'templates/motd', { contents: 'hello' })).json.data.object.id, 'motd');
  });

  it('is made only once, and replaced only where there is one, for those who say so', async (t) => {
    const on = await running(t);
    const update = await put(on, 'tasks/wipe', TASK, { 'if-match': '*' });
    assert.deepEqual([update.status, update.json.code], [412, 'PRECONDITION_FAILED']);
    assert.equal((await put(on, 'tasks/wipe', TASK, { 'if-none-match': '*' })).status, 200);
    const create = await put(on, 'tasks/wipe', { ...TASK, description: 'x' }, { 'if-none-match': '*' });
    assert.deepEqual([create.status, create.json.code], [412, 'PRECONDITION_FAILED']);
    const etag = (await on.call('GET', '/api/v1/content/tasks/wipe')).headers.get('etag') ?? '';
    const changed = await put(on, 'tasks/wipe', { ...TASK, description: 'y' }, { 'if-match': etag });
    assert.equal(changed.status, 200);
    assert.equal((await put(on, 'tasks/wipe', TASK, { 'if-match': etag })).status, 412);
    const known = { 'if-none-match': changed.headers.get('etag') ?? '' };
    assert.equal((await on.call('GET', '/api/v1/content/tasks/wipe', { headers: known })).status, 304);
    const stale = await on.call('DELETE', '/api/v1/content/tasks/wipe', { headers: { 'if-match': etag } });
    assert.equal(stale.status, 412);
  });

  it('is refused with every problem, or for what is not there', async (t) => {
    const on = await running(t);
    const bad = await put(on, 'stages/x', { name: 'x', tasks: ['none'], nonsense: 1 });
    assert.equal(bad.status, 422);
    assert.ok(bad.json.problems.length > 0);
    assert.equal((await on.call('GET', '/api/v1/content/nonsense')).status, 404);
    assert.equal((await on.call('GET', '/api/v1/content/tasks/none')).status, 404);
    await put(on, 'tasks/wipe', TASK);
    await put(on, 'stages/clean', { name: 'clean', tasks: ['wipe'] });
    const used = await on.call('DELETE', '/api/v1/content/tasks/wipe');
    assert.deepEqual([used.status, used.json.code], [409, 'CONFLICT']);
  });
});

describe('a pack', () => {
  it('is added, shown, and given back as it came', async (t) => {
    const { call } = await running(t);
    const dry = await call('POST', '/api/v1/packs?dryRun', { body: PACK });
    assert.equal(dry.status, 200, dry.text);
    const changes = [
      { section: 'stages', name: 'greeting', change: 'added' },
      { section: 'tasks', name: 'greet', change: 'added' },
    ];
    assert.deepEqual([dry.json.data.dryRun, dry.json.data.changes], [true, changes]);
    assert.equal((await call('GET', '/api/v1/packs/lab')).status, 404);
    const added = await call('POST', '/api/v1/packs', { body: PACK });
    assert.deepEqual([added.json.data.pack.version, added.json.data.pack.objects], ['1.0.0', 2]);
    const { json: packs } = await call('GET', '/api/v1/packs');
    assert.deepEqual(
      [packs.data[0], packs.data.at(-1)].map(({ name, layer }) => [name, layer]),
      [
        ['tinsmith', 'builtin'],
        ['lab', 'pack'],
      ],
    );
    assert.equal((await call('GET', '/api/v1/content/tasks/greet')).json.data.pack, 'lab');
    const yaml = await call('GET', '/api/v1/packs/lab');
    assert.match(yaml.headers.get('content-type') ?? '', /^application\/yaml/);
    const json = await call('GET', '/api/v1/packs/lab?format=json');
    assert.deepEqual(json.json, parse(yaml.text));
    const unchanged = await call('POST', '/api/v1/packs', { body: json.text });
    assert.deepEqual(unchanged.json.data.changes, []);
    const removed = await call('DELETE', '/api/v1/packs/lab');
    assert.equal(removed.json.data.changes.length, 2);
    assert.equal((await call('GET', '/api/v1/content/tasks/greet')).status, 404);
  });

  it('is replaced only by whoever has seen it, where they say so, and refused with the places', async (t) => {
    const { call } = await running(t);
    await call('POST', '/api/v1/packs', { body: PACK });
    const headers = { 'if-match': (await call('GET', '/api/v1/packs/lab')).headers.get('etag') ?? '' };
    const known = { 'if-none-match': headers['if-match'] };
    assert.equal((await call('GET', '/api/v1/packs/lab', { headers: known })).status, 304);
    const next = PACK.replace('1.0.0', '1.0.1').replace('echo hello', 'echo goodbye');
    assert.equal((await call('POST', '/api/v1/packs', { body: next, headers })).status, 200);
    assert.equal((await call('POST', '/api/v1/packs', { body: PACK, headers })).status, 412);
    assert.equal((await call('DELETE', '/api/v1/packs/lab', { headers })).status, 412);
    const bad = await call('POST', '/api/v1/packs', { body: PACK.replace('Contents: echo hello', 'Content: 1') });
    assert.equal(bad.status, 422);
    assert.ok(bad.json.problems.every(({ line }: { line: number }) => line > 5));
    assert.equal((await call('DELETE', '/api/v1/packs/tinsmith')).status, 409);
  });
});
