/** The OpenAPI document: it is one, it names every route and no other, and real answers are as it says. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Express } from 'express';
import { createApp } from '../../../src/api/app.ts';
import { codesOf, type Operation, openApiDocument } from '../../../src/api/openapi/index.ts';
import { operationsOf } from '../../../src/api/operations.ts';
import type { Services } from '../../../src/api/services.ts';
import { type EventKind, facts } from '../../../src/api/shapes/event.ts';
import { statusOf } from '../../../src/errors.ts';
import { network } from '../../boots/dhcp/requests.ts';
import { tinyIso } from '../../boots/iso/tiny.ts';
import { hardware, macOf } from '../../machines/examples.ts';
import { anvil } from '../../machines/inventories.ts';
import { layer, saved, tar } from '../../registry/archives.ts';
import { type Answer, type Running, running, tokenFor } from '../running.ts';
import { contentAndLife, oneJob } from './content-and-life.ts';

const BOOT = { filesDirectory: '/nowhere', kernelArguments: [] };
/** Routes under `/api` that are no operations: the worker's side, which is no business of others, and the document. */
const APART = /^\w+ \/api\/(v1\/worker\/|openapi\.json$|v1\/openapi\.json$)/;
const MOUNTS = ['/api/v1/worker', '/api/v1', '/v1'];

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  match(path: string): { path: string } | false;
}

/** Every route of an application, as `get /api/v1/machines/:reference`. */
function routesOf(app: Express): string[] {
  const under = (stack: Layer[], prefix: string): string[] =>
    stack.flatMap((each) => {
      if (each.route) {
        const { path, methods } = each.route;
        return [path].flat().flatMap((one) => Object.keys(methods).map((method) => `${method} ${prefix}${one}`));
      }
      const mount = MOUNTS.find((path) => (each.match(`${path}/x`) || undefined)?.path === path) ?? '';
      return each.handle.stack ? under(each.handle.stack, prefix + mount) : [];
    });
  return under((app as unknown as { router: { stack: Layer[] } }).router.stack, '');
}

const promised = (operations: Operation[]): string[] =>
  operations.map(({ contract }) => `${contract.method} /api/v1${contract.path}`);

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, and is given to anybody', async (t) => {
    const { call } = await running(t);
    const { json, status } = await call('GET', '/api/openapi.json', { token: '' });
    assert.equal(status, 200);
    assert.deepEqual((await call('GET', '/api/v1/openapi.json', { token: '' })).json, json);
    const { valid, errors } = await new Validator().validate(structuredClone(json));
    assert.ok(valid, JSON.stringify(errors, null, 1));
    assert.match(json.openapi, /^3\.1\./);
  });

  it('would not be found valid with a mistake in it', async (t) => {
    const { services } = await running(t);
    const document = openApiDocument(operationsOf(services, BOOT), '1') as { paths: Record<string, object> };
    document.paths['/x'] = { get: { responses: 'none' } };
    assert.equal((await new Validator().validate(document)).valid, false);
  });

  it('has every route, and no other', async (t) => {
    const { services } = await running(t);
    const routes = routesOf(createApp(services, BOOT)).filter((route) => / \/api\//.test(route) && !APART.test(route));
    assert.ok(routes.length > 30, routes.join());
    assert.deepEqual(routes.sort(), promised(operationsOf(services, BOOT)).sort());
    const { paths } = openApiDocument(operationsOf(services, BOOT), '1') as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    // What may have slashes in it is a parameter like others there.
    assert.deepEqual(described.sort(), routes.map((route) => route.replace('*', ':')).sort());
  });

  it('names each operation once, and refers to nothing that is not in it', async (t) => {
    const { services } = await running(t);
    const operations = operationsOf(services, BOOT);
    assert.equal(new Set(operations.map(({ contract }) => contract.id)).size, operations.length);
    const document = openApiDocument(operations, '1') as { components: { schemas: object } };
    const text = JSON.stringify(document);
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      assert.ok(Object.hasOwn(document.components.schemas, name), name);
    assert.doesNotMatch(text, /\$defs|"\$schema"/);
  });
});

const TEMPLATE = `version: "0.1"
name: install
services:
  - name: web
    worker: "{{.device_1}}"
    image: nginx
    ports: ["80"]
tasks:
  - name: os
    worker: "{{.device_1}}"
    actions:
      - name: wipe
        image: wipe
        timeout: 60
      - name: write
        image: write
        timeout: 60
        on-failure: ["/clean"]
`;

