import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import type { TemplateService } from '../../../src/workflows/template/document.ts';
import { checkTemplate, renderTemplate } from '../../../src/workflows/template/index.ts';

const TASKS = 'tasks: [{name: t, worker: w, actions: [{name: a, image: i}]}]\n';
/** A template whose services are `lines`, from line 4. */
function services(...lines: string[]): string {
  return `version: "0.1"\nname: n\nservices:\n${lines.map((line) => `  ${line}\n`).join('')}${TASKS}`;
}
/** One service, with `lines` from line 7. */
function service(...lines: string[]): string {
  return services('- name: s', '  worker: w', '  image: i', ...lines.map((line) => `  ${line}`));
}
function read(...lines: string[]): TemplateService {
  const [first] = renderTemplate(service(...lines), { devices: {} }).document.services;
  assert.ok(first !== undefined);
  return first;
}

describe('what a service may say', () => {
  test('nothing but what it must', () => {
    assert.deepEqual(read(), {
      name: 's',
      worker: 'w',
      image: 'i',
      command: [],
      volumes: [],
      environment: {},
      labels: [],
      ports: [],
      restart: { when: 'on-failure' },
      startTimeout: 120,
    });
  });

  test('everything', () => {
    const all = read(
      'command: [serve, --all]',
      'environment: [A=1, "B=x=y"]',
      'volumes: ["/srv:/srv:ro"]',
      'labels: {traefik.http.routers.r.rule: "Path(`/x`)", other: 7}',
      'ports: [80, "8080:81", "53:53/udp"]',
      'healthcheck: {test: [CMD, true], interval: 1m30s, timeout: 500ms, retries: 5, start_period: 10}',
      'restart: on-failure:3',
      'start_timeout: 2m',
      'privileged: true',
      'namespaces: {network: bridge}',
      'pid: host',
      'memory: 512m',
      'cpus: 0.5',
    );
    assert.deepEqual(all, {
      name: 's',
      worker: 'w',
      image: 'i',
      command: ['serve', '--all'],
      volumes: ['/srv:/srv:ro'],
      environment: { A: '1', B: 'x=y' },
      pid: 'host',
      network: 'bridge',
      privileged: true,
      memory: 512 * 1024 ** 2,
      cpus: 0.5,
      labels: ['traefik.http.routers.r.rule=Path(`/x`)', 'other=7'],
      ports: [
        { port: 80, protocol: 'tcp' },
        { port: 81, published: 8080, protocol: 'tcp' },
        { port: 53, published: 53, protocol: 'udp' },
      ],
      healthcheck: { test: ['CMD', 'true'], interval: 90, timeout: 0.5, retries: 5, startPeriod: 10 },
      restart: { when: 'on-failure', limit: 3 },
      startTimeout: 120,
    });
  });

  const healthchecks: [string, Partial<TemplateService['healthcheck']>][] = [
    ['{test: wget -q localhost}', { test: ['CMD-SHELL', 'wget -q localhost'] }],
    ['{test: [CMD-SHELL, "a || b"]}', { test: ['CMD-SHELL', 'a || b'], interval: 30, timeout: 30, retries: 3 }],
    ['{disable: true}', { test: ['NONE'] }],
    ['{test: NONE}', { test: ['NONE'] }],
    ['{test: x, interval: 1.5}', { interval: 1.5 }],
    ['{test: x, interval: 1h2m3.5s}', { interval: 3723.5 }],
  ];
  for (const [text, expected] of healthchecks) {
    test(`healthcheck: ${text}`, () => {
      const found = read(`healthcheck: ${text}`).healthcheck;
      assert.deepEqual({ ...found, ...expected }, found);
    });
  }

  const policies: [string, TemplateService['restart']][] = [
    ['no', { when: 'never' }],
    ['never', { when: 'never' }],
    ['always', { when: 'always' }],
    ['unless-stopped', { when: 'always' }],
    ['on-failure', { when: 'on-failure' }],
    ['on-failure:0', { when: 'on-failure', limit: 0 }],
    ['{policy: always, limit: 4}', { when: 'always', limit: 4 }],
  ];
  for (const [text, expected] of policies) {
    test(`restart: ${text}`, () => assert.deepEqual(read(`restart: ${text}`).restart, expected));
  }

  test('labels of one router that come several times', () => {
    const labels = ['traefik.http.routers.r.rule=Host(`h`)', 'traefik.http.routers.r.rule=Path(`/x`)'];
    assert.deepEqual(read(`labels: ${JSON.stringify(labels)}`).labels, labels);
  });

  test('the same port on different workers, and as another protocol', () => {
    const one = (name: string, worker: string, port: string): string =>
      `- {name: ${name}, worker: ${worker}, image: i, ports: ["${port}"]}`;
    const text = services(one('a', 'w', '53:53'), one('b', 'w', '53:53/udp'), one('c', 'v', '53:53'));
    assert.equal(renderTemplate(text, { devices: {} }).document.services.length, 3);
  });

  test('holes stand for any value at upload', () => {
    const text = services(
      '- {name: a, worker: "{{.a}}", image: i, ports: ["80:{{.p}}", "{{.q}}"], restart: "{{.r}}", memory: "{{.m}}"}',
      '- {name: b, worker: "{{.b}}", image: i, ports: ["80:80"], labels: ["traefik.http.routers.r.rule={{.rule}}"]}',
      '- {name: c, worker: "{{.c}}", image: i, ports: ["80:80"], healthcheck: {test: ["{{.t}}", x], interval: "{{.i}}"}}',
      '- {name: d, worker: w, image: i, environment: ["{{.e}}"], labels: ["{{.l}}", "traefik.http.routers.r.priority=1"]}',
    );
    assert.deepEqual(checkTemplate(text), { name: 'n', warnings: [] });
  });
});

