import { spawn } from 'node:child_process';
import { TinsmithError } from '../src/errors.ts';

/** Where a build step's command runs, and what is added to its environment. */
export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/**
 * Runs one command to its end and gives its standard output.
 * Throws TinsmithError with the command's exit code and its last lines of output when it fails.
 */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      // A fixed locale and time zone: the same input gives the same bytes on every host.
      env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC', DEBIAN_FRONTEND: 'noninteractive', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const missing = cause.code === 'ENOENT';
      reject(
        new TinsmithError('UNAVAILABLE', `${command} did not start: ${cause.message}`, {
          next: missing ? `Install the program ${command}.` : undefined,
          cause,
        }),
      );
    });
    child.on('close', (code, signal) => {
      const stdout = Buffer.concat(out).toString();
      if (code === 0) return resolve(stdout);
      const last = (Buffer.concat(err).toString() + stdout).trim().split('\n').slice(-40).join('\n');
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      reject(new TinsmithError('INTERNAL', `${command} ${args.slice(0, 4).join(' ')} failed (${how}):\n${last}`));
    });
  });
}

/** Runs a line of bash with `pipefail`; arguments are `$1`, `$2` …, never pasted into the line. */
export function shell(line: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<string> {
  return run('bash', ['-euo', 'pipefail', '-c', line, 'bash', ...args], options);
}