/** An appliance whose every answer is compared with what is promised; `done` has the operations that answered well. */
async function checked(t: TestContext) {
  const all = await running(t);
  const operations = operationsOf(all.services, BOOT);
  const done = new Set<string>();
  const call: Running['call'] = async (method, path, options) => {
    const answer = await all.call(method, path, options);
    const operation = operations.find(({ contract }) => isOf(contract, method, path));
    assert.ok(operation, `${method} ${path} is no operation`);
    check(operation, answer, `${method} ${path}`);
    if (answer.status < 300) done.add(operation.contract.id);
    return answer;
  };
  return { all, call, operations, done };
}

function isOf(contract: Operation['contract'], method: string, path: string): boolean {
  const pattern = new RegExp(`^/api/v1${contract.path.replaceAll(/:\w+/g, '[^/]+').replaceAll(/\*\w+/g, '.+')}$`);
  const literal = `/api/v1${contract.path}` === path.replace(/\?.*/, '');
  return contract.method === method.toLowerCase() && (literal || pattern.test(path.replace(/\?.*/, '')));
}

function check({ contract }: Operation, answer: Answer, what: string): void {
  if (answer.status === 304) {
    assert.ok(contract.tagged && contract.method === 'get', what);
    return;
  }
  if (answer.status >= 400) {
    assert.ok(codesOf(contract).includes(answer.json.code), `${what}: ${answer.json.code} is not promised`);
    assert.equal(answer.status, statusOf(answer.json.code));
    return;
  }
  if (contract.answer.kind === 'written') return;
  assert.equal(answer.status, contract.answer.status ?? 200, what);
  // What is not in the schema is left out by it, and missed here.
  assert.deepEqual(contract.answer.shape.parse(answer.json), answer.json, what);
}

async function playWorker(all: Running, workflow: string): Promise<void> {
  const token = await tokenFor(all, macOf(1));
  const say = async (path: string, body: object): Promise<void> => {
    const { status, text } = await all.call('POST', `/api/v1/worker/${path}`, { token, body });
    assert.equal(status, 200, text);
  };
  const boot = 'boot-1';
  await say('hello', { mac: macOf(1), boot, version: '1' });
  await say('service', { workflow, service: 0, boot, state: 'UP', starts: 1, ports: { 80: 32_768 } });
  const entries = [{ at: 1, stream: 'stdout', text: 'hello\n' }];
  await say('service-log', { workflow, service: 0, start: 1, from: 0, entries });
  for (const [action, state] of [
    [0, 'SUCCESS'],
    [1, 'FAILED'],
  ] as const) {
    await all.call('GET', `/api/v1/worker/work?boot=${boot}`, { token });
    const key = { workflow, action, attempt: 1, boot };
    await say('report', { ...key, state: 'RUNNING', at: 2 });
    await say('log', { workflow, action, attempt: 1, from: 0, entries });
    const diskWrites = { '/dev/sda': 512 };
    await say('report', { ...key, state, at: 3, seconds: 1, exitCode: 1, message: 'why', logTail: ['x'], diskWrites });
  }
}

async function subnetCalls(call: Running['call']): Promise<void> {
  const lab = { network: '192.168.1.0/24', ranges: '192.168.1.100-192.168.1.199', options: { 150: ['10.0.0.1'] } };
  await call('PUT', '/api/v1/subnets/lab', { body: { ...lab, relays: [{ giaddr: '192.168.1.1' }] } });
  await call('PUT', '/api/v1/subnets/lab', { body: lab, headers: { 'if-none-match': '*' } });
  await call('PUT', '/api/v1/subnets/bad', { body: { network: '192.168.1.7/24' } });
  const { headers } = await call('GET', '/api/v1/subnets/lab');
  const seen = { 'if-match': headers.get('etag') ?? '' };
  await call('POST', '/api/v1/subnets/lab', { body: { dns: '1.1.1.1' }, headers: seen });
  await call('POST', '/api/v1/subnets/lab', { body: { dns: '9.9.9.9' }, headers: seen });
  await call('POST', '/api/v1/subnets/none', { body: {} });
  await call('GET', '/api/v1/subnets?limit=1');
  await call('DELETE', '/api/v1/subnets/none');
  await call('DELETE', '/api/v1/subnets/lab');
}

