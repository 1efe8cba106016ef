/** The routes to services: what is passed on and what is not, through the real server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { problemHandler } from '../../src/api/problem-handler.ts';
import { autoIpxeOf, serviceRoutes } from '../../src/api/routes/services.ts';
import type { Services } from '../../src/api/services.ts';
import type { ServiceRecord, Workflow } from '../../src/workflows/workflow.ts';
import { exchange, serve } from '../http/served.ts';
import { macOf } from '../machines/examples.ts';

const ADMIN = 'the-administrator';

async function routed(t: TestContext) {
  const seen: { url: string; authorization: string | undefined }[] = [];
  const target = createServer((req, res) => {
    seen.push({ url: req.url ?? '', authorization: req.headers.authorization });
    res.end('served');
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  const { port } = target.address() as AddressInfo;
  const service = {
    name: 'boot files',
    machine: 'provisioner',
    labels: ['traefik.http.routers.r.rule=Path(`/auto.ipxe`)', 'traefik.http.routers.r.rule=Path(`/healthz`)'],
    ports: [],
    state: 'UP',
    endpoints: { '80': `127.0.0.1:${port}` },
  } as Partial<ServiceRecord> as ServiceRecord;
  const workflow = {
    id: 'w1',
    name: 'install',
    state: 'RUNNING',
    services: [service],
  } as Partial<Workflow> as Workflow;
  const services = {
    workflows: { find: (id: string) => (id === 'w1' ? workflow : undefined) },
    machines: { byAddress: () => undefined, work: (id: string) => ({ queue: id === 'm1' ? ['w1'] : [], ended: 0 }) },
    adminToken: ADMIN,
    workerTokens: { opens: (token: string) => token === 'a-worker' },
    neighbour: () => macOf(1),
  } as unknown as Services;
  const served = await serve((app) => {
    app.use(serviceRoutes(services));
    app.get('/healthz', (_req, res) => void res.send('ours'));
    app.use(problemHandler(pino({ level: 'silent' })));
  });
  t.after(async () => {
    await served.server.stop(0);
    target.closeAllConnections();
    target.close();
  });
  return { ...served, services, workflow, service, seen };
}

describe('the routes to services', () => {
  it('go by path and by host, and leave everything else to others', async (t) => {
    const { url, port, seen, nextSent } = await routed(t);
    const byPath = await fetch(`${url}/workflows/w1/auto.ipxe?a`);
    assert.equal(await byPath.text(), 'served');
    const host = 'GET /healthz HTTP/1.1\r\nHost: w1.workflows.tinkerbell.local\r\nConnection: close\r\n\r\n';
    assert.match(await exchange(port, host), /served$/);
    assert.deepEqual(
      seen.map((each) => each.url),
      ['/auto.ipxe?a', '/healthz'],
    );
    assert.equal(await (await fetch(`${url}/healthz`)).text(), 'ours');
    const { about } = await nextSent();
    assert.deepEqual(about, { mac: macOf(1), what: 'boot files/auto.ipxe', remote: '127.0.0.1' });
  });

  it('never hand on a token of ours, only those of others', async (t) => {
    const { url, seen } = await routed(t);
    for (const authorization of [`Bearer ${ADMIN}`, 'bearer  a-worker', `Basic x ${ADMIN}`, 'Bearer of-its-own']) {
      await (await fetch(`${url}/workflows/w1/auto.ipxe`, { headers: { authorization } })).text();
    }
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      [undefined, undefined, undefined, 'Bearer of-its-own'],
    );
  });

  it('say why there is none, and when to ask again', async (t) => {
    const { url, workflow, service } = await routed(t);
    const ask = async (path: string) => {
      const answer = await fetch(`${url}/workflows${path}`);
      const { code, detail, next } = JSON.parse(await answer.text());
      return { status: answer.status, retry: answer.headers.get('retry-after'), code, detail, next };
    };
    assert.deepEqual(await ask('/nope/x'), {
      status: 404,
      retry: null,
      code: 'NOT_FOUND',
      detail: 'There is no workflow nope.',
      next: 'Workflows: tinsmith workflow list',
    });
    assert.match((await ask('/w1/other')).next, /Path\(`\/auto\.ipxe`\) \(boot files\)/);
    service.state = 'STARTING';
    const starting = await ask('/w1/auto.ipxe');
    assert.deepEqual(
      [starting.status, starting.retry, starting.code, starting.detail],
      [503, '2', 'UNAVAILABLE', 'The service boot files is not up yet.'],
    );
    service.state = 'FAILED';
    assert.equal((await ask('/w1/auto.ipxe')).status, 502);
    workflow.state = 'CANCELLED';
    assert.match((await ask('/w1/auto.ipxe')).detail, /Workflow w1 \(install\) has ended with CANCELLED/);
  });
});

describe('the boot script of a service', () => {
  it('is that of the first workflow in the queue of the machine', async (t) => {
    const { services, service, workflow } = await routed(t);
    assert.deepEqual(autoIpxeOf(services, 'm1'), { workflow: 'w1', state: 'up' });
    assert.equal(autoIpxeOf(services, 'm2'), undefined);
    service.state = 'STARTING';
    assert.deepEqual(autoIpxeOf(services, 'm1'), { workflow: 'w1', state: 'starting' });
    workflow.services = [];
    assert.equal(autoIpxeOf(services, 'm1'), undefined);
  });
});
