/** A Docker Engine of the tests' own, in a directory that goes with it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OwnEngine {
  socket: string;
  /** Of its process, by which its network namespace is entered. */
  pid: number | undefined;
  directory: string;
  stop(): Promise<void>;
}

/** Why there can be no engine here, for a test's `skip`; false when there can. */
export function engineMissing(): string | false {
  if (process.getuid?.() !== 0) return 'a Docker Engine of its own needs root';
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' });
    accessSync('/bin/busybox');
    return false;
  } catch {
    return 'needs docker.io and busybox-static';
  }
}

/** Within a network namespace of its own, an engine may have its bridge. */
const OWN_NETWORK = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

/**
 * Starts an engine without firewall rules, and waits for the line that says it listens.
 * @param network `none`: without a bridge. `own`: with one, in a network namespace of its own.
 * @param parent where its directory is made
 */
export async function startEngine(
  options: readonly string[] = [],
  network: 'none' | 'own' = 'none',
  parent = tmpdir(),
): Promise<OwnEngine> {
  const directory = mkdtempSync(join(parent, 'tinsmith-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const [command = '', ...words] = [...(network === 'own' ? OWN_NETWORK : []), 'dockerd'];
  const child = spawn(
    command,
    [
      ...words,
      ...(network === 'none' ? ['--bridge=none'] : ['--bip=172.31.255.1/24']),
      ...['--iptables=false', '--ip6tables=false', '--host', `unix://${socket}`],
      ...[
        '--data-root',
        join(directory, 'data'),
        '--exec-root',
        join(directory, 'exec'),
        '--pidfile',
        join(directory, 'pid'),
      ],
      ...options,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    await listening(child);
  } catch (error) {
    removeAll(directory);
    throw error;
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      await new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      });
    }
    removeAll(directory);
  };
  return { socket, pid: child.pid, directory, stop };
}

/** An engine leaves the namespace of the host's network mounted below its directory (`exec/netns/default`). */
function removeAll(directory: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  const below = mounts.filter((mount) => mount.startsWith(`${directory}/`)).reverse();
  if (below.length > 0) execFileSync('umount', ['--lazy', ...below]);
  rmSync(directory, { recursive: true, force: true });
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      log = (log + bytes.toString()).slice(-20_000);
      if (log.includes('API listen on')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`dockerd ended with ${code}:\n${log.slice(-3000)}`)));
  });
}
