/** The way of a request to a service, and every reason why there is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  answering,
  type RoutedService,
  type RoutedWorkflow,
  type Routing,
  routeRequest,
  serviceAddress,
} from '../../src/services/index.ts';

const ID = 'aaaaaaaa-0000-4000-8000-000000000001';
const HOST = `${ID}.workflows.tinkerbell.local`;

function service(name: string, more: Partial<RoutedService> = {}): RoutedService {
  return {
    name,
    machine: 'provisioner',
    labels: [
      `traefik.http.routers.r.rule=Host(\`${HOST}\`)`,
      'traefik.http.routers.r.rule=Path(`/kernel`)',
      'traefik.http.routers.r.rule=PathPrefix(`/modules/`)',
    ],
    ports: [],
    state: 'UP',
    endpoints: { '80': '10.0.0.5:32768' },
    ...more,
  };
}
const workflow = (...services: RoutedService[]): RoutedWorkflow => ({ id: ID, name: 'w', state: 'RUNNING', services });

function routed(found: RoutedWorkflow | undefined, target: string, options: { host?: string; method?: string } = {}) {
  const address = serviceAddress(options.host ?? '10.0.0.1:8080', target);
  assert.ok(address);
  return routeRequest(found, address, options.method ?? 'GET');
}
const refusal = (routing: Routing): string => ('refused' in routing ? routing.refused : 'not refused');
const target = (routing: Routing): string =>
  'refused' in routing ? routing.sentence : `${routing.service} ${routing.target.address}:${routing.target.port}`;

describe('the address of a service', () => {
  for (const [host, path, expected] of [
    [HOST, '/kernel?x=1', { workflow: ID, host: HOST, path: '/kernel?x=1', prefix: '' }],
    [`${HOST.toUpperCase()}.:8080`, '/', { workflow: ID, host: HOST, path: '/', prefix: '' }],
    [
      '10.0.0.1',
      `/workflows/${ID}/a/b?c`,
      { workflow: ID, host: undefined, path: '/a/b?c', prefix: `/workflows/${ID}` },
    ],
    ['10.0.0.1', `/workflows/${ID}`, { workflow: ID, host: undefined, path: '/', prefix: `/workflows/${ID}` }],
    ['10.0.0.1', `/workflows/${ID}?a`, { workflow: ID, host: undefined, path: '/?a', prefix: `/workflows/${ID}` }],
    [HOST, `/workflows/other/x`, { workflow: ID, host: HOST, path: '/workflows/other/x', prefix: '' }],
    ['10.0.0.1', '/api/v1/workflows/x', undefined],
    ['10.0.0.1', '/workflows', undefined],
    [undefined, '*', undefined],
    ['workflows.tinkerbell.local', '/', undefined],
  ] as const) {
    it(`is read from ${host} ${path}`, () => assert.deepEqual(serviceAddress(host, path), expected));
  }

  it('is read from anything, and its path always begins with /', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), fc.string(), (host, rest) => {
        for (const text of [rest, `/workflows/${rest}`]) {
          const address = serviceAddress(host, text);
          if (address) assert.ok(address.path.startsWith('/') && !address.workflow.includes('/'));
        }
      }),
    );
  });
});

describe('a request', () => {
  it('goes to the service by host or by path, without the prefix', () => {
    const found = workflow(service('files'));
    assert.equal(target(routed(found, '/kernel', { host: HOST })), 'files 10.0.0.5:32768');
    assert.equal(target(routed(found, `/workflows/${ID}/modules/a?b`)), 'files 10.0.0.5:32768');
    assert.equal(refusal(routed(found, '/other', { host: HOST })), 'no-route');
    assert.equal(refusal(routed(found, `/workflows/${ID}/workflows/${ID}/kernel`)), 'no-route');
  });

  it('goes to the port of the label, else to the first of the template, else to the lowest', () => {
    const endpoints = { '8080': '10.0.0.5:1', '81': '10.0.0.5:2', '443': '10.0.0.5:3' };
    const label = 'traefik.http.services.s.loadbalancer.server.port=443';
    const ports = [
      { port: 53, protocol: 'udp' as const },
      { port: 8080, protocol: 'tcp' as const },
    ];
    const of = (more: Partial<RoutedService>): string =>
      target(routed(workflow(service('s', { endpoints, ...more })), `/workflows/${ID}/kernel`));
    assert.equal(of({ ports, labels: [...service('s').labels, label] }), 's 10.0.0.5:3');
    assert.equal(of({ ports }), 's 10.0.0.5:1');
    assert.equal(of({}), 's 10.0.0.5:2');
  });

  it('goes to the highest priority, and only to a service that is up where there is one', () => {
    const special = { labels: ['traefik.http.routers.r.rule=Path(`/kernel`)', 'traefik.http.routers.r.priority=1000'] };
    const general = service('general');
    const up = workflow(general, service('special', special));
    assert.match(target(routed(up, `/workflows/${ID}/kernel`)), /^special/);
    const down = workflow(general, service('special', { ...special, state: 'RESTARTING' }));
    assert.match(target(routed(down, `/workflows/${ID}/kernel`)), /^general/);
  });

  it('never goes where a name would have to be looked up', () => {
    for (const endpoint of [
      'localhost:80',
      'evil.example:80',
      '10.0.0.5',
      '10.0.0.5:0',
      '10.0.0.5:99999',
      '[::1]:80',
    ]) {
      const routing = routed(workflow(service('s', { endpoints: { '80': endpoint } })), `/workflows/${ID}/kernel`);
      assert.equal(refusal(routing), 'service-failed', endpoint);
    }
  });

  for (const [state, more, reason, sentence] of [
    ['PENDING', {}, 'not-up', /the service s is not up yet/],
    ['STARTING', { message: 'pulling the image' }, 'not-up', /is not up yet: pulling the image/],
    ['UNHEALTHY', {}, 'not-up', /is not healthy/],
    ['RESTARTING', { exitCode: 3 }, 'not-up', /has ended with exit code 3 and is started again/],
    ['ENDED', {}, 'service-ended', /the service s has ended/],
    ['STOPPED', {}, 'service-ended', /the service s has ended/],
    ['FAILED', { message: 'no such image' }, 'service-failed', /has failed: no such image/],
    ['UP', { endpoints: {} }, 'service-failed', /port \(none\) of the service s is not reached/],
    ['HEALTHY', { endpoints: undefined }, 'service-failed', /not reached from outside/],
  ] as const) {
    it(`to a service that is ${state} is refused: ${reason}`, () => {
      const routing = routed(workflow(service('s', { state, ...more })), `/workflows/${ID}/kernel`);
      assert.ok('refused' in routing);
      assert.equal(routing.refused, reason);
      assert.match(routing.sentence, sentence);
      assert.equal(routing.retryAfter !== undefined, reason === 'not-up');
    });
  }

  it('to no workflow, an ended one or an unknown path is refused, and the routes are listed', () => {
    assert.equal(refusal(routed(undefined, '/workflows/x/')), 'no-workflow');
    for (const state of ['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED'] as const) {
      const routing = routed({ ...workflow(service('s')), state }, `/workflows/${ID}/kernel`);
      assert.equal(refusal(routing), 'workflow-ended');
    }
    const none = routed(workflow(service('s')), `/workflows/${ID}/x`, { method: 'PUT' });
    assert.ok('refused' in none);
    assert.equal(none.sentence, `no service of workflow ${ID} answers PUT /x`);
    assert.match(none.next ?? '', /&& Path\(`\/kernel`\) \(s\); /);
    const bare = routed(workflow(service('s', { labels: [] })), `/workflows/${ID}/x`);
    assert.match('refused' in bare ? (bare.next ?? '') : '', /None of its services has a routing label/);
  });
});

describe('a boot script of a service', () => {
  const labels = ['traefik.http.routers.r.rule=Path(`/auto.ipxe`)'];
  const state = (more: Partial<RoutedService>, machine = 'm1') =>
    answering(workflow(service('s', { labels, ...more })), '/auto.ipxe', machine);
  it('is there, is to come, or is none', () => {
    assert.equal(state({}), 'up');
    assert.equal(state({ state: 'STARTING' }), 'starting');
    assert.equal(state({ state: 'RESTARTING' }), 'starting');
    assert.equal(state({ state: 'FAILED' }), undefined);
    assert.equal(state({ labels: [] }), undefined);
    assert.equal(answering({ ...workflow(service('s', { labels })), state: 'SUCCESS' }, '/auto.ipxe', 'm1'), undefined);
  });
  it('never comes from the machine that is to boot it', () => {
    assert.equal(state({ machine: 'm1' }), undefined);
  });
});
