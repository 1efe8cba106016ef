/** The keeper of services with a real Docker Engine. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import type { ServiceLogPost, ServiceReport, WantedService } from '../../../src/worker/protocol.ts';
import { engineMissing, type OwnEngine, startEngine } from '../../peers/docker-engine.ts';
import { loadBusybox } from '../../peers/images.ts';
import { FakeServiceServer, wanted } from './fake-service-server.ts';

const skip = engineMissing();
/** For what a container's own start, stop and health check take here. */
const LONG = 90_000;
let engine: OwnEngine | undefined;
let docker: Docker;

before(async () => {
  if (skip !== false) return;
  engine = await startEngine();
  docker = new Docker({ socketPath: engine.socket });
  await loadBusybox(docker, 'busybox:local');
  await loadBusybox(docker, 'checked:local', {
    ExposedPorts: { '8080/tcp': {} },
    Healthcheck: { Test: ['CMD', '/bin/test', '-e', '/workflow/healthy'], Interval: 5e8, Timeout: 5e9, Retries: 2 },
  });
});
after(() => engine?.stop());

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function shell(name: string, script: string, more: Partial<Omit<WantedService, 'run'>> = {}, image = 'busybox:local') {
  // Nothing listens at port 1: the pull fails at once, and the image that is there is used.
  return wanted(name, { ...more, run: { image, pull: `127.0.0.1:1/${image}`, command: ['/bin/sh', '-c', script] } });
}

