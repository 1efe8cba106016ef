/** The worker with a real Docker Engine. Not privileged: the host of the tests may not allow it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, afterEach, before, test } from 'node:test';
import Docker from 'dockerode';
import { type FakeAction, FakeServer } from '../worker/fake-server.ts';
import { engineMissing, type OwnEngine, startEngine } from './docker-engine.ts';
import { loadBusybox } from './images.ts';

const skip = engineMissing();
let engine: OwnEngine | undefined;
let docker: Docker;

before(async () => {
  if (skip !== false) return;
  engine = await startEngine();
  docker = new Docker({ socketPath: engine.socket });
  await loadBusybox(docker, 'busybox:local');
});
after(() => engine?.stop());

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const action = (
  name: string,
  script: string | string[],
  more: Partial<FakeAction> = {},
  image = 'busybox:local',
): FakeAction => ({
  name,
  // Nothing listens at port 1: the pull fails at once, and the image that is there is used.
  run: {
    kind: 'container',
    image,
    pull: image.startsWith('busybox:local') ? `127.0.0.1:1/${image}` : image,
    command: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
  },
  ...more,
});

async function stage(actions: FakeAction[]) {
  const own = engine;
  assert.ok(own);
  const server = await new FakeServer(actions).start();
  ends.push(() => server.stop());
  const start = () => {
    const settings = {
      server: server.url,
      token: server.token,
      id: '52:54:00:00:00:01',
      dockerSockets: [own.socket],
      directory: join(own.directory, 'workflows'),
    };
    const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    ends.push(() => kill(child, 'SIGKILL'));
    return { child, said: () => said };
  };
  return { server, start };
}

function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

/** The worker has nothing left to do, and so its containers are gone. */
const settled = (server: FakeServer) =>
  server.until(
    () =>
      (server.ended !== undefined || server.current === server.actions.length) && server.requests.at(-1) === 'GET work',
    60_000,
  );
const containers = async (): Promise<number> => (await docker.listContainers({ all: true })).length;

test('actions in turn: output of both streams, a shared folder, an exit code', { skip }, async () => {
  const { server, start } = await stage([
    action('write', 'echo out; echo err >&2; echo kept >/workflow/file'),
    action('read', 'read line </workflow/file; echo "$line"; echo last words >&2; exit 3'),
    action('never', 'echo not reached'),
  ]);
  start();
  await settled(server);
  const [first, second] = [server.final(0), server.final(1)];
  assert.equal(first?.state, 'SUCCESS', JSON.stringify(first));
  assert.deepEqual((server.logs.get('0/1') ?? []).map(({ stream, text }) => `${stream} ${text}`).sort(), [
    'stderr err\n',
    'stdout out\n',
  ]);
  assert.deepEqual(
    [second?.state, second?.exitCode, second?.message, second?.logTail?.sort()],
    ['FAILED', 3, 'exit code 3', ['kept', 'last words']],
  );
  assert.ok(Math.abs((server.logs.get('0/1')?.[0]?.at ?? 0) - Date.now()) < 60_000);
  assert.equal(await containers(), 0);
});

test('an action that never ends is stopped at its limit', { skip }, async () => {
  // The shell is process 1 and ignores what it does not handle: SIGTERM is handled here, so that it need not be killed.
  const { server, start } = await stage([
    action('sleep', 'trap "exit 9" TERM; echo begun; while :; do sleep 1; done', { timeout: 2 }),
  ]);
  start();
  await settled(server);
  const final = server.final(0);
  assert.deepEqual([final?.state, final?.message, final?.logTail], ['TIMEOUT', 'exceeded its limit of 2 s', ['begun']]);
  assert.ok((final?.seconds ?? 0) >= 2 && (final?.seconds ?? 0) < 60, `${final?.seconds} s`);
  assert.equal(await containers(), 0);
});

test('an image that does not exist', { skip }, async () => {
  const { server, start } = await stage([action('pull', 'true', {}, '127.0.0.1:1/busybox:nope')]);
  start();
  await settled(server);
  assert.equal(server.final(0)?.state, 'FAILED');
  assert.match(
    server.final(0)?.message ?? '',
    /^image 127\.0\.0\.1:1\/busybox:nope could not be pulled: .*connection refused/,
  );
});

