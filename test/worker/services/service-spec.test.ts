import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLabels } from '../../../src/worker/container-spec.ts';
import { publishedPorts } from '../../../src/worker/services/docker-services.ts';
import {
  readServiceLabels,
  servedPorts,
  serviceOptions,
  serviceSpec,
} from '../../../src/worker/services/service-spec.ts';
import { wanted } from './fake-service-server.ts';

const around = {
  image: 'i',
  exposed: [],
  hasBridge: false,
  publishOn: '0.0.0.0',
  directory: '/run/w',
  executable: '/exe',
  boot: 'b',
  start: 4,
  restarts: 2,
  failures: 1,
};

test('the labels tell the next worker what it has to know, and no action has them', () => {
  const spec = serviceSpec(
    wanted('serve boot files', {
      service: 3,
      labels: ['a=b=c', 'a=d', 'bare', 'tinsmith.attempt=1', 'tinsmith.action=1'],
      ports: [{ port: 80, protocol: 'tcp' }],
      run: { secrets: ['x'] },
    }),
    around,
  );
  const labels = serviceOptions(spec).Labels ?? {};
  assert.deepEqual(readServiceLabels(labels), spec.mark);
  assert.deepEqual(spec.mark, {
    key: { workflow: '0123456789-w', service: 3 },
    name: 'serve boot files',
    start: 4,
    restarts: 2,
    failures: 1,
    boot: 'b',
    hostPorts: [80],
    secret: true,
  });
  assert.equal(readLabels(labels), undefined);
  assert.deepEqual(
    [labels.a, labels.bare, labels['tinsmith.workflow'], labels['tinsmith.service']],
    ['d', '', '0123456789-w', '3'],
  );
  assert.equal(spec.name, 'tinsmith-01234567-service-3-4-serve_boot_files');
});

test('containers of others are none of ours; those of another version are known by their key', () => {
  assert.equal(
    readServiceLabels({ 'tinsmith.workflow': 'w', 'tinsmith.action': '1', 'tinsmith.attempt': '1' }),
    undefined,
  );
  const old = readServiceLabels({
    'tinsmith.workflow': 'w',
    'tinsmith.service': '1',
    'tinsmith.start': '2',
    'tinsmith.facts': '{',
  });
  assert.deepEqual([old?.key, old?.start, old?.secret], [{ workflow: 'w', service: 1 }, 2, true]);
});

test('a container as the engine wants it', () => {
  const service = wanted('web', {
    ports: [
      { port: 80, published: 8080, protocol: 'tcp' },
      { port: 53, protocol: 'udp' },
    ],
    healthcheck: { test: ['CMD', 'true'], interval: 1.5, timeout: 2, retries: 3, startPeriod: 0 },
    run: {
      command: ['serve'],
      environment: { A: 'b' },
      volumes: ['/data:/workflow', '/x:/y:ro'],
      memory: 1 << 20,
      cpus: 0.5,
      mountsExecutable: true,
    },
  });
  const options = serviceOptions(serviceSpec(service, { ...around, hasBridge: true, publishOn: '127.0.0.1' }));
  assert.deepEqual(options.Healthcheck, {
    Test: ['CMD', 'true'],
    Interval: 1.5e9,
    Timeout: 2e9,
    Retries: 3,
    StartPeriod: 0,
  });
  assert.deepEqual(
    [options.Cmd, options.Env, Object.keys(options.ExposedPorts ?? {})],
    [['serve'], ['A=b'], ['80/tcp', '53/udp']],
  );
  const { Privileged, NetworkMode, Binds, PortBindings, Memory, NanoCpus, RestartPolicy } = options.HostConfig ?? {};
  assert.deepEqual(
    [Privileged, NetworkMode, Memory, NanoCpus, RestartPolicy],
    [false, 'bridge', 1 << 20, 5e8, { Name: 'no' }],
  );
  // The template's mount wins over ours, and the machine's devices are not there.
  assert.deepEqual(Binds, ['/data:/workflow', '/exe:/usr/bin/tinsmith:ro', '/x:/y:ro']);
  assert.deepEqual(PortBindings, {
    '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
  });
});

test('without a network of its own, nothing is published and ports are the same', () => {
  for (const network of ['host', 'none', 'container:x']) {
    const spec = serviceSpec(wanted('web', { ports: [{ port: 80, protocol: 'tcp' }], run: { network } }), {
      ...around,
      hasBridge: true,
    });
    assert.deepEqual([spec.network, spec.ports, spec.mark.hostPorts], [network, [], network === 'host' ? [80] : []]);
  }
  const own = serviceSpec(wanted('web', { run: { network: 'mine' } }), { ...around, exposed: [80] });
  assert.deepEqual([own.network, own.ports.length], ['mine', 1]);
  assert.equal(serviceOptions(own).Healthcheck, undefined);
});

test('the ports that a service serves', () => {
  assert.deepEqual(
    servedPorts(
      [{ port: 80, published: 8080, protocol: 'tcp' }],
      [80, 443],
      [
        'traefik.http.services.web.loadbalancer.server.port=5000',
        'traefik.http.services.web.loadbalancer.server.port=0',
        'x=1',
      ],
    ),
    [
      { port: 80, published: 8080, protocol: 'tcp' },
      { port: 443, protocol: 'tcp' },
      { port: 5000, protocol: 'tcp' },
    ],
  );
});

test('the ports by which the engine says it is reached', () => {
  assert.deepEqual(
    publishedPorts({
      '80/tcp': [{ HostPort: '32768' }, { HostPort: '32769' }],
      '53/tcp': [{ HostPort: '1' }],
      '53/udp': [{ HostPort: '2' }],
      '443/tcp': null,
      '22/tcp': [],
    }),
    { 80: 32_768, 53: 1 },
  );
  assert.deepEqual(publishedPorts(undefined), {});
});