async function stage(services: WantedService[], own = engine) {
  assert.ok(own);
  const server = new FakeServiceServer();
  server.services = services;
  const signal = new AbortController().signal;
  const http = createServer(async (req, res) => {
    const answer = await answered(req.url ?? '', req);
    const { status, body } = answer.kind === 'answer' ? { status: 200, body: answer.value } : { status: 404, body: {} };
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const answered = async (url: string, req: Readable) => {
    if (url.endsWith('/services')) return server.api.services([], signal);
    const body = await json(req);
    if (url.endsWith('/service-log')) return server.api.serviceLog(body as ServiceLogPost, signal);
    return server.api.service(body as ServiceReport, signal);
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const start = () => {
    const settings = {
      server: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      socket: own.socket,
      directory: join(own.directory, 'workflows'),
    };
    const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper-process.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    ends.push(() => kill(child));
    return { child, said: () => said };
  };
  return { server, start };
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

const containers = () => docker.listContainers({ all: true });
const STAYS = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

test('one with a health check, one that recovers: kept by the worker after the one that was killed, then gone', {
  skip,
}, async () => {
  const recovers = `echo run >>/workflow/runs; read a </workflow/runs; set -- $(while read l; do echo $l; done </workflow/runs); echo "start $#" >&2; [ $# -gt 2 ] || exit 3; ${STAYS}`;
  const { server, start } = await stage([
    shell('checked', `echo up; ${STAYS}`, {}, 'checked:local'),
    shell('recovers', recovers, { service: 1 }),
  ]);
  const first = start();
  await server.until(() => server.last(0)?.state === 'UNHEALTHY', LONG);
  assert.ok(server.told(0).includes('STARTING 1') && !server.told(0).includes('UP 1'), server.told(0).join());
  // No bridge here: the container has the machine's network, and the port that its image exposes is the machine's.
  assert.deepEqual(server.last(0)?.ports, { 8080: 8080 });
  await server.until(() => server.last(1)?.state === 'UP' && server.last(1)?.starts === 3, LONG);
  assert.deepEqual(
    server.told(1).filter((told) => told.startsWith('RESTARTING')),
    ['RESTARTING 1', 'RESTARTING 2'],
  );
  const restarting = server.reports.find(({ service, state }) => service === 1 && state === 'RESTARTING');
  assert.equal(restarting?.exitCode, 3);
  assert.match(restarting?.message ?? '', /exit code 3; its last words: start 1$/);
  await server.until(() => server.text(3, 1) === 'start 3\n', LONG);
  assert.deepEqual([server.text(1, 1), server.text(2, 1)], ['start 1\n', 'start 2\n']);

  await kill(first.child);
  const before = await containers();
  server.reports.splice(0);
  const exec = await docker
    .getContainer(before.find(({ Labels }) => Labels['tinsmith.service'] === '0')?.Id ?? '')
    .exec({ Cmd: ['/bin/touch', '/workflow/healthy'], AttachStdout: true });
  for await (const _ of (await exec.start({})) as unknown as Readable);
  start();
  await server.until(() => server.last(0)?.state === 'HEALTHY' && server.last(1)?.state === 'UP', LONG);
  assert.deepEqual(server.told(1), ['UP 3']);
  const running = (await containers()).filter(({ State }) => State === 'running').map(({ Id }) => Id);
  assert.deepEqual(
    running.sort(),
    before
      .filter(({ State }) => State === 'running')
      .map(({ Id }) => Id)
      .sort(),
  );
  assert.equal(server.text(1), 'up\n');

  server.services = [];
  await server.until(() => server.last(0)?.state === 'STOPPED' && server.last(1)?.state === 'STOPPED', LONG);
  assert.deepEqual(await containers(), []);
});

test('what was wanted by a workflow that ended while no worker was here is ended', { skip }, async () => {
  const { server, start } = await stage([shell('deaf', 'trap "" TERM; echo up; while :; do sleep 0.1; done')]);
  const first = start();
  await server.until(() => server.text(1) === 'up\n', LONG);
  await kill(first.child);
  server.services = [];
  const begun = performance.now();
  start();
  await server.until(() => server.last()?.state === 'STOPPED', LONG);
  // It does not hear SIGTERM.
  assert.ok(performance.now() - begun > 9_000);
  assert.deepEqual(await containers(), []);
});

test('what cannot be started says so in the words of the engine', { skip }, async () => {
  const { server, start } = await stage([
    wanted('none', {
      restart: { when: 'never' },
      run: { image: 'busybox:local', pull: '127.0.0.1:1/busybox:local', command: ['/none'] },
    }),
    wanted('missing', {
      service: 1,
      restart: { when: 'never' },
      run: { image: '127.0.0.1:1/missing', pull: '127.0.0.1:1/missing' },
    }),
  ]);
  start();
  await server.until(() => server.last(0)?.state === 'FAILED' && server.last(1)?.state === 'FAILED', LONG);
  assert.match(server.last(0)?.message ?? '', /could not be started: .*\/none.*no such file/);
  assert.match(server.last(1)?.message ?? '', /^image 127\.0\.0\.1:1\/missing could not be pulled: .*refused/);
  server.services = [];
  await server.until(() => server.last(0)?.state === 'STOPPED' && server.last(1)?.state === 'STOPPED', LONG);
  assert.deepEqual(await containers(), []);
});

test('with a bridge, a service is reached by the port of the machine that it is told by', { skip }, async () => {
  const own = await startEngine([], 'own');
  ends.push(() => own.stop());
  await loadBusybox(new Docker({ socketPath: own.socket }), 'web:local', { ExposedPorts: { '80/tcp': {} } });
  const script = 'echo served >/index.html; exec /bin/busybox httpd -f -p 80 -h /';
  const more = {
    ports: [{ port: 80, protocol: 'tcp' as const, published: 8088 }],
    restart: { when: 'never' as const },
  };
  const { server, start } = await stage(
    [shell('given', script, more, 'web:local'), shell('free', script, { ...more, ports: [], service: 1 }, 'web:local')],
    own,
  );
  start();
  await server.until(() => server.last(0)?.state === 'UP' && server.last(1)?.state === 'UP', LONG);
  const free = server.last(1)?.ports?.['80'] ?? 0;
  assert.deepEqual(server.last(0)?.ports, { 80: 8088 });
  assert.ok(free > 1024 && free !== 8088, `${free}`);
  for (const port of [8088, free]) {
    // The engine listens at once, the service soon after.
    const fetch = `for i in 1 2 3 4 5 6 7 8 9; do busybox wget -q -O - http://127.0.0.1:${port}/ && exit; sleep 1; done; exit 1`;
    const { stdout } = await promisify(execFile)('nsenter', ['--net', `--target=${own.pid}`, 'sh', '-c', fetch]);
    assert.equal(stdout, 'served\n');
  }
  server.services = [];
  await server.until(() => server.last(0)?.state === 'STOPPED' && server.last(1)?.state === 'STOPPED', LONG);
});
