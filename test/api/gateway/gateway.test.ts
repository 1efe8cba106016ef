/** The REST paths of Tinkerbell's gateway, over HTTP. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import express from 'express';
import pino from 'pino';
import { basicAuthentication, gatewayRoutes } from '../../../src/api/gateway/index.ts';
import { tinkerbellCalls } from '../../../src/api/grpc/index.ts';
import { TinsmithError } from '../../../src/errors.ts';
import { startHttp } from '../../../src/http/index.ts';
import { hardware, idOf, macOf } from '../../machines/examples.ts';
import { made, TWO_ACTIONS } from '../../workflows/made.ts';

const ADMIN_TOKEN = 'the-token';

async function gateway(t: TestContext, basic?: { username: string; password: string }) {
  const parts = await made(t);
  const log = pino({ level: 'silent' });
  const calls = tinkerbellCalls(
    { ...parts, log, neighbour: () => undefined },
    { openAdministration: false, trust: 'hardware' },
  );
  const app = express();
  app.use('/v1', gatewayRoutes({ calls, adminToken: ADMIN_TOKEN, basic, log }));
  const server = await startHttp({ addresses: [{ address: '127.0.0.1', port: 0 }], app, onSent: () => {}, log });
  t.after(() => server.stop(0));
  const call = async (method: string, path: string, body?: unknown, authorization = `Bearer ${ADMIN_TOKEN}`) => {
    const response = await fetch(`http://127.0.0.1:${server.bound[0]?.port}/v1${path}`, {
      method,
      headers: authorization ? { authorization } : {},
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, json: text.trim().includes('\n') ? undefined : JSON.parse(text || 'null') };
  };
  return { ...parts, call };
}

/** The lines of a stream. */
const lines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).result);

test('hardware, templates and workflows by the old paths', async (t) => {
  const { call } = await gateway(t);
  const data = { ...hardware(1, { hostname: 'node1', ip: '10.0.0.1' }), version: '7', metadata: '{"state":"x"}' };
  assert.deepEqual((await call('POST', '/hardware', { data })).json, {});
  const shown = (await call('GET', `/hardware/${idOf(1)}`)).json;
  assert.deepEqual(shown, {
    id: idOf(1),
    version: '7',
    metadata: '{"state":"x"}',
    network: { interfaces: [{ dhcp: { mac: macOf(1), hostname: 'node1', ip: { address: '10.0.0.1' } } }] },
  });
  assert.deepEqual((await call('POST', '/hardware/mac', { mac: macOf(1) })).json, shown);
  assert.deepEqual((await call('POST', '/hardware/ip', { ip: '10.0.0.1' })).json, shown);
  assert.deepEqual(lines((await call('GET', '/hardware')).text), [shown]);

  const { id: template } = (await call('POST', '/templates', { name: 'ignored', data: TWO_ACTIONS })).json;
  assert.equal((await call('GET', `/templates/${template}`)).json.data, TWO_ACTIONS);
  assert.deepEqual(
    lines((await call('GET', '/templates?name=ins*')).text).map(({ name }) => name),
    ['install'],
  );
  assert.deepEqual(lines((await call('GET', '/templates?name=x*')).text), []);

  const { id } = (await call('POST', '/workflows', { template, hardware: `{"device_1": "${macOf(1)}"}` })).json;
  const workflow = (await call('GET', `/workflows/${id}`)).json;
  // STATE_PENDING is 0, and left out, as everything that is zero.
  assert.deepEqual(Object.keys(workflow).sort(), ['created_at', 'data', 'hardware', 'id', 'template', 'updated_at']);
  assert.equal(workflow.created_at, new Date(1_000_000).toISOString());
  assert.deepEqual((await call('GET', `/workflows/${id}/state`)).json, {
    workflow_id: id,
    current_worker: idOf(1),
    total_number_of_actions: '1',
  });
  assert.equal((await call('GET', `/workflows/${id}/events`)).text, '');
  assert.deepEqual(
    lines((await call('GET', '/workflows')).text).map((each) => each.id),
    [id],
  );
  assert.deepEqual((await call('DELETE', `/workflows/${id}`)).json, {});
  assert.deepEqual((await call('DELETE', `/templates/${template}`)).json, {});
  assert.deepEqual((await call('DELETE', `/hardware/${idOf(1)}`)).json, {});
});

test('what is wrong is said as the gateway did', async (t) => {
  const { call } = await gateway(t);
  for (const [method, path, body, status, code, pattern] of [
    ['GET', '/workflows/none', undefined, 404, 5, /no workflow none/],
    ['GET', `/hardware/${idOf(5)}`, undefined, 404, 5, /not found/],
    ['POST', '/workflows', { templat: 'x' }, 400, 3, /templat is not known/],
    ['POST', '/workflows', { template: 'x', hardware: 'no JSON' }, 400, 3, /JSON map/],
    ['POST', '/hardware', { data: {} }, 400, 3, /id must be set to a UUID/],
    ['POST', '/templates', { data: 'x: [' }, 400, 3, /template/i],
  ] as const) {
    const answer = await call(method, path, body);
    assert.equal(answer.status, status, path);
    assert.equal(answer.json.code, code);
    assert.match(answer.json.message, pattern);
    assert.equal(answer.json.error, answer.json.message);
  }
});

test('the token opens it and, where they are set, user name and password', async (t) => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const closed = await gateway(t);
  for (const authorization of ['', 'Bearer wrong', basic('admin:password'), basic('')])
    assert.equal((await closed.call('GET', '/workflows', undefined, authorization)).status, 401, authorization);
  const open = await gateway(t, { username: 'admin', password: 'password' });
  assert.equal((await open.call('GET', '/workflows', undefined, basic('admin:password'))).status, 200);
  assert.equal((await open.call('GET', '/workflows')).status, 200);
  for (const authorization of ['', 'Bearer wrong', basic('admin:wrong'), basic('')])
    assert.equal((await open.call('GET', '/workflows', undefined, authorization)).status, 401, authorization);
});

test('user name and password come together', () => {
  assert.equal(basicAuthentication({}), undefined);
  const both = { TINK_AUTH_USERNAME: 'a', TINK_AUTH_PASSWORD: 'b' };
  assert.deepEqual(basicAuthentication(both), { username: 'a', password: 'b' });
  assert.throws(() => basicAuthentication({ TINK_AUTH_USERNAME: 'a' }), TinsmithError);
});
