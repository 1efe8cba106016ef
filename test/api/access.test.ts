/** Who is let in where, and that no secret is ever written to the log. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import { adminToken, sameSecret } from '../../src/api/tokens.ts';
import { macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { device, pushed, TWO_ACTIONS } from '../workflows/made.ts';
import { type Running, running, tokenFor } from './running.ts';

const ADMIN_ROUTES = [
  ['GET', '/api/v1/status'],
  ['GET', '/api/v1/machines'],
  ['POST', '/api/v1/machines'],
  ['DELETE', '/api/v1/machines/x'],
  ['GET', '/api/v1/templates'],
  ['POST', '/api/v1/templates'],
  ['GET', '/api/v1/workflows'],
  ['POST', '/api/v1/workflows'],
  ['GET', '/api/v1/workflows/x/logs'],
  ['GET', '/api/v1/images'],
  ['POST', '/api/v1/images'],
  ['GET', '/api/v1/events'],
  ['GET', '/api/v1/trace'],
  ['GET', '/api/v1/preview/x'],
  ['GET', '/api/v1/nothing'],
] as const;
const WORKER_ROUTES = [
  ['POST', '/api/v1/worker/hello'],
  ['GET', '/api/v1/worker/work?boot=b'],
  ['POST', '/api/v1/worker/log'],
  ['POST', '/api/v1/worker/heartbeat'],
  ['POST', '/api/v1/worker/report'],
] as const;

/** Two machines that a workflow waits for. */
async function waiting(t: TestContext): Promise<Running> {
  const all = await running(t);
  for (const n of [1, 2]) await pushed(all.machines, n);
  await all.templates.create(TWO_ACTIONS);
  for (const n of [1, 2]) {
    all.time.now++;
    await all.workflows.create({ template: 'install', devices: device(n) });
  }
  return all;
}

const hello = (n: number, boot = 'boot-1') => ({ mac: macOf(n), boot, version: '1' });

describe('the API', () => {
  it('is closed to those without a token, with a wrong one, and to workers', async (t) => {
    const all = await waiting(t);
    const worker = await tokenFor(all, macOf(1));
    assert.ok(worker.length > 40);
    for (const [method, path] of ADMIN_ROUTES) {
      for (const token of ['', 'wrong', `${all.adminToken}x`, worker]) {
        const { status, headers, json } = await all.call(method, path, { token });
        assert.equal(status, 401, `${method} ${path} with ${token}`);
        assert.equal(json.code, 'UNAUTHORIZED');
        assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.match(headers.get('www-authenticate') ?? '', /^Bearer/);
      }
    }
    assert.equal((await all.call('GET', '/api/v1/machines')).status, 200);
    assert.equal((await all.call('GET', '/api/v1/nothing')).status, 404);
  });

  it('is closed to other schemes than Bearer', async (t) => {
    const all = await running(t);
    const authorization = `Basic ${Buffer.from(`x:${all.adminToken}`).toString('base64')}`;
    assert.equal((await all.call('GET', '/api/v1/status', { token: '', headers: { authorization } })).status, 401);
  });

  it('tells everybody only that it is alive, and which roles are up', async (t) => {
    const all = await running(t);
    assert.deepEqual((await all.call('GET', '/healthz', { token: '' })).json, { state: 'alive' });
    assert.deepEqual((await all.call('GET', '/readyz', { token: '' })).json, { state: 'ready', roles: [] });
  });
});

