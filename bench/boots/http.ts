/** The HTTP server against nginx with one worker: a 200 MB initrd over the loopback, to 1 and to 50 clients. */
import { execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Figure, figureOf } from '../figure.ts';
import { countProcessorSeconds } from '../processor-time.ts';

const run = promisify(execFile);

export type HttpResult = {
  server: 'tinsmith' | 'nginx';
  clients: number;
  megabytesPerSecond: Figure;
  /** CPU time of the server alone, user and system, for 1e9 bytes. */
  cpuSecondsPerGB: Figure;
  /** How late the main thread was meanwhile: what a DHCP packet would have waited. Ours only. */
  eventLoopDelayP99Ms?: Figure;
};

type Round = {
  megabytesPerSecond: number;
  cpuSecondsPerGB: number;
  eventLoopDelayP99Ms: number | undefined;
};

export const FILE_BYTES = 200_000_000;
const LOADS = [
  { clients: 1, repeats: 10 },
  { clients: 50, repeats: 1 },
];
/** Servers take turns. */
const ROUNDS = 3;

type Running = {
  server: HttpResult['server'];
  port: number;
  pid: number;
  /** Begins a measurement of the main thread's delay; the answer ends it. */
  watch: () => Promise<() => Promise<number | undefined>>;
  stop: () => Promise<void>;
};

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

async function startOurs(file: string): Promise<Running> {
  const child = fork(fileURLToPath(new URL('./http-server.ts', import.meta.url)), [file]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const { pid = 0 } = child;
  return {
    server: 'tinsmith',
    port,
    pid,
    watch: async () => {
      child.send('reset');
      await once(child, 'message');
      return async () => {
        child.send('report');
        const [report] = (await once(child, 'message')) as [{ eventLoopDelayP99Ms: number }];
        return report.eventLoopDelayP99Ms;
      };
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

/** Undefined where nginx is not installed. */
async function startNginx(folder: string): Promise<Running | undefined> {
  const port = await freePort();
  const conf = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  await writeFile(
    conf,
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.err;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; ${temporary.join(' ')}
server { listen 127.0.0.1:${port}; root ${folder}; } }
`,
  );
  const child = spawn('nginx', ['-c', conf, '-e', `${folder}/nginx.err`], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: 'ignore',
  });
  const failed = await Promise.race([once(child, 'error').then(() => true), once(child, 'spawn').then(() => false)]);
  if (failed) return undefined;
  const { pid = 0 } = child;
  const exited = once(child, 'exit');
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/initrd.img`, { method: 'HEAD' }).catch(() => undefined);
    if (answer?.ok) break;
    if (tries === 100 || child.exitCode !== null) throw new Error(`nginx does not answer; see ${folder}/nginx.err`);
    await pause(50);
  }
  return {
    server: 'nginx',
    port,
    pid,
    watch: async () => async () => undefined,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The command of the load client: the C one where there is a compiler. */
async function loadClient(folder: string): Promise<string[]> {
  const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const compiled = join(folder, 'httpload');
  return run('gcc', ['-O2', '-o', compiled, source('./httpload.c')]).then(
    () => [compiled],
    () => [process.execPath, source('./httpload.ts')],
  );
}

async function measure(running: Running, client: string[], clients: number, repeats: number): Promise<Round> {
  const [command = '', ...args] = client;
  const counted = countProcessorSeconds(running.pid);
  const watched = await running.watch();
  const { stdout } = await run(command, [
    ...args,
    String(running.port),
    '/initrd.img',
    String(clients),
    String(repeats),
  ]);
  const eventLoopDelayP99Ms = await watched();
  const cpu = counted();
  const [bytes = 0, seconds = 1] = stdout.trim().split(' ').map(Number);
  return {
    megabytesPerSecond: bytes / seconds / 1e6,
    cpuSecondsPerGB: cpu / (bytes / 1e9),
    eventLoopDelayP99Ms,
  };
}

function resultOf(server: HttpResult['server'], clients: number, rounds: readonly Round[]): HttpResult {
  const delays = rounds.flatMap(({ eventLoopDelayP99Ms: delay }) => (delay === undefined ? [] : [delay]));
  return {
    server,
    clients,
    megabytesPerSecond: figureOf(rounds.map((round) => round.megabytesPerSecond)),
    cpuSecondsPerGB: figureOf(rounds.map((round) => round.cpuSecondsPerGB)),
    ...(delays.length === 0 ? {} : { eventLoopDelayP99Ms: figureOf(delays) }),
  };
}

/** Measures for about a minute; without nginx, ours alone. Leaves nothing behind. */
export async function benchHttp(): Promise<HttpResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-http-'));
  const servers: Running[] = [];
  try {
    const image = join(folder, 'initrd.img');
    const file = await open(image, 'w');
    for (let at = 0; at < FILE_BYTES; at += 1e6) await file.write(Buffer.alloc(1e6, at / 1e6));
    await file.close();
    const client = await loadClient(folder);
    servers.push(await startOurs(image));
    const nginx = await startNginx(folder);
    if (nginx) servers.push(nginx);
    for (const running of servers) await measure(running, client, 1, 2); // warms caches and compilers
    const loads = LOADS.flatMap((load) => servers.map((running) => ({ ...load, running, rounds: [] as Round[] })));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { running, clients, repeats, rounds } of loads) {
        rounds.push(await measure(running, client, clients, repeats));
      }
    }
    return loads.map(({ running, clients, rounds }) => resultOf(running.server, clients, rounds));
  } finally {
    for (const running of servers) await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
