import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { EngineError } from '../../src/worker/container-engine.ts';
import { runWorker } from '../../src/worker/index.ts';
import { fastClock } from './fake-clock.ts';
import { FakeEngine, type Script } from './fake-engine.ts';
import { type FakeAction, FakeServer } from './fake-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-worker-'));
after(() => rm(directory, { recursive: true }));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const container = (name: string, more: Partial<FakeAction> = {}, pull?: string): FakeAction => ({
  name,
  run: { kind: 'container', image: name, ...(pull ? { pull } : {}) },
  ...more,
});

/** A server, an engine, and the means to start a worker and to kill it: as often as the test likes. */
async function stage(actions: FakeAction[], scripts: Record<string, Script>) {
  const clock = fastClock(100);
  const server = await new FakeServer(actions).start();
  const engine = new FakeEngine(clock, scripts);
  const lines: string[] = [];
  const verbs: string[] = [];
  let heard = (): void => {};
  const say = (line: string): void => {
    lines.push(line);
    heard();
  };
  /** Resolves when the worker has said it. */
  const said = async (text: string): Promise<void> => {
    while (!lines.some((line) => line.includes(text))) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  let counter = 1000;
  const start = (to = server) => {
    const controller = new AbortController();
    const done = runWorker(
      { server: to.url, token: to.token, id: '52:54:00:00:00:01', dockerSockets: [] },
      {
        version: '1.2.3',
        say,
        engine,
        directory,
        clock,
        boot: 'boot-1',
        disks: {
          counters: async () => {
            counter += 4096;
            return { '/dev/vda': counter, '/dev/vdb': 7 };
          },
          dirtied: async () => undefined,
          bootable: async () => ['/dev/vda'],
        },
        sync: async () => {},
        power: {
          obstacle: async (verb) => (verb === 'kexec' ? 'no kernel has been loaded' : undefined),
          perform: async (verb) => void verbs.push(verb),
        },
        signal: controller.signal,
      },
    );
    const end = async (): Promise<void> => {
      controller.abort();
      await done;
    };
    ends.push(end);
    return { end };
  };
  ends.push(() => server.stop());
  return { server, engine, lines, said, verbs, start, clock };
}

describe('the worker', () => {
  test('runs actions in turn, reports each, and removes their containers', async () => {
    const { server, engine, lines, start } = await stage([container('one'), container('two')], {
      one: { says: ['hello', 'world'], exit: 0 },
      two: { exit: 0 },
    });
    start();
    await server.until(() => server.reports.length === 4 && server.requests.at(-1) === 'GET work');
    assert.deepEqual(
      server.reports.map(({ action, state }) => [action, state]),
      [
        [0, 'RUNNING'],
        [0, 'SUCCESS'],
        [1, 'RUNNING'],
        [1, 'SUCCESS'],
      ],
    );
    assert.equal(server.text(0), 'hello\nworld\n');
    const final = server.final(0);
    assert.equal(final?.exitCode, 0);
    assert.deepEqual(final?.logTail, ['hello', 'world']);
    assert.deepEqual(final?.diskWrites, { '/dev/vda': 4096 });
    assert.deepEqual(final?.bootableDisks, ['/dev/vda']);
    assert.equal(engine.containers.size, 0);
    assert.ok(lines.some((line) => line === 'one | hello'));
    assert.ok(
      lines.some((line) => /^node1 1\/2 one: SUCCESS \(/.test(line)),
      lines.join('\n'),
    );
  });

  test('asks for work only after the last report was acknowledged, and repeats a report whose answer was lost', async () => {
    const { server, start } = await stage([container('one'), container('two')], { one: { exit: 0 }, two: { exit: 0 } });
    server.loseReports = 3;
    start();
    await server.until(() => server.final(1) !== undefined);
    const spine = server.requests.filter((request) => /report|work/.test(request));
    assert.deepEqual(spine.slice(0, 8), [
      'GET work',
      'POST report',
      'POST report',
      'POST report',
      'POST report',
      'POST report',
      'GET work',
      'POST report',
    ]);
    assert.equal(server.reports.length, 4);
  });

  for (const [script, state, message, exitCode] of [
    [{ says: ['bad'], exit: 3 }, 'FAILED', /^exit code 3$/, 3],
    [{ exit: 137, outOfMemory: true }, 'FAILED', /^killed by the kernel: out of memory/, 137],
    [{ exit: 139 }, 'FAILED', /^exit code 139 \(SIGSEGV\)$/, 139],
    [{ exit: 'never' }, 'TIMEOUT', /^exceeded its limit of 5 s$/, 143],
    [
      { exit: 0, startError: 'exec: "/nope": no such file' },
      'FAILED',
      /^could not be started: exec: "\/nope"/,
      undefined,
    ],
  ] as const) {
    test(`reports ${state} for ${JSON.stringify(script)}`, async () => {
      const { server, engine, start } = await stage([container('one', { timeout: 5 })], {
        one: { ...script, says: ['last words'] },
      });
      start();
      await server.until(() => server.ended !== undefined && server.requests.at(-1) === 'GET work');
      const final = server.final(0);
      assert.equal(final?.state, state);
      assert.match(final?.message ?? '', message);
      assert.equal(final?.exitCode, exitCode);
      if (exitCode !== undefined) assert.deepEqual(final?.logTail, ['last words']);
      if (state === 'TIMEOUT')
        // The clock runs fast: what holds this computer up for a moment is long on it.
        assert.ok((final?.seconds ?? 0) >= 5 && (final?.seconds ?? 0) < 500, `${final?.seconds} s`);
      assert.equal(engine.containers.size, 0);
    });
  }

  test("an image that does not exist fails at once, in the engine's words", async () => {
    const { server, engine, start } = await stage([container('busybox:nope')], {});
    start();
    await server.until(() => server.ended !== undefined);
    assert.match(
      server.final(0)?.message ?? '',
      /^image busybox:nope does not exist: manifest for busybox:nope not found/,
    );
    assert.equal(server.final(0)?.diskWrites?.['/dev/vda'], undefined);
    assert.equal(engine.calls.filter((call) => call.startsWith('pull')).length, 1);
  });

  test('a pull is tried three times; then a local image will do', async () => {
    const { server, engine, start } = await stage([container('one', {}, '10.0.0.1:8080/one')], { one: { exit: 0 } });
    engine.local.add('one');
    engine.pullErrors.push(...[1, 2, 3].map(() => new EngineError('connection reset', 500)));
    start();
    await server.until(() => server.current === 1);
    assert.equal(engine.calls.filter((call) => call.startsWith('pull')).length, 3);
  });

  test('a worker that is started again takes the running container over: no second start, no doubled log', async () => {
    const { server, engine, start } = await stage([container('one')], {
      one: { says: ['a', 'b', 'c'], exit: 'never' },
    });
    const first = start();
    await server.until(() => server.text(0) === 'a\nb\nc\n');
    await first.end();
    const [id] = [...engine.containers.keys()];
    assert.ok(id, 'the container was left running');
    engine.say(id, 'd', 'stderr');
    start();
    await server.until(() => server.text(0).includes('d'));
    engine.exit(id, 0);
    await server.until(() => server.current === 1 && server.requests.at(-1) === 'GET work');
    assert.equal(server.text(0), 'a\nb\nc\nd\n');
    assert.deepEqual(server.final(0)?.logTail, ['a', 'b', 'c', 'd']);
    assert.deepEqual(server.final(0)?.diskWrites, { '/dev/vda': 4096 });
    assert.equal(engine.calls.filter((call) => call.startsWith('create')).length, 1);
    assert.equal(engine.calls.filter((call) => call.startsWith('start')).length, 1);
  });

  test('the limit counts from the start of the container, across workers', async () => {
    const { server, engine, start, clock } = await stage([container('one', { timeout: 36_000 })], {
      one: { exit: 'never' },
    });
    const first = start();
    await server.until(
      () => engine.calls.some((call) => call.startsWith('logs')) || server.requests.includes('POST heartbeat'),
    );
    await server.until(() => [...engine.containers.values()].some(({ state }) => state.running));
    await first.end();
    const [found] = [...engine.containers.values()];
    assert.ok(found);
    found.state.startedAt = clock.now() - 35_999_000;
    const again = clock.uptime();
    start();
    await server.until(() => server.ended === 'TIMEOUT');
    assert.ok(clock.uptime() - again < 18_000_000, 'it was stopped at the old deadline');
  });

  test('left-over containers of other attempts are removed', async () => {
    const { server, engine, start } = await stage([container('one')], { one: { exit: 0 } });
    const spec = {
      key: { workflow: 'old', action: 0, attempt: 1 },
      name: 'left',
      image: 'one',
      command: [],
      environment: {},
      binds: [],
      network: '',
      pid: '',
      privileged: true,
      background: false,
      disks: {},
    };
    await engine.create(spec);
    start();
    await server.until(() => server.current === 1 && server.requests.at(-1) === 'GET work');
    assert.equal(engine.containers.size, 0);
  });

  test('a server that goes away in the middle of an action is waited for; the log is complete', async () => {
    const { server, engine, lines, said, start } = await stage([container('one')], {
      one: { says: ['before'], exit: 'never' },
    });
    start();
    await server.until(() => server.text(0) === 'before\n');
    await server.stop();
    const [id] = [...engine.containers.keys()];
    assert.ok(id);
    for (let n = 0; n < 5000; n += 1) engine.say(id, `line ${n}`);
    engine.exit(id, 0);
    await said('does not answer');
    await server.start();
    await server.until(() => server.current === 1);
    assert.equal(server.text(0), `before\n${Array.from({ length: 5000 }, (_, n) => `line ${n}\n`).join('')}`);
    assert.equal(server.final(0)?.logTail?.at(-1), 'line 4999');
    assert.equal(
      lines.filter((line) => line.includes('does not answer')).length,
      1,
      lines.filter((line) => !line.startsWith('one |')).join('\n'),
    );
    assert.ok(lines.some((line) => line.includes('more lines are in the log')));
  });

  test('what the server no longer wants is stopped and removed, without a report', async () => {
    const { server, engine, start } = await stage([container('one'), container('two')], {
      one: { exit: 'never' },
      two: { exit: 0 },
    });
    start();
    await server.until(() => [...engine.containers.values()].some(({ state }) => state.running));
    server.current = 1;
    server.unwanted = 'workflow deleted';
    await server.until(() => server.requests.at(-1) === 'GET work');
    server.unwanted = undefined;
    await server.until(() => server.final(1)?.state === 'SUCCESS' && server.requests.at(-1) === 'GET work');
    assert.equal(server.final(0), undefined);
    assert.equal(engine.containers.size, 0);
  });

  test('a report that is refused is not repeated', async () => {
    const { server, engine, start } = await stage([container('one')], { one: { exit: 'never' } });
    start();
    await server.until(() => [...engine.containers.values()].some(({ state }) => state.running));
    const [id] = [...engine.containers.keys()];
    server.current = 1;
    server.refused = 'report';
    engine.exit(id ?? '', 0);
    await server.until(() => server.requests.at(-1) === 'GET work');
    assert.equal(server.requests.filter((request) => request === 'POST report').length, 2);
    assert.equal(engine.containers.size, 0);
  });

  test('progress goes with the heartbeats and stays out of the log', async () => {
    const { server, start } = await stage([container('one', { timeout: 30 })], {
      one: { says: ['begin', 'progress {"written":42,"total":100}', 'progress of the soul'], exit: 'never' },
    });
    start();
    await server.until(() => server.progress.some((progress) => progress?.written === 42));
    await server.until(() => server.ended !== undefined);
    assert.equal(server.text(0), 'begin\nprogress of the soul\n');
  });

  test('the progress of a pull is not told of the container that follows it', async () => {
    const { server, start } = await stage([container('one', { timeout: 30 })], { one: { exit: 'never' } });
    start();
    await server.until(() => server.ended !== undefined);
    assert.ok(server.progress.length >= 4);
    assert.equal(server.progress.at(-1), undefined);
  });

  test('a verb is reported first and done when the server says so', async () => {
    const { server, verbs, start } = await stage([{ name: 'reboot', run: { kind: 'verb', verb: 'reboot' } }], {});
    start();
    await server.until(() => server.requests.filter((request) => request === 'GET work').length >= 3);
    assert.deepEqual(
      server.reports.map(({ state, seconds }) => [state, seconds]),
      [['SUCCESS', 0]],
    );
    assert.equal(verbs[0], 'reboot');
  });

  test('an engine that is not there yet is waited for; one that never comes fails the action', async () => {
    const late = await stage([container('one')], { one: { exit: 0 } });
    late.engine.away = true;
    late.start();
    await late.server.until(() => late.engine.calls.filter((call) => call === 'ping').length >= 2);
    late.engine.away = false;
    await late.server.until(() => late.server.current === 1);
    assert.equal(late.lines.filter((line) => line.includes('waiting for the container engine')).length, 1);

    const never = await stage([container('one')], { one: { exit: 0 } });
    never.engine.away = true;
    never.start();
    await never.server.until(() => never.server.ended === 'FAILED');
    assert.match(
      never.server.final(0)?.message ?? '',
      /^the container engine has not answered for 120 s: connect ENOENT/,
    );
  });

  test('the data goes from one action to the next, and each change to the server with its version', async () => {
    const file = (spec: { binds: string[] }): string =>
      `${spec.binds.find((bind) => bind.endsWith(':/workflow'))?.split(':')[0]}/data`;
    const add = (key: string) => (spec: { binds: string[] }) => {
      const held = JSON.parse(readFileSync(file(spec), 'utf8'));
      writeFileSync(file(spec), JSON.stringify({ ...held, [key]: 1 }));
    };
    const { server, start } = await stage([container('one'), container('idle'), container('two')], {
      one: { exit: 0, does: add('a') },
      idle: { exit: 0 },
      two: { exit: 3, does: add('b') },
    });
    start();
    await server.until(() => server.ended !== undefined);
    assert.deepEqual(server.updates, [
      { action: 0, base: 0, text: '{"a":1}' },
      { action: 2, base: 1, text: '{"a":1,"b":1}' },
    ]);
    assert.equal(server.final(2)?.message, 'exit code 3');
  });

  test('an action whose data is refused has failed, and one that failed stays as it was, with a word on it', async () => {
    const spoil = (spec: { binds: string[] }): void =>
      writeFileSync(`${spec.binds.find((bind) => bind.endsWith(':/workflow'))?.split(':')[0]}/data`, '{"a": 1');
    const good = await stage([container('one')], { one: { exit: 0, does: spoil } });
    good.start();
    await good.server.until(() => good.server.ended === 'FAILED');
    assert.match(good.server.final(0)?.message ?? '', /^\/workflow\/data is not JSON: line 1, column 8: , or } was/);
    assert.equal(good.server.final(0)?.exitCode, 0);
    const bad = await stage([container('one')], { one: { exit: 4, does: spoil } });
    bad.start();
    await bad.server.until(() => bad.server.ended === 'FAILED');
    assert.match(bad.server.final(0)?.message ?? '', /^exit code 4; \/workflow\/data is not JSON/);
  });

  test('what is told to stop by the stream is stopped at once', async () => {
    const { server, engine, start } = await stage([container('one'), container('two')], {
      one: { exit: 'never' },
      two: { exit: 0 },
    });
    start();
    await server.until(() => [...engine.containers.values()].some(({ state }) => state.running) && server.streams > 0);
    const key = { workflow: server.workflow, action: 0, attempt: 1 };
    server.notify('stop', { ...key, attempt: 2, reason: 'another one' });
    server.current = 1;
    server.notify('stop', { ...key, reason: 'cancelled' });
    await server.until(() => server.final(1)?.state === 'SUCCESS');
    assert.equal(server.final(0), undefined);
    assert.ok(engine.calls.some((call) => call.startsWith('stop')));
  });

  test('work is asked for when the stream says so, and without a stream every few seconds', async () => {
    for (const hasStream of [true, false]) {
      const { server, start } = await stage([container('one')], { one: { exit: 0 } });
      server.hasStream = hasStream;
      server.current = 1;
      start();
      await server.until(() => server.requests.includes('GET work') && (!hasStream || server.streams > 0));
      server.current = 0;
      server.notify('work');
      await server.until(() => server.current === 1);
      const asked = server.requests.filter((request) => request === 'GET work').length;
      if (hasStream) assert.ok(asked <= 4, `${asked} questions`);
    }
  });

  test('an action in the background: success first, then it starts, and goes on beside the next ones', async () => {
    const { server, engine, start } = await stage(
      [container('beside', { background: true }), container('one'), container('two')],
      { beside: { exit: 'never' }, one: { exit: 0 }, two: { exit: 0 } },
    );
    start();
    await server.until(() => server.final(2)?.state === 'SUCCESS' && server.requests.at(-1) === 'GET work');
    assert.equal(server.final(0)?.message, 'started in the background');
    const [left] = [...engine.containers.values()];
    assert.equal(engine.containers.size, 1);
    assert.equal(left?.spec.name.includes('beside'), true);
    assert.equal(left?.state.running, true);
    server.notify('stop', { workflow: server.workflow, action: 0, attempt: 1, reason: 'the workflow was deleted' });
    while (engine.containers.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("another workflow's action ends what went on in the background", async () => {
    const first = await stage([container('beside', { background: true })], {
      beside: { exit: 'never' },
      one: { exit: 0 },
    });
    const worker = first.start();
    await first.server.until(() => first.server.current === 1 && first.server.requests.at(-1) === 'GET work');
    await worker.end();
    assert.equal([...first.engine.containers.values()][0]?.state.running, true);
    const second = await new FakeServer([container('one')]).start();
    ends.push(() => second.stop());
    first.start(second);
    await second.until(() => second.current === 1 && second.requests.at(-1) === 'GET work');
    assert.equal(first.engine.containers.size, 0);
  });

  test('what is to go on in the background and can not be made has failed', async () => {
    const { server, start } = await stage([container('nope', { background: true })], {});
    start();
    await server.until(() => server.ended === 'FAILED');
    assert.match(server.final(0)?.message ?? '', /^image nope does not exist/);
  });

  test('secrets are masked in log, tail, message and on the console', async () => {
    const { server, lines, start } = await stage(
      [{ name: 'one', run: { kind: 'container', image: 'one', secrets: ['hunter2'] } }, container('two')],
      { one: { says: ['the word is hunter2'], exit: 1, startError: undefined } },
    );
    start();
    await server.until(() => server.ended !== undefined);
    assert.equal(server.text(0), 'the word is ********\n');
    assert.deepEqual(server.final(0)?.logTail, ['the word is ********']);
    assert.ok(lines.includes('one | the word is ********'), lines.join('\n'));
    const failing = await stage([{ name: 'one', run: { kind: 'container', image: 'one', secrets: ['hunter2'] } }], {
      one: { exit: 0, startError: 'exec: "hunter2": not found' },
    });
    failing.start();
    await failing.server.until(() => failing.server.ended !== undefined);
    assert.equal(failing.server.final(0)?.message, 'could not be started: exec: "********": not found');
    assert.doesNotMatch([...lines, ...failing.lines].join('\n'), /hunter2/);
  });

  test('kexec without a kernel that was loaded has failed before it is acknowledged', async () => {
    const { server, verbs, start } = await stage([{ name: 'kexec', run: { kind: 'verb', verb: 'kexec' } }], {});
    start();
    await server.until(() => server.ended !== undefined);
    assert.deepEqual(
      server.reports.map(({ state, message }) => [state, message]),
      [['FAILED', 'no kernel has been loaded']],
    );
    assert.deepEqual(verbs, []);
  });
});