test('an image name that is none, and a command that does not exist', { skip }, async () => {
  const bad = await stage([action('name', 'true', {}, 'Not:A:Name')]);
  bad.start();
  await settled(bad.server);
  assert.match(bad.server.final(0)?.message ?? '', /^image Not:A:Name does not exist: invalid reference format/);

  const command = await stage([action('command', ['/nonexistent'])]);
  command.start();
  await settled(command.server);
  assert.equal(command.server.final(0)?.state, 'FAILED');
  assert.match(command.server.final(0)?.message ?? '', /^could not be started: .*\/nonexistent.*no such file/);
  assert.equal(await containers(), 0);
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a worker that gets ${signal} in the middle of an action is replaced by the next: one run, one log`, {
    skip,
  }, async () => {
    const { server, start } = await stage([
      action('long', 'echo one; echo two >&2; while [ ! -e /workflow/go ]; do sleep 0.1; done; echo three'),
      action('go', 'echo ran'),
    ]);
    const first = start();
    await server.until(() => server.text(0).includes('one') && server.text(0).includes('two'), 60_000);
    await kill(first.child, signal);
    if (signal === 'SIGTERM') assert.equal(first.child.exitCode, 0, first.said());
    const [running] = await docker.listContainers();
    assert.equal(running?.Labels['tinsmith.action'], '0');
    const second = start();
    await server.until(
      () => second.said().includes('taken over') || server.requests.at(-1) === 'POST heartbeat',
      60_000,
    );
    const exec = await docker
      .getContainer(running?.Id ?? '')
      .exec({ Cmd: ['/bin/sh', '-c', ': >/workflow/go'], AttachStdout: true });
    for await (const _ of (await exec.start({})) as unknown as Readable);
    await settled(server);
    assert.deepEqual(server.text(0).split('\n').filter(Boolean).sort(), ['one', 'three', 'two']);
    assert.deepEqual(
      server.reports.map(({ action: which, state }) => `${which} ${state}`),
      ['0 RUNNING', '0 SUCCESS', '1 RUNNING', '1 SUCCESS'],
    );
    assert.match(second.said(), /taken over/);
    assert.equal(await containers(), 0);
  });
}

test('a server that is away while an action ends: the log is complete and not doubled', { skip }, async () => {
  const count = 20_000;
  const script = `echo begun; sleep 1; i=0; while [ $i -lt ${count} ]; do echo "line $i"; i=$((i+1)); done`;
  const { server, start } = await stage([action('talk', script)]);
  const worker = start();
  await server.until(() => server.text(0).includes('begun'), 60_000);
  await server.stop();
  await new Promise<void>((resolve) => {
    worker.child.stdout.on('data', () => worker.said().includes('does not answer') && resolve());
  });
  await server.start();
  await settled(server);
  assert.equal(server.text(0), `begun\n${Array.from({ length: count }, (_, n) => `line ${n}\n`).join('')}`);
  assert.equal(server.final(0)?.state, 'SUCCESS');
  assert.equal(server.final(0)?.logTail?.at(-1), `line ${count - 1}`);
});

test('what the server no longer wants is removed', { skip }, async () => {
  const { server, start } = await stage([action('long', 'trap "exit 9" TERM; echo up; while :; do sleep 0.2; done')]);
  start();
  await server.until(() => server.text(0).includes('up'), 60_000);
  server.current = 1;
  server.unwanted = 'the workflow was deleted';
  await settled(server);
  assert.equal(server.final(0), undefined);
  assert.equal(await containers(), 0);
});

test('data goes from one action to the next; one in the background goes on', { skip }, async () => {
  const { server, start } = await stage([
    action('write', 'echo \'{"a": 1}\' >/workflow/data'),
    action('beside', 'trap "exit 0" TERM; while :; do sleep 0.2; done', { background: true }),
    action('read', 'read line </workflow/data; echo "$line"; mv /workflow/data /workflow/other; mkfifo /workflow/data'),
  ]);
  start();
  await settled(server);
  assert.equal(server.text(2), '{"a": 1}\n');
  assert.deepEqual(server.updates, [{ action: 0, base: 0, text: '{"a": 1}\n' }]);
  assert.equal(server.final(2)?.state, 'FAILED');
  assert.match(server.final(2)?.message ?? '', /was replaced by a named pipe/);
  const [left, ...others] = await docker.listContainers({ all: true });
  assert.deepEqual([left?.State, left?.Labels['tinsmith.action'], others.length], ['running', '1', 0]);
  server.notify('stop', { workflow: server.workflow, action: 1, attempt: 1, reason: 'the workflow was deleted' });
  while ((await containers()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
});

test('memory and processors are limited where the template says so', { skip }, async () => {
  const limited = action('limits', 'cat /proc/self/cgroup; trap "exit 0" TERM; while :; do sleep 0.2; done');
  if (limited.run.kind === 'container') Object.assign(limited.run, { memory: 64 << 20, cpus: 0.5 });
  const { server, start } = await stage([limited]);
  start();
  await server.until(() => server.text(0) !== '' || server.ended !== undefined, 60_000);
  const [running] = await docker.listContainers();
  assert.ok(running, server.final(0)?.message);
  const { HostConfig } = await docker.getContainer(running.Id).inspect();
  assert.deepEqual([HostConfig.Memory, HostConfig.NanoCpus], [64 << 20, 5e8]);
  server.notify('stop', { workflow: server.workflow, action: 0, attempt: 1, reason: 'cancelled' });
  server.current = 1;
  await settled(server);
  assert.equal(await containers(), 0);
});