/** Somebody who takes what webhooks post. */
async function target(t: TestContext): Promise<string> {
  const server = createServer((_, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function eventsAreDescribed({ events }: Services): Promise<Set<string>> {
  const kinds = new Set<string>();
  for await (const { kind, data } of events.since(0)) {
    assert.ok(Object.hasOwn(facts, kind), `events of the kind ${kind} are not described`);
    const told = JSON.parse(JSON.stringify(data));
    assert.deepEqual(facts[kind as EventKind].parse(told), told, kind);
    kinds.add(kind);
  }
  return kinds;
}

describe('every operation', () => {
  it('is closed to those without the administrator’s token', async (t) => {
    const { call, services } = await running(t);
    for (const { contract } of operationsOf(services, BOOT)) {
      const path = `/api/v1${contract.path.replaceAll(/:\w+/g, 'x')}`;
      for (const token of ['', 'wrong']) {
        const { status, json } = await call(contract.method.toUpperCase(), path, { token });
        assert.deepEqual([status, json.code], [401, 'UNAUTHORIZED'], `${contract.method} ${path}`);
      }
    }
  });
});

describe('real answers', () => {
  it('of every operation are as the document says', async (t) => {
    const { all, call, done, operations } = await checked(t);
    const machine = hardware(1, { hostname: 'node1', ip: '10.0.0.1' });
    await call('GET', '/api/v1/status');
    await call('GET', '/api/v1/dhcp-settings?address=10.0.0.1');
    await call('POST', '/api/v1/machines', { body: machine });
    await call('POST', '/api/v1/machines', { body: [machine, hardware(2)] });
    await call('POST', '/api/v1/machines', { body: {} });
    const { headers } = await call('GET', '/api/v1/machines/node1');
    const etag = headers.get('etag') ?? '';
    assert.equal((await call('GET', '/api/v1/machines/node1', { headers: { 'if-none-match': etag } })).status, 304);
    await call('PUT', '/api/v1/machines/node1', { body: machine, headers: { 'if-match': etag } });
    await call('PUT', '/api/v1/machines/node1', { body: machine, headers: { 'if-match': '"other"' } });
    await call('GET', '/api/v1/machines?limit=1');
    await call('GET', '/api/v1/machines/none');
    await call('GET', '/api/v1/preview/node1');
    await call('GET', '/api/v1/preview/node1/firmware');
    await call('GET', '/api/v1/explain/node1');

    await call('POST', '/api/v1/templates/lint', { body: TEMPLATE });
    const { json: made } = await call('POST', '/api/v1/templates', { body: TEMPLATE });
    const hardwareOfOne = { device_1: macOf(1) };
    await call('POST', '/api/v1/templates/render', { body: { data: TEMPLATE, hardware: hardwareOfOne } });
    await call('GET', '/api/v1/templates');
    await call('GET', '/api/v1/templates/install');
    await call('PUT', '/api/v1/templates/install', { body: TEMPLATE });
    await call('POST', '/api/v1/templates', { body: 'not: a template' });

    const order = { template: made.data.id, hardware: hardwareOfOne, secrets: { password: 'hunter2' } };
    const { json: begun } = await call('POST', '/api/v1/workflows', { body: order });
    const { id } = begun.data;
    await call('POST', '/api/v1/workflows', { body: { template: 'none', hardware: hardwareOfOne } });
    await call('POST', `/api/v1/workflows/${id}/pause`);
    await call('POST', `/api/v1/workflows/${id}/resume`);
    await playWorker(all, id);
    for (const what of ['', '/events', '/logs', '/logs?service=web', '/logs?action=none', '/data', '/data?version=9'])
      await call('GET', `/api/v1/workflows/${id}${what}`);
    await call('PUT', `/api/v1/workflows/${id}/data`, { body: { a: 1 } });
    await call('PUT', `/api/v1/workflows/${id}/data?base=0`, { body: '[' });
    await call('GET', `/api/v1/workflows/${id}/data/versions`);
    await call('POST', `/api/v1/workflows/${id}/cancel`);
    await call('POST', `/api/v1/workflows/${id}/retry`, { body: { from: 'write' } });
    await call('POST', `/api/v1/workflows/${id}/retry`, { body: {} });
    await call('POST', `/api/v1/workflows/${id}/skip`, { body: { action: 1 } });
    await call('GET', '/api/v1/workflows?state=RUNNING&machine=node1&template=install');
    await call('GET', '/api/v1/workflows?machine=none');

    await call('GET', '/api/v1/trace');
    await call('GET', `/api/v1/trace/${macOf(1)}`);
    await call('GET', `/api/v1/trace/${macOf(1)}/boots`);
    const archive = await tar(saved(['example/tool:1'], [await layer('a', 'b')]));
    const loaded = await fetch(`${all.url}/api/v1/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${all.adminToken}` },
      body: new Uint8Array(archive),
    });
    const load = operations.find(({ contract }) => contract.id === 'loadImages');
    assert.ok(load);
    check(load, { status: loaded.status, headers: loaded.headers, text: '', json: await loaded.json() }, 'load');
    done.add('loadImages');
    const { json: images } = await call('GET', '/api/v1/images');
    await call('DELETE', `/api/v1/images/${encodeURIComponent(images.data[0].reference)}`);

    await call('PUT', '/api/v1/files/images/x', { body: 'content' });
    await call('PUT', `/api/v1/files/images/x?sha256=${'0'.repeat(64)}`, { body: 'content' });
    await call('PUT', '/api/v1/files/images/x', { body: 'content', headers: { 'if-none-match': '*' } });
    await call('GET', '/api/v1/files/images/x');
    await call('GET', '/api/v1/files/none');
    await call('GET', '/api/v1/files?under=images');
    await call('DELETE', '/api/v1/files/images/x');
    await call('PUT', '/api/v1/isos/none.iso', { body: 'no image' });
    await call('PUT', '/api/v1/isos/tiny.iso', { body: tinyIso({ 'A.;1': 'a' }).toString('latin1') });
    await call('GET', '/api/v1/isos');
    await call('GET', '/api/v1/isos/tiny.iso');
    await call('GET', '/api/v1/isos/gone.iso');
    await call('DELETE', '/api/v1/isos/tiny.iso');

    const hook = { url: await target(t), kinds: ['workflow.*'] };
    const { json: hooked } = await call('POST', '/api/v1/webhooks', { body: hook });
    await call('POST', '/api/v1/webhooks', { body: { url: 'ftp://x' } });
    await call('GET', '/api/v1/webhooks');
    await call('GET', `/api/v1/webhooks/${hooked.data.id}`);
    const { json: tested } = await call('POST', `/api/v1/webhooks/${hooked.data.id}/test`);
    assert.deepEqual(tested, { data: { delivered: true, status: 204 } });
    await call('DELETE', `/api/v1/webhooks/${hooked.data.id}`);

    const { json: manifests } = await call('GET', '/api/v1/manifests');
    assert.ok(manifests.data.length > 0);
    const again = manifests.data.map((each: object) => JSON.stringify(each)).join('\n---\n');
    await call('POST', '/api/v1/apply?dryRun=true', { body: again });

    await contentAndLife(call);
    await subnetCalls(call);
    await oneJob(all, call);
    await call('PUT', '/api/v1/discovery/rules', { body: [{ when: { virtual: false } }] });
    await call('PUT', '/api/v1/discovery/rules', { body: {} });
    await call('GET', '/api/v1/discovery/rules');
    await call('GET', '/api/v1/machines/node1/inventory');
    const pool = network('pool', { ranges: [{ first: '10.77.0.8', last: '10.77.0.12' }] });
    await all.leases.keep({ mac: macOf(1), hostname: undefined }, pool, '10.77.0.10', 600);
    await call('GET', '/api/v1/leases?state=active');
    for (const method of ['GET', 'DELETE', 'DELETE', 'GET']) await call(method, '/api/v1/leases/10.77.0.10');
    const seen = { mac: '9c:00:5e:00:00:01', inventory: anvil({}), boot: 'b' };
    await all.discovery.take(seen, () => {});
    await call('GET', `/api/v1/machines/${seen.mac}/inventory`);

    await call('DELETE', `/api/v1/workflows/${id}`, { headers: { 'if-match': '"other"' } });
    await call('DELETE', `/api/v1/workflows/${id}`);
    await call('DELETE', '/api/v1/templates/install');
    await call('DELETE', '/api/v1/machines/node1');
    await call('GET', '/api/v1/events/history?limit=5&kind=workflow.*');
    await call('GET', '/api/v1/events/history?after=x');
    await call('GET', '/api/v1/events/history?nonsense=1');

    const kinds = await eventsAreDescribed(all.services);
    for (const kind of ['service.changed', 'action.ended', 'workflow.failing', 'workflow.retried', 'data.changed'])
      assert.ok(kinds.has(kind), kind);
    for (const kind of [
      'machine.stage',
      'machine.discovered',
      'discovery.rules',
      'machine.halted',
      'machine.tasks',
      'job.created',
      'pack.added',
      'content.changed',
      'subnet.updated',
    ])
      assert.ok(kinds.has(kind), kind);
    const never = operations.map(({ contract }) => contract.id).filter((each) => !done.has(each));
    assert.deepEqual(never, ['streamEvents']);
  });
});
