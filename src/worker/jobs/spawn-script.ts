/** Starts a script as a session of its own, whose output goes to files: it writes on when the worker is killed. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { type Session, sessionOf } from './session.ts';

/** How a process has ended. `code` undefined: by this signal. */
export interface ProcessEnd {
  code?: number;
  signal?: NodeJS.Signals;
}

export interface RunningScript {
  /** Undefined: it has ended already. */
  session: Session | undefined;
  /** Lets it begin. Until then it waits, and it ends if the worker does. */
  go(): void;
  ended: Promise<ProcessEnd>;
}

/**
 * Waits for a word on descriptor 3 before it becomes the script: the worker first writes down which process it is, so that
 * none runs that the next worker would not find.
 */
const GATE = 'read -r go <&3 && exec "$@" 3<&-';

/**
 * @param command the program and its arguments
 * @throws Error when the shell that becomes the script can't be started
 */
export async function spawnScript(
  command: readonly string[],
  around: { cwd: string; environment: Record<string, string>; stdout: string; stderr: string },
): Promise<RunningScript> {
  const { cwd, environment, stdout, stderr } = around;
  const out = await open(stdout, 'a', 0o600);
  const err = await open(stderr, 'a', 0o600).catch(async (error: unknown) => {
    await out.close();
    throw error;
  });
  try {
    const child = spawn('/bin/sh', ['-c', GATE, 'sh', ...command], {
      cwd,
      env: environment,
      detached: true,
      stdio: ['ignore', out.fd, err.fd, 'pipe'],
    });
    const ended = new Promise<ProcessEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code === null ? { signal: signal ?? 'SIGKILL' } : { code }));
    });
    const { pid } = child;
    if (pid === undefined) {
      await ended;
      throw new Error('the script could not be started');
    }
    ended.catch(() => {});
    const gate = child.stdio[3];
    // Nobody reads it where the process has been ended before it could begin.
    gate?.on('error', () => {});
    const go = (): void => {
      if (gate && 'end' in gate) gate.end('go\n');
    };
    return { session: sessionOf(pid), go, ended };
  } finally {
    await Promise.all([out.close(), err.close()]);
  }
}
