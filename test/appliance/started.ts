/** `tinsmith up` as a process, with what it says read line by line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
/** HTTP alone on a free port of the loopback: nothing that another test could meet. */
const ALONE = ['--dhcp', 'off', '--tftp', 'off', '--http-address', '127.0.0.1', '--http-port', '0'];

type Line = { msg: string; role?: string; bound?: string[]; code?: string };

/**
 * Starts the appliance.
 * @param options.namespace shell commands that set up a network namespace of its own, in which it is started with its
 * usual ports; what they start in the background ends with the appliance.
 */
export async function started(
  t: TestContext,
  data: string,
  options: { args?: string[]; namespace?: string; format?: 'pretty'; provisioner?: 'on' } = {},
) {
  const words = [MAIN, 'up', '--data', data, '--log-format', options.format ?? 'json', ...(options.args ?? ALONE)];
  const [command, args] =
    options.namespace === undefined
      ? [process.execPath, words]
      : ['unshare', ['-n', 'sh', '-c', `set -e; ${options.namespace}; exec "$0" "$@"`, process.execPath, ...words]];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The Docker Engine of whoever runs the tests is none of theirs.
    env: {
      PATH: process.env.PATH,
      TINSMITH_PROVISIONER: options.provisioner ?? 'off',
      TINSMITH_GRPC_PORT: '0',
      // A port that there is one of.
      TINSMITH_SYSLOG: options.namespace === undefined ? 'off' : 'on',
    },
    // A group of its own, so that the end of the test ends all of it.
    detached: true,
  });
  const { pid } = child;
  assert.ok(pid);
  t.after(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  });
  const said: string[] = [];
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line.startsWith('{')) lines.push(JSON.parse(line) as Line);
      for (const look of waiting) look();
    });

  /** What `find` finds once there is something, now or after more was said. */
  const when = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(([code]) => reject(new Error(`it ended with ${code}:\n${said.join('\n')}`)));
    });
  /** The first line of the log that fits, past or to come. */
  const told = (fits: (line: Line) => boolean): Promise<Line> => when(() => lines.find(fits));

  return {
    pid,
    said,
    lines,
    ended,
    told,
    when,
    /** Its HTTP server, once it listens. */
    async url(): Promise<string> {
      const { bound } = await told(({ msg, role }) => msg === 'started' && role === 'http');
      return `http://${bound?.[0]?.replace('0.0.0.0', '127.0.0.1')}`;
    },
    token: () => readFileSync(join(data, 'token'), 'utf8').trim(),
    /** Asks it to stop. @returns its exit code, and how long it took in ms. */
    async stop(): Promise<{ code: number | null; ms: number }> {
      const begun = Date.now();
      process.kill(pid, 'SIGTERM');
      const [code] = await ended;
      return { code, ms: Date.now() - begun };
    },
  };
}
