/** Labels as routes: those of document 0014 as they stand, and what is wrong with others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matches, routesOf } from '../../src/services/index.ts';

const rule = (text: string, router = 'r'): string => `traefik.http.routers.${router}.rule=${text}`;

describe('the labels', () => {
  it('of the document are joined: any of the hosts and any of the paths', () => {
    const { routes, problems } = routesOf([
      rule('Host(`id.workflows.tinkerbell.local`)'),
      rule('Path(`/kernel`)'),
      rule('Path(`/initrd`)'),
      rule('PathPrefix(`/modules/`)'),
    ]);
    assert.deepEqual(problems, []);
    const has = (host: string, path: string): boolean =>
      routes.some((route) => matches(route.rule, { host, path, method: 'GET' }));
    assert.ok(has('id.workflows.tinkerbell.local', '/kernel'));
    assert.ok(has('id.workflows.tinkerbell.local', '/initrd'));
    assert.ok(has('id.workflows.tinkerbell.local', '/modules/a'));
    assert.ok(!has('id.workflows.tinkerbell.local', '/other'));
    assert.ok(!has('other', '/kernel'));
    assert.equal(routes[0]?.text, 'Host(`id.workflows.tinkerbell.local`) && Path(`/kernel`)');
    assert.equal(routes[0]?.priority, routes[0]?.text.length);
  });

  it('may name methods apart, several hosts, a priority and a port', () => {
    const { routes, problems } = routesOf([
      rule('Host(`a`)'),
      rule('Host(`b`)'),
      rule('Method(`PUT`)'),
      rule('Path(`/x`) && Method(`POST`, `PUT`)'),
      'traefik.http.routers.r.priority=7',
      'traefik.http.services.s.loadbalancer.server.port=8080',
      'traefik.enable=true',
      'com.example.other=1',
    ]);
    assert.deepEqual(problems, []);
    const [only, ...others] = routes;
    assert.deepEqual(others, []);
    assert.deepEqual([only?.priority, only?.port, only?.router], [7, 8080, 'r']);
    assert.equal(only?.text, '(Host(`a`) || Host(`b`)) && Method(`PUT`) && Path(`/x`) && Method(`POST`, `PUT`)');
    assert.ok(only && matches(only.rule, { host: 'b', path: '/x', method: 'PUT' }));
    assert.ok(only && !matches(only.rule, { host: 'b', path: '/x', method: 'POST' }));
  });

  it('may have whole rules, each for itself', () => {
    const { routes, problems } = routesOf([rule('Host(`a`) && Path(`/x`)'), rule('Host(`b`) && Path(`/y`)')]);
    assert.deepEqual(problems, []);
    assert.equal(routes.length, 2);
    assert.ok(!routes.some((route) => matches(route.rule, { host: 'a', path: '/y', method: 'GET' })));
  });

  it('send routers to the ports of the services that they name', () => {
    const ports = [
      'traefik.http.services.web.loadbalancer.server.port=80',
      'traefik.http.services.api.loadbalancer.server.port=81',
    ];
    const named = routesOf([...ports, rule('Path(`/`)'), 'traefik.http.routers.r.service=api']);
    assert.deepEqual([named.routes[0]?.port, named.problems], [81, []]);
    assert.match(routesOf([...ports, rule('Path(`/`)')]).problems[0]?.message ?? '', /which of the services web, api/);
  });

  it('can switch routing off, and without any there is none', () => {
    assert.deepEqual(routesOf(['traefik.enable=false', rule('Path(`/`)')]), { routes: [], problems: [] });
    assert.deepEqual(routesOf(['maintainer=me']), { routes: [], problems: [] });
  });

  for (const [what, labels, label, message] of [
    ['a rule that cannot be read', ['x', rule('Path(')], 1, /the rule Path\( of the router r, character 6: a text/],
    ['an unknown label', ['traefik.http.middlewares.m.stripprefix=/a'], 0, /middlewares\.m\.stripprefix is not supp/],
    ['entry points', ['traefik.http.routers.r.entrypoints=web'], 0, /entrypoints is not supported/],
    ['a priority that is none', [rule('Path(`/`)'), 'traefik.http.routers.r.priority=high'], 1, /high.* whole number/],
    ['a port that is none', ['traefik.http.services.s.loadbalancer.server.port=99999'], 0, /99999 is not a port/],
    ['a router without rule', ['traefik.http.routers.r.priority=1'], 0, /the router r has no rule/],
    ['a service that is not there', [rule('Path(`/`)'), 'traefik.http.routers.r.service=s'], 1, /names the service s/],
    ['enable', ['traefik.enable=maybe'], 0, /true or false, not maybe/],
    ['a whole rule beside others', [rule('Path(`/a`)'), rule('Host(`b`) && Path(`/b`)')], 1, /cannot be joined/],
  ] as const) {
    it(`${what} is a problem, at its label`, () => {
      const { routes, problems } = routesOf(labels);
      assert.equal(problems.length, 1);
      assert.equal(problems[0]?.label, label);
      assert.match(problems[0]?.message ?? '', message);
      assert.deepEqual(
        routes.filter(({ router }) => what !== 'a priority that is none' || router !== 'r'),
        [],
      );
    });
  }
});
