/** Runs the programs that the lab is made of. */
import { spawn, spawnSync } from 'node:child_process';
import { TinsmithError } from '../errors.ts';

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
 * Runs a program in network, process and mount namespaces of its own. When it ends, or this process does, the kernel
 * ends every process in them, and the network is gone with them: nothing can be left behind.
 * @returns the exit code.
 */
export function runIsolated(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  // /sys shows the interfaces of the namespace it was mounted in, so it is mounted again.
  const script = 'mount -t sysfs sysfs /sys && exec "$@"';
  const child = spawn(
    'unshare',
    [
      '--net',
      '--pid',
      '--mount',
      '--fork',
      '--kill-child=KILL',
      '--mount-proc',
      'sh',
      '-c',
      script,
      'sh',
      program,
      ...args,
    ],
    {
      stdio: 'inherit',
      env: environment,
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 130 : 70)));
  });
}
