/**
 * TFTP, ours against tftpd-hpa, dnsmasq and atftpd: one client reads one file at block size 1468. All of them run in a
 * network namespace of the benchmark's own, on its loopback and port 69 (dnsmasq has no other), one at a time. Server and
 * client share one processor: on two, lock-step is fast or slow by a factor of four, as the scheduler happens to place them.
 *
 * The client is tftp-load.c, compiled here with gcc: one in TypeScript would be slower than each of the servers.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { TinsmithError } from '../../src/errors.ts';
import { type Figure, figureOf } from '../figure.ts';
import { countProcessorSeconds, hasBoundUdp } from '../processor-time.ts';

/** A server that does not grant windows (tftpd-hpa, dnsmasq) is measured as it then is: lock-step. */
export type TftpResult = {
  server: 'tinsmith' | 'tftpd-hpa' | 'dnsmasq' | 'atftpd';
  /** Asked for by the client. */
  windowsize: number;
  /** 10^6 bytes a second. */
  megabytesPerSecond: Figure;
  /** Processor seconds of the server for 10^9 bytes. */
  cpuSecondsPerGB: Figure;
};

type Server = { name: TftpResult['server']; program: string; arguments: (folder: string) => string[] };
type Measured = { megabytesPerSecond: number; cpuSecondsPerGB: number };

/** RFC 2544. An address of its own on the loopback, because tftpd-hpa takes no 127.0.0.1 where there is nothing else. */
const ADDRESS = '198.18.0.1';
const PORT = 69;
export const BLKSIZE = 1468;
const WINDOWSIZES = [1, 16, 64];
const ROUNDS = 3;
/** In blocks of 1468 bytes fewer than 65,535, so that every server can. */
const SIZE = 64_000_000;
const FILE = 'initrd';
const PATIENCE_MS = 60_000;
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

const SERVERS: Server[] = [
  {
    name: 'tinsmith',
    program: process.execPath,
    arguments: (folder) => [join(import.meta.dirname, 'tftp-server.ts'), ADDRESS, String(PORT), join(folder, FILE)],
  },
  {
    name: 'tftpd-hpa',
    program: 'in.tftpd',
    arguments: (folder) => ['--foreground', '--user', 'root', '--secure', '--address', `${ADDRESS}:${PORT}`, folder],
  },
  {
    name: 'dnsmasq',
    program: 'dnsmasq',
    arguments: (folder) => [
      ...['--conf-file=/dev/null', '--port=0', '--keep-in-foreground', '--enable-tftp', `--tftp-root=${folder}`],
      ...['--interface=lo', '--bind-interfaces', '--user=root', '--pid-file='],
    ],
  },
  {
    name: 'atftpd',
    program: 'atftpd',
    arguments: (folder) => [
      ...['--daemon', '--no-fork', '--user', 'root', '--group', 'root', '--logfile', '/dev/null'],
      ...['--bind-address', ADDRESS, '--port', String(PORT), folder],
    ],
  },
];

/**
 * Measures every server that is installed, or in one of `folders`. Needs root (for the namespace) and gcc.
 *
 * @throws TinsmithError UNAVAILABLE where either is missing
 */
export async function benchTftp(folders: readonly string[] = []): Promise<TftpResult[]> {
  const gcc = programIn('gcc', folders);
  if (gcc === undefined || process.getuid?.() !== 0) {
    throw new TinsmithError('UNAVAILABLE', 'the TFTP benchmark needs root and gcc', {
      next: 'Run it as root, with the packages gcc and libc6-dev installed.',
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'tinsmith-bench-tftp-'));
  const namespace = `tinsmith-bench-${process.pid}`;
  try {
    const client = join(folder, 'tftp-load');
    execFileSync(gcc, ['-O2', '-o', client, join(import.meta.dirname, 'tftp-load.c')]);
    writeFileSync(join(folder, FILE), randomBytes(SIZE));
    execFileSync('ip', ['netns', 'add', namespace]);
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    execFileSync('ip', ['-n', namespace, 'address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
    return await measureAll(namespace, folder, client, folders);
  } finally {
    rmSync(folder, { recursive: true });
    try {
      execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
    } catch {
      // It was never made.
    }
  }
}

async function measureAll(
  namespace: string,
  folder: string,
  client: string,
  folders: readonly string[],
): Promise<TftpResult[]> {
  const rounds = new Map<string, { server: Server; windowsize: number; measured: Measured[] }>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of SERVERS) {
      const program = programIn(server.program, folders);
      if (program === undefined) continue;
      const running = spawn(...inside(namespace, program, server.arguments(folder)), { stdio: 'ignore' });
      try {
        await untilBound(running);
        for (const windowsize of WINDOWSIZES) {
          const key = `${server.name} ${windowsize}`;
          const entry = rounds.get(key) ?? { server, windowsize, measured: [] };
          rounds.set(key, entry);
          entry.measured.push(await measure(namespace, client, running, windowsize));
        }
      } finally {
        await stop(running);
      }
    }
  }
  return [...rounds.values()].map(({ server, windowsize, measured }) => ({
    server: server.name,
    windowsize,
    megabytesPerSecond: figureOf(measured.map((one) => one.megabytesPerSecond)),
    cpuSecondsPerGB: figureOf(measured.map((one) => one.cpuSecondsPerGB)),
  }));
}

/** One transfer. The server's processor time is read while the client holds back its last acknowledgement. */
async function measure(namespace: string, client: string, server: ChildProcess, windowsize: number): Promise<Measured> {
  const counted = countProcessorSeconds(server.pid ?? 0);
  const load = spawn(...inside(namespace, client, [ADDRESS, String(PORT), FILE, String(BLKSIZE), String(windowsize)]), {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
  });
  const exited = new Promise<number | null>((resolve) => load.once('exit', resolve));
  const line = await new Promise<string>((resolve) => {
    load.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    load.stdout.once('end', () => resolve(''));
  });
  const cpu = counted();
  load.stdin.end();
  const code = await exited;
  const [bytes = 0, seconds = 0] = line.split(' ').map(Number);
  if (bytes !== SIZE) {
    throw new TinsmithError('INTERNAL', `a transfer at windowsize ${windowsize} brought ${bytes} bytes, exit ${code}`);
  }
  return { megabytesPerSecond: bytes / seconds / 1e6, cpuSecondsPerGB: (cpu / bytes) * 1e9 };
}

/** A command in the namespace, on the last processor. Each program replaces the one before, so the process is the server. */
function inside(namespace: string, program: string, more: string[]): [string, string[]] {
  const processor = String(availableParallelism() - 1);
  return ['ip', ['netns', 'exec', namespace, 'taskset', '-c', processor, program, ...more]];
}

/** Waits until the process, or one it became, listens on the port: as its own namespace's table says. */
async function untilBound(server: ChildProcess): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!hasBoundUdp(server.pid ?? 0, PORT)) {
    if (server.exitCode !== null || Date.now() > until) {
      throw new TinsmithError('UNAVAILABLE', `${server.spawnargs.join(' ')} does not listen on port ${PORT}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await exited;
}

function programIn(name: string, more: readonly string[]): string | undefined {
  if (name.startsWith('/')) return name;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS, ...more];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
