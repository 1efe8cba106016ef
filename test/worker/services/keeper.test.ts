import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EngineError } from '../../../src/worker/container-engine.ts';
import { ServiceKeeper } from '../../../src/worker/services/index.ts';
import { fastClock } from '../fake-clock.ts';
import { FakeEngine, type Script } from '../fake-engine.ts';
import { FakeServiceServer, wanted } from './fake-service-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-services-'));
after(() => rm(directory, { recursive: true }));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function stage(scripts: Record<string, Script>, services: FakeServiceServer['services'] = []) {
  const clock = fastClock(100);
  const server = new FakeServiceServer();
  server.services = services;
  const engine = new FakeEngine(clock, scripts);
  const lines: string[] = [];
  const start = (boot = 'boot-1', publishOn?: string) => {
    const controller = new AbortController();
    const say = (line: string): void => void lines.push(line);
    const keeper = new ServiceKeeper({ api: server.api, engine, clock, boot, directory, say, publishOn });
    const done = keeper.run(controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) throw error;
    });
    const end = async (): Promise<void> => {
      controller.abort();
      await done;
    };
    ends.push(end);
    return { keeper, end };
  };
  const only = () => {
    const [container, ...others] = [...engine.serviceContainers.values()];
    assert.ok(container && others.length === 0, `${others.length + 1} containers`);
    return container;
  };
  const want = (keeper: ServiceKeeper, ...next: FakeServiceServer['services']): void => {
    server.services = next;
    keeper.changed();
  };
  return { clock, server, engine, lines, start, only, want };
}