describe('the worker’s side', () => {
  it('is closed to those without the token of a boot, the administrator too, before they send a body', async (t) => {
    const all = await waiting(t);
    for (const [method, path] of WORKER_ROUTES) {
      for (const token of ['', 'wrong', all.adminToken]) {
        const { status, json } = await all.call(method, path, {
          token,
          ...(method === 'POST' ? { body: '{"broken' } : {}),
        });
        assert.deepEqual([status, json.code], [401, 'UNAUTHORIZED'], `${method} ${path}`);
      }
    }
  });

  it('opens for a token its own machine only', async (t) => {
    const all = await waiting(t);
    const [one, two] = await all.workflows.list();
    const token = await tokenFor(all, macOf(1));
    assert.equal(
      (await all.call('POST', '/api/v1/worker/hello', { token, body: hello(1) })).json.machine.name,
      'machine-1',
    );
    assert.equal((await all.call('POST', '/api/v1/worker/hello', { token, body: hello(2) })).status, 403);
    assert.equal((await all.call('GET', '/api/v1/worker/work?boot=boot-1', { token })).json.workflow, one?.id);
    const key = { workflow: two?.id, action: 0, attempt: 1 };
    const report = await all.call('POST', '/api/v1/worker/report', {
      token,
      body: { ...key, boot: 'boot-1', state: 'SUCCESS', at: 1 },
    });
    assert.deepEqual([report.status, report.json.code], [409, 'CONFLICT']);
    assert.equal(
      (await all.call('POST', '/api/v1/worker/log', { token, body: { ...key, from: 0, entries: [] } })).status,
      404,
    );
    const beat = await all.call('POST', '/api/v1/worker/heartbeat', { token, body: { ...key, boot: 'boot-1' } });
    assert.equal(beat.json.continue, false);
    assert.equal(all.workflows.get(two?.id ?? '').state, 'PENDING');
  });

  it('forgets the tokens of earlier boots once a later one speaks, and of machines that are gone', async (t) => {
    const all = await waiting(t);
    const works = async (token: string): Promise<boolean> =>
      (await all.call('GET', '/api/v1/worker/work?boot=b', { token })).status === 200;
    const first = await tokenFor(all, macOf(1));
    await all.call('POST', '/api/v1/worker/hello', { token: first, body: hello(1) });
    const second = await tokenFor(all, macOf(1));
    const other = await tokenFor(all, macOf(2));
    assert.equal(await works(first), true, 'until the new boot has come up');
    await all.call('POST', '/api/v1/worker/hello', { token: second, body: hello(1, 'boot-2') });
    assert.deepEqual([await works(first), await works(second), await works(other)], [false, true, true]);
    for (const { id } of await all.workflows.list()) await all.workflows.delete(id);
    await all.machines.delete('machine-1');
    assert.equal(await works(second), false);
  });

  it('keeps eight tokens of a machine at most', async (t) => {
    const all = await waiting(t);
    const tokens: string[] = [];
    for (let i = 0; i < 10; i++) tokens.push(await tokenFor(all, macOf(1)));
    assert.deepEqual(
      tokens.map((token) => all.workerTokens.machineOf(token) !== undefined),
      tokens.map((_, i) => i >= 2),
    );
  });

  it('names the fields of what it cannot take', async (t) => {
    const all = await waiting(t);
    const token = await tokenFor(all, macOf(1));
    const { status, json } = await all.call('POST', '/api/v1/worker/hello', { token, body: { mac: 7, version: '1' } });
    assert.equal(status, 422);
    assert.deepEqual(
      json.problems.map(({ field }: { field: string }) => field),
      ['mac', 'boot'],
    );
  });
});

describe('secrets', () => {
  it('are not in the log, the trace, the events, nor in clear in the store', async (t) => {
    const all = await waiting(t);
    const token = await tokenFor(all, macOf(1));
    await all.call('POST', '/api/v1/worker/hello', { token, body: hello(1) });
    await all.call('GET', '/api/v1/worker/work?boot=boot-1', { token });
    await all.call('POST', '/api/v1/worker/report', { token, body: '{"broken' });
    await all.call('GET', `/api/v1/status?token=${all.adminToken}x`, { token });
    all.log.info({ token, req: { authorization: `Bearer ${token}` } }, 'even so');
    const stored: unknown[] = [];
    for await (const entry of all.store.range('')) stored.push(entry);
    const seen = JSON.stringify([all.trace.newest().map(({ mac }) => all.trace.of(mac)), stored]);
    for (const secret of [token, all.adminToken]) assert.ok(!seen.includes(secret));
    const { text } = await all.call('GET', `/api/v1/preview/machine-1`);
    assert.match(text, /tinsmith\.token=PREVIEW/);
    assert.ok(all.logged.length > 0);
    assert.ok(
      !all.logged
        .filter((line) => !line.includes('even so'))
        .join('')
        .includes(token),
    );
  });

  it('are made at the first start for the owner alone, and kept', (t) => {
    const directory = temporaryDirectory(t);
    const token = adminToken(directory);
    assert.match(token, /^[\w-]{43}$/);
    assert.equal(statSync(join(directory, 'token')).mode & 0o777, 0o600);
    assert.equal(adminToken(directory), token);
    assert.equal(readFileSync(join(directory, 'token'), 'utf8'), `${token}\n`);
    writeFileSync(join(directory, 'token'), '\n');
    assert.throws(() => adminToken(directory), { code: 'DATA_DIRECTORY_UNUSABLE', message: /does not hold a token/ });
    assert.throws(() => adminToken(join(directory, 'absent')), { code: 'DATA_DIRECTORY_UNUSABLE', message: /ENOENT/ });
  });

  it('are compared whatever their lengths', () => {
    assert.ok(sameSecret('a', 'a'));
    for (const [a, b] of [
      ['a', 'b'],
      ['a', 'aa'],
      ['', 'a'],
    ] as const)
      assert.ok(!sameSecret(a, b));
  });
});
