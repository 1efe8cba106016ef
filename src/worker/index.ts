/** `tinsmith worker`: runs inside the in-memory OS and does what the server gives this machine to do. */
import { readFile } from 'node:fs/promises';
import { totalmem, uptime } from 'node:os';
import { workForEver } from './agent.ts';
import { workerClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Say } from './console.ts';
import type { ContainerEngine } from './container-engine.ts';
import { type Disks, localDisks } from './disks.ts';
import { dockerEngine } from './docker-engine.ts';
import type { WorkerSettings } from './settings.ts';
import { hostPower, linuxHost, type Power, syncDisks } from './verbs.ts';

export { DOCKER_SOCKETS, type WorkerSettings, workerSettings } from './settings.ts';

/** What the worker is made of. All but the version have the real thing as default. */
export interface WorkerParts {
  version: string;
  /** Takes one line for a person at the console. */
  say?: Say;
  engine?: ContainerEngine;
  /** Whether actions' containers are privileged where their template does not say: they are, but not on the appliance. */
  privileged?: boolean;
  /** Address of this computer on which services' ports are published; all of them by default. */
  publishOn?: string;
  /** Below this each workflow has the directory that its actions share as /workflow. */
  directory?: string;
  disks?: Disks;
  sync?: () => Promise<void>;
  power?: Power;
  clock?: Clock;
  /** The kernel's boot id. */
  boot?: string;
  /** Aborted when the worker is to end; SIGTERM and SIGINT by default. */
  signal?: AbortSignal;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Works until it is told to end. A container that runs then goes on running: the next worker takes it over.
 * @throws Error when this is no Linux, or on a fault of our own
 */
export async function runWorker(settings: WorkerSettings, parts: WorkerParts): Promise<void> {
  const { version, say = (line) => void process.stdout.write(`${line}\n`), clock = systemClock } = parts;
  const boot = parts.boot ?? (await readFile(BOOT_ID, 'utf8')).trim();
  const { signal, release } = parts.signal ? { signal: parts.signal, release: () => {} } : endSignal();
  const { server, token, id, dockerSockets } = settings;
  say(`worker ${version} of ${id}, for the server ${server}`);
  try {
    await workForEver(
      {
        api: workerClient({ server, token, clock, say }),
        engine: parts.engine ?? dockerEngine({ sockets: dockerSockets }),
        disks: parts.disks ?? localDisks(),
        sync: parts.sync ?? (() => syncDisks(linuxHost, say)),
        power: parts.power ?? hostPower({ clock, say }),
        directory: parts.directory ?? '/run/tinsmith/workflows',
        privileged: parts.privileged ?? true,
        clock,
        boot,
        say,
        hello: () => ({ mac: id, boot, version, uptime: uptime(), memory: totalmem() }),
      },
      signal,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    say('worker ends; what it started goes on and is taken over by the next');
  } finally {
    release();
  }
}

/** Aborted by the signals that ask a process to end. */
function endSignal(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const names = ['SIGTERM', 'SIGINT'] as const;
  for (const name of names) process.once(name, abort);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}
