/** Runs the programs that the lab is made of. */
import { spawn, spawnSync } from 'node:child_process';
import { TinsmithError } from '../errors.ts';

/** Exit code of what was ended by a signal: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * /sys shows the interfaces of the namespace it was mounted in, so it is mounted again; a container engine needs the
 * control groups in it, which the new one hides.
 */
const NEW_SYS = `
[ ! -d /sys/fs/cgroup ] || exec 3</sys/fs/cgroup
mount -t sysfs sysfs /sys || exit
[ ! -e /proc/self/fd/3 ] || mount --no-canonicalize --rbind /proc/self/fd/3 /sys/fs/cgroup || exit
exec 3<&-
exec "$@"`;

/** Runs a program to its end. @throws TinsmithError UNAVAILABLE with what it said. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return stdout;
  throw new TinsmithError(
    'UNAVAILABLE',
    `${program} ${args.join(' ')} failed: ${(error?.message ?? stderr.trim()) || `exit code ${status}`}`,
  );
}

/**
 * The command line that runs a program in network, process and mount namespaces of its own. When it ends, or the process
 * that started it does, however that may be, the kernel ends every process in them, and the network is gone with them:
 * nothing can be left behind.
 */
export function isolated(program: string, args: readonly string[]): { program: string; args: string[] } {
  const namespaces = ['unshare', '--net', '--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc'];
  const inside = ['sh', '-c', NEW_SYS, 'sh', program, ...args];
  return { program: 'setpriv', args: ['--pdeathsig', 'KILL', ...namespaces, ...inside] };
}

/**
 * Runs a program isolated, on this terminal.
 * @returns the exit code.
 */
export function runIsolated(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const command = isolated(program, args);
  const child = spawn(command.program, command.args, { stdio: 'inherit', env: environment });
  // Ctrl-C reaches the inner process by itself, which tidies up; this one stays to tidy up after it.
  const stay = (): void => {};
  const end = (): void => void child.kill('SIGKILL');
  process.on('SIGINT', stay).on('SIGTERM', end);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? INTERRUPTED));
  }).finally(() => process.off('SIGINT', stay).off('SIGTERM', end));
}
