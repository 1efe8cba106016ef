/** A server with Jobs, a machine, without a container engine or with one in memory, and workers that run real scripts on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWorker } from '../../../src/worker/index.ts';
import type { ContainerRun, JobRun, JobStep, LogEntry } from '../../../src/worker/protocol.ts';
import { fastClock } from '../fake-clock.ts';
import { FakeEngine, type Script } from '../fake-engine.ts';
import { type FakeAction, FakeServer } from '../fake-server.ts';

/** What is ended when the test has: in order. */
export const ends: (() => Promise<unknown>)[] = [];

/** A Job of these steps; a text is a script `s0`, `s1`, … */
export function job(steps: readonly (string | JobStep)[], more: Partial<JobRun> = {}, timeout = 0): FakeAction {
  return {
    name: 'task',
    timeout,
    run: {
      kind: 'job',
      job: 'job-1',
      steps: steps.map((step, index) => (typeof step === 'string' ? { name: `s${index}`, content: step } : step)),
      environment: {},
      codes: 'sane',
      secrets: [],
      ...more,
    },
  };
}

/** A step that is a container of this image. */
export function container(
  name: string,
  image: string,
  more: Partial<ContainerRun> & { timeout?: number } = {},
): JobStep {
  const { timeout, ...run } = more;
  return {
    name,
    ...(timeout === undefined ? {} : { timeout }),
    container: {
      ...{ kind: 'container', image, pull: image, mountsExecutable: false, command: [], environment: {} },
      ...{ volumes: [], secrets: [], ...run },
    },
  };
}

/**
 * @param speed how much faster than the real time the worker's runs
 * @param scripts what containers do, by their image; undefined: there is no engine
 */
export async function stage(actions: FakeAction[], speed = 1, scripts?: Record<string, Script>) {
  const directory = await mkdtemp(join(tmpdir(), 'tinsmith-jobs-'));
  const jobs = join(directory, 'jobs');
  const clock = fastClock(speed);
  const server = await new FakeServer(actions).start();
  const engine = new FakeEngine(clock, scripts ?? {});
  engine.away = scripts === undefined;
  const lines: string[] = [];
  let counter = 1000;
  const start = () => {
    const controller = new AbortController();
    const done = runWorker(
      { server: server.url, token: server.token, id: '52:54:00:00:00:01', dockerSockets: [], bootEnv: 'local' },
      {
        ...{ version: '1.2.3', engine, clock, boot: 'boot-1', signal: controller.signal },
        say: (line) => void lines.push(line),
        directory: join(directory, 'workflows'),
        disks: {
          async counters() {
            counter += 4096;
            return { '/dev/vda': counter };
          },
          dirtied: async () => undefined,
          bootable: async () => ['/dev/vda'],
        },
        sync: async () => {},
        power: { obstacle: async () => undefined, perform: async () => {} },
      },
    );
    const end = async (): Promise<void> => {
      controller.abort();
      await done.catch(() => {});
    };
    ends.unshift(end);
    return { done, end };
  };
  ends.push(
    () => server.stop(),
    () => rm(directory, { recursive: true }),
  );
  const ended = (action = 0): Promise<void> =>
    server.until(() => server.final(action) !== undefined && server.requests.at(-1) === 'GET work');
  const entries = (attempt = 1): LogEntry[] => server.logs.get(`0/${attempt}`) ?? [];
  return { server, engine, lines, start, ended, entries, jobs, directory };
}