describe('what a service may not say', () => {
  const cases: [text: string, place: string, field: string, message: RegExp][] = [
    [services('- {}'), '4:5', 'services[0].name', /name is missing/],
    [services('- {name: s, worker: w}'), '4:5', 'services[0].image', /image is missing/],
    [services('- {name: s, image: i}'), '4:5', 'services[0].worker', /worker is missing/],
    [services('- x'), '4:5', 'services[0]', /expected a service/],
    [services('- {name: s, worker: w, image: I}'), '4:33', 'services[0].image', /capital letters/],
    [
      services('- {name: s, worker: w, image: i}', '- {name: s, worker: v, image: i}'),
      '5:5',
      'services[1]',
      /two services are named "s"/,
    ],
    [service('timeout: 5'), '7:5', 'services[0].timeout', /unknown key "timeout"/],
    [service('restrat: no'), '7:5', 'services[0].restrat', /did you mean "restart"/],
    [service('labels: [a]'), '7:14', 'services[0].labels[0]', /"a" is no label; write key=value/],
    [service('labels: [=a]'), '7:14', 'services[0].labels[0]', /is no label/],
    [service('labels: {a b: c}'), '7:19', 'services[0].labels.a b', /no key of a label/],
    [service('labels: text'), '7:13', 'services[0].labels', /expected a list of labels/],
    [
      service('labels: ["traefik.http.routers.r.rule=Pth(`/x`)"]'),
      '7:14',
      'services[0].labels[0]',
      /the rule Pth\(`\/x`\) of the router r/,
    ],
    [
      service('labels:', '  traefik.http.routers.r.priority: 3'),
      '8:40',
      'services[0].labels.traefik.http.routers.r.priority',
      /the router r has no rule/,
    ],
    [service('ports: [web]'), '7:13', 'services[0].ports[0]', /"web" is no port/],
    [service('ports: [0]'), '7:13', 'services[0].ports[0]', /0 is no port from 1 to 65535/],
    [service('ports: ["65536:80"]'), '7:13', 'services[0].ports[0]', /65536 is no port/],
    [service('ports: ["127.0.0.1:80:80"]'), '7:13', 'services[0].ports[0]', /an address cannot be chosen/],
    [service('ports: ["80-90"]'), '7:13', 'services[0].ports[0]', /give each one alone/],
    [service('ports: ["80/sctp"]'), '7:13', 'services[0].ports[0]', /is no port/],
    [
      service('ports: ["1:80", "2:80"]'),
      '7:21',
      'services[0].ports[1]',
      /port 80\/tcp of the container is given twice/,
    ],
    [service('ports: ["1:80", "1:81"]'), '4:5', 'services[0]', /port 1\/tcp of worker w is taken by the same service/],
    [service('ports: 80'), '7:12', 'services[0].ports', /expected a list of ports/],
    [
      services(
        '- {name: a, worker: w, image: i, ports: ["1:80"]}',
        '- {name: b, worker: w, image: i, ports: ["1:80"]}',
      ),
      '5:5',
      'services[1]',
      /port 1\/tcp of worker w is taken by the service "a"/,
    ],
    [
      service('namespaces: {network: host}', 'ports: ["8080:80"]'),
      '8:13',
      'services[0].ports[0]',
      /on the host's network port 80 cannot be published as 8080/,
    ],
    [service('namespaces: {network: none}', 'ports: [80]'), '8:13', 'services[0].ports[0]', /without network/],
    [service('healthcheck: {interval: 5}'), '7:18', 'services[0].healthcheck.test', /test is missing/],
    [service('healthcheck: {test: []}'), '7:25', 'services[0].healthcheck.test', /begins with CMD, CMD-SHELL or NONE/],
    [service('healthcheck: {test: [wget]}'), '7:25', 'services[0].healthcheck.test', /begins with CMD/],
    [service('healthcheck: {test: [CMD]}'), '7:25', 'services[0].healthcheck.test', /after CMD comes a command/],
    [service('healthcheck: {test: [NONE, x]}'), '7:25', 'services[0].healthcheck.test', /nothing comes after NONE/],
    [service('healthcheck: {test: [CMD-SHELL, a, b]}'), '7:25', 'services[0].healthcheck.test', /one command line/],
    [service('healthcheck: {test: x, interval: 5 s}'), '7:38', 'services[0].healthcheck.interval', /"5 s" is no time/],
    [service('healthcheck: {test: x, interval: -5}'), '7:38', 'services[0].healthcheck.interval', /"-5" is no time/],
    [service('healthcheck: {test: x, timeout: 0}'), '7:37', 'services[0].healthcheck.timeout', /less than a millisec/],
    [service('healthcheck: {test: x, retries: 0}'), '7:37', 'services[0].healthcheck.retries', /from 1 to 1000/],
    [
      service('healthcheck: {test: x, start_period: 99999999h}'),
      '7:42',
      'services[0].healthcheck.start_period',
      /more than 2147483647 s/,
    ],
    [service('healthcheck: {test: x, disable: true}'), '7:25', 'services[0].healthcheck.test', /disabled has no test/],
    [service('healthcheck: {test: x, disable: perhaps}'), '7:37', 'services[0].healthcheck.disable', /neither true/],
    [service('restart: alway'), '7:14', 'services[0].restart', /no restart policy; did you mean "always"/],
    [service('restart: always:3'), '7:14', 'services[0].restart', /only on-failure has a limit/],
    [service('restart: on-failure:x'), '7:14', 'services[0].restart', /the limit "x" is no whole number/],
    [service('restart: {limit: 3}'), '7:14', 'services[0].restart.policy', /policy is missing/],
    [service('restart: {policy: no, limit: 3}'), '7:34', 'services[0].restart.limit', /never restarted/],
    [service('restart: {policy: "on-failure:1", limit: 3}'), '7:46', 'services[0].restart.limit', /give it once/],
    [service('start_timeout: 0'), '7:20', 'services[0].start_timeout', /less than 1 s/],
    [service('memory: 5m'), '7:13', 'services[0].memory', /less than the 6 MiB/],
    [service('memory: much'), '7:13', 'services[0].memory', /"much" is no size/],
    [service('cpus: 0'), '7:11', 'services[0].cpus', /"0" is no number of processors/],
    [service('cpus: two'), '7:11', 'services[0].cpus', /"two" is no number/],
    [service('privileged: si'), '7:17', 'services[0].privileged', /"si" is neither true nor false/],
    [service('environment: [A]'), '7:19', 'services[0].environment[0]', /"A" is no variable; write NAME=value/],
    [service('environment: [A=1, A=2]'), '7:24', 'services[0].environment[1]', /"A" is given twice/],
    [service('environment: [=1]'), '7:19', 'services[0].environment[0]', /is no variable/],
  ];
  for (const [text, place, field, message] of cases) {
    test(`${field}: ${message.source}`, () => {
      assert.throws(
        () => renderTemplate(text, { devices: {} }),
        (error) => {
          assert.ok(error instanceof TinsmithError, String(error));
          const found = error.problems.find((problem) => problem.field === field);
          assert.ok(found !== undefined, error.message);
          assert.match(found.message, message);
          assert.equal(`${found.line}:${found.column}`, place);
          return true;
        },
      );
    });
  }
});