describe('the keeper of services', () => {
  test('starts what is wanted, reports it, sends its output, and ends it', async () => {
    const { server, engine, start, only, want, lines } = stage({ web: { says: ['listens'], exit: 'never' } }, [
      wanted('web', { ports: [{ port: 80, protocol: 'tcp' }] }),
    ]);
    const { keeper } = start();
    await keeper.settled();
    await server.until(() => server.last()?.state === 'UP' && server.text(1) === 'listens\n');
    assert.deepEqual(server.told(), ['STARTING 0', 'UP 1']);
    assert.deepEqual(server.last()?.ports, { 80: 80 });
    const { spec } = only();
    assert.deepEqual(
      [spec.network, spec.privileged, spec.binds],
      ['host', false, [`${directory}/${spec.mark.key.workflow}:/workflow`]],
    );
    want(keeper);
    await server.until(() => server.last()?.state === 'STOPPED');
    assert.equal(engine.serviceContainers.size, 0);
    assert.ok(engine.calls.indexOf(`stop s-${spec.name}`) < engine.calls.indexOf(`remove s-${spec.name}`));
    assert.deepEqual(server.told(), ['STARTING 0', 'UP 1', 'STOPPED 1']);
    assert.ok(lines.includes('service web of workflow 01234567: UP'), lines.join('\n'));
  });

  test('removes the folders of workflows that are over, but not under a container that is still there', async () => {
    const [over, open, used] = [1, 2, 3].map((n) => `${String(n).repeat(8)}-2222-4333-8444-555555555555`);
    assert.ok(over && open && used);
    for (const id of [over, open, used]) await mkdir(join(directory, id), { recursive: true });
    const { server, start, want } = stage({ web: { exit: 'never' } }, [wanted('web', { workflow: used })]);
    server.over = [over, used];
    const { keeper } = start();
    await server.until(() => server.last()?.state === 'UP');
    while (existsSync(join(directory, over))) await setImmediate();
    assert.deepEqual(
      [open, used].map((id) => existsSync(join(directory, id))),
      [true, true],
    );
    want(keeper);
    await server.until(() => server.last()?.state === 'STOPPED');
    while (existsSync(join(directory, used))) await setImmediate();
    assert.ok(existsSync(join(directory, open)));
  });

  test('where there is a bridge, ports are published: given, exposed and routed ones', async () => {
    const { server, engine, start, only } = stage({ web: { exit: 'never' } }, [
      wanted('web', {
        ports: [{ port: 80, protocol: 'tcp', published: 8080 }],
        labels: ['traefik.http.services.x.loadbalancer.server.port=5000'],
      }),
    ]);
    engine.bridge = true;
    engine.exposed.web = [80, 443];
    start('boot-1', '127.0.0.1');
    await server.until(() => server.last()?.state === 'UP');
    assert.deepEqual(server.last()?.ports, { 80: 8080, 443: 32_443, 5000: 37_000 });
    assert.deepEqual(
      [only().spec.network, only().spec.ports.map(({ address }) => address)],
      ['bridge', Array(3).fill('127.0.0.1')],
    );
  });

  test('health is told as the engine finds it', async () => {
    const { server, engine, start, only } = stage({ web: { exit: 'never' } }, [wanted('web')]);
    start();
    await server.until(() => server.last()?.state === 'UP');
    for (const [status, told] of [
      ['starting', 'STARTING'],
      ['healthy', 'HEALTHY'],
      ['unhealthy', 'UNHEALTHY'],
      ['healthy', 'HEALTHY'],
    ] as const) {
      engine.health(only().id, status, 'no answer');
      await server.until(() => server.last()?.state === told);
    }
    const unhealthy = server.reports.filter(({ state }) => state === 'UNHEALTHY');
    assert.deepEqual(
      unhealthy.map(({ message }) => message),
      ['the health check fails: no answer'],
    );
  });

  test('of what a health check says no part of a secret is told', async () => {
    const secret = 'correct-horse-battery-staple';
    const { server, engine, start, only } = stage({ web: { exit: 'never' } }, [
      wanted('web', { run: { secrets: [secret] } }),
    ]);
    start();
    await server.until(() => server.last()?.state === 'UP');
    engine.health(only().id, 'unhealthy', `${secret}${'.'.repeat(490)}`);
    await server.until(() => server.last()?.state === 'UNHEALTHY');
    assert.match(server.last()?.message ?? '', /^the health check fails: \*+\.{490}$/);
  });

  test('one that exits with an error is started again, each start with a log of its own, up to its limit', async () => {
    const { server, engine, start } = stage({ web: { says: ['oh, s3cret!'], exit: 3 } }, [
      wanted('web', { restart: { when: 'on-failure', limit: 2 }, run: { secrets: ['s3cret'] } }),
    ]);
    start();
    await server.until(() => server.last()?.state === 'FAILED');
    assert.deepEqual(
      server.told().filter((told) => !told.startsWith('UP')),
      ['STARTING 0', 'RESTARTING 1', 'RESTARTING 2', 'FAILED 3'],
    );
    const [first] = server.reports.filter(({ state }) => state === 'RESTARTING');
    assert.equal(first?.exitCode, 3);
    assert.match(first?.message ?? '', /^is started again after 1 s: exit code 3; its last words: oh, \*+!$/);
    await server.until(() => server.text(3) !== '');
    for (const number of [1, 2, 3]) assert.match(server.text(number), /^oh, \*+!\n$/);
    const made = engine.calls.filter((call) => call.startsWith('create'));
    assert.equal(made.length, 3);
    assert.equal(engine.calls.filter((call) => call.startsWith('pull')).length, 3);
  });

  test('one that ends is left alone', async () => {
    const { server, engine, start, keeper } = withKeeper(stage({ web: { exit: 0 } }, [wanted('web')]));
    start();
    await server.until(() => server.last()?.state === 'ENDED');
    assert.equal(server.last()?.exitCode, 0);
    const asked = server.asked;
    keeper().changed();
    await server.until(() => server.asked > asked);
    assert.equal(engine.calls.filter((call) => call.startsWith('create')).length, 1);
  });

  test('an image that is not to be had yet is tried for until it is', async () => {
    const { server, engine, start } = stage({}, [wanted('web')]);
    start();
    await server.until(() => server.last()?.state === 'RESTARTING');
    assert.match(server.last()?.message ?? '', /image web does not exist: manifest for web not found/);
    assert.equal(server.last()?.starts, 0);
    engine.scripts.web = { exit: 'never' };
    await server.until(() => server.last()?.state === 'UP');
    assert.equal(server.last()?.starts, 1);
  });

  test('a pull is broken off when the service is no longer wanted', async () => {
    const { server, engine, start, want } = stage({ web: { exit: 'never' } }, [wanted('web')]);
    // Each try at the pull fails, and the pause before the next is what is broken off.
    engine.pullErrors.push(...Array.from({ length: 3 }, () => new EngineError('no route', 500)));
    const { keeper } = start();
    await server.until(() => server.last()?.state === 'STARTING');
    want(keeper);
    await server.until(() => server.last()?.state === 'STOPPED');
    assert.equal(engine.serviceContainers.size, 0);
    assert.ok(!engine.calls.some((call) => call.startsWith('create')));
  });

  test('the next worker takes over what runs, and ends what is not wanted any more', async () => {
    const { server, engine, start } = stage({ web: { says: ['one'], exit: 'never' }, db: { exit: 'never' } }, [
      wanted('web'),
      wanted('db', { service: 1 }),
    ]);
    const first = start();
    await server.until(
      () => server.last(0)?.state === 'UP' && server.last(1)?.state === 'UP' && server.text(1) === 'one\n',
    );
    await first.end();
    const [web] = [...engine.serviceContainers.values()].filter(({ spec }) => spec.mark.name === 'web');
    assert.ok(web?.state.running);
    engine.say(web.id, 'two');
    server.services = [wanted('web')];
    server.reports.splice(0);
    start();
    await server.until(() => server.last(1)?.state === 'STOPPED' && server.text(1) === 'one\ntwo\n');
    assert.deepEqual(server.told(0), ['UP 1']);
    assert.deepEqual([...engine.serviceContainers.keys()], [web.id]);
    assert.equal(engine.calls.filter((call) => call.startsWith('create')).length, 2);
  });

  test('after the machine was restarted it is started anew, numbered on', async () => {
    const { server, engine, start, only } = stage({ web: { exit: 'never' } }, [wanted('web')]);
    const first = start();
    await server.until(() => server.last()?.state === 'UP');
    await first.end();
    // The in-memory OS has lost its containers; only the server knows of the first start.
    engine.serviceContainers.clear();
    server.services = [wanted('web', { starts: 1 })];
    start('boot-2');
    await server.until(() => server.last()?.state === 'UP' && server.last()?.boot === 'boot-2');
    assert.equal(server.last()?.starts, 2);
    assert.equal(only().spec.mark.start, 2);
  });

  test('an answer that it is not wanted ends it', async () => {
    const { server, engine, start } = stage({ web: { exit: 'never' } }, [wanted('web')]);
    start();
    await server.until(() => server.last()?.state === 'UP');
    server.services = [];
    engine.exit([...engine.serviceContainers.keys()][0] ?? '', 1);
    await server.until(() => server.last()?.state === 'STOPPED');
    assert.equal(engine.serviceContainers.size, 0);
  });

  test('a server that is away is told everything when it is back; nothing of the output is lost or doubled', async () => {
    const { server, engine, start, only } = stage({ web: { says: ['before'], exit: 'never' } }, [
      wanted('web', { restart: { when: 'never' } }),
    ]);
    start();
    await server.until(() => server.last()?.state === 'UP' && server.text(1) === 'before\n');
    server.away = true;
    for (let n = 0; n < 3_000; n += 1) engine.say(only().id, `line ${n}`);
    engine.exit(only().id, 7);
    server.away = false;
    await server.until(() => server.last()?.state === 'FAILED' && server.text(1).endsWith('line 2999\n'));
    assert.equal(server.last()?.exitCode, 7);
    assert.equal(server.text(1), `before\n${Array.from({ length: 3_000 }, (_, n) => `line ${n}\n`).join('')}`);
  });

  test('after a new hello all states are told again', async () => {
    const { server, start, keeper } = withKeeper(stage({ web: { exit: 'never' } }, [wanted('web')]));
    start();
    await server.until(() => server.last()?.state === 'UP');
    server.reports.splice(0);
    keeper().greeted();
    await server.until(() => server.reports.length > 0);
    assert.deepEqual(server.told(), ['UP 1']);
  });

  test('an engine that is not there yet is waited for; meanwhile the server hears why', async () => {
    const { server, engine, start, lines } = stage({ web: { exit: 'never' } }, [wanted('web')]);
    engine.away = true;
    const { keeper } = start();
    await keeper.settled();
    await server.until(() => server.last()?.message === 'waits for the container engine');
    engine.away = false;
    await server.until(() => server.last()?.state === 'UP');
    assert.equal(lines.filter((line) => line.includes('to see which services are there')).length, 1, lines.join('\n'));
  });

  test('a server that knows nothing of services keeps nobody from work', async () => {
    const { server, start, lines } = stage({});
    server.refuses = true;
    await start().keeper.settled();
    assert.match(lines[0] ?? '', /does not say which services it wants: no such path/);
  });
});

/** Starts one keeper and hands it out. */
function withKeeper(staged: ReturnType<typeof stage>) {
  let started: ServiceKeeper | undefined;
  const start = (): void => {
    started = staged.start().keeper;
  };
  const keeper = (): ServiceKeeper => {
    assert.ok(started);
    return started;
  };
  return { ...staged, start, keeper };
}
