/** `tinsmith worker`: runs inside the in-memory OS and does what the server gives this machine to do. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import type { Inventory } from '../inventory/inventory.ts';
import { readInventory } from '../inventory/read.ts';
import { workUntilExit } from './agent.ts';
import { workerClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Say } from './console.ts';
import { type Disks, localDisks } from './disks.ts';
import { dockerEngine } from './docker-engine.ts';
import { sendKernelLog } from './kernel-log.ts';
import { Notices } from './notices.ts';
import { type ServiceEngine, ServiceKeeper } from './services/index.ts';
import type { WorkerSettings } from './settings.ts';
import { beDiscovered, tellInventory } from './told.ts';
import { hostPower, linuxHost, type Power, syncDisks } from './verbs.ts';

export { DOCKER_SOCKETS, type WorkerSettings, workerSettings } from './settings.ts';

/** What the worker is made of. All but the version have the real thing as default. */
export interface WorkerParts {
  version: string;
  /** Takes one line for a person at the console. */
  say?: Say;
  engine?: ServiceEngine;
  /** Whether actions' containers are privileged where their template does not say: they are, but not on the appliance. */
  privileged?: boolean;
  /** Address of this computer on which services' ports are published; all of them by default. */
  publishOn?: string;
  /** Below this each workflow has the directory that its actions share as /workflow. */
  directory?: string;
  /** Names this process; a new one by default. */
  agent?: string;
  disks?: Disks;
  sync?: () => Promise<void>;
  power?: Power;
  /** What the machine is made of; null: that is not told. */
  inventory?: (() => Promise<Inventory>) | null;
  clock?: Clock;
  /** The kernel's boot id. */
  boot?: string;
  /** Aborted when the worker is to end; SIGTERM and SIGINT by default. */
  signal?: AbortSignal;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Works until it is told to end, by a signal or by the server. A container that runs then goes on running: the next worker
 * takes it over. A script is ended, and its Job is run again by the next.
 * @throws TinsmithError TIMED_OUT when another worker works for this machine
 * @throws Error when this is no Linux, or on a fault of our own
 */
export async function runWorker(settings: WorkerSettings, parts: WorkerParts): Promise<void> {
  const { version, say = (line) => void process.stdout.write(`${line}\n`), clock = systemClock } = parts;
  const boot = parts.boot ?? (await readFile(BOOT_ID, 'utf8')).trim();
  const { signal, release } = parts.signal ? { signal: parts.signal, release: () => {} } : endSignal();
  const { server, token, id, dockerSockets, bootEnv } = settings;
  const agent = parts.agent ?? randomUUID();
  say(`worker ${version} of ${id}, for the server ${server}`);
  const api = workerClient({ server, token, clock, say });
  const engine = parts.engine ?? dockerEngine({ sockets: dockerSockets });
  const directory = parts.directory ?? '/run/tinsmith/workflows';
  const jobsDirectory = settings.jobsDirectory ?? join(directory, '../jobs');
  const notices = new Notices({ api, clock });
  const keeper = new ServiceKeeper({ api, engine, clock, boot, directory, say, publishOn: parts.publishOn });
  notices.onServices(() => keeper.changed());
  /** Ends all when a part of it has failed. */
  const fault = new AbortController();
  const both = AbortSignal.any([signal, fault.signal]);
  const beside: Promise<void>[] = [];
  const { inventory = readInventory } = parts;
  const telling = inventory && { api, clock, say, inventory };
  const runBeside = (part: Promise<never>): void =>
    void beside.push(part.catch((error: unknown) => fault.abort(error)));
  try {
    if (settings.syslogPort !== undefined) {
      const { hostname: host } = new URL(server);
      beside.push(sendKernelLog({ host, port: settings.syslogPort, id, version }, both));
    }
    if (settings.discovers && telling) await beDiscovered(telling, { mac: id, boot, version, agent }, both);
    await workUntilExit(
      {
        api,
        engine,
        notices,
        directory,
        disks: parts.disks ?? localDisks(),
        sync: parts.sync ?? (() => syncDisks(linuxHost, say)),
        power: parts.power ?? hostPower({ clock, say }),
        privileged: parts.privileged ?? true,
        clock,
        boot,
        say,
        agent,
        jobs: { jobsDirectory, around: { own: process.env, server, token, home: home() } },
        hello: () => ({ mac: id, boot, version, uptime: uptime(), memory: totalmem(), agent, bootEnv }),
        async greeted() {
          runBeside(notices.run(both));
          runBeside(keeper.run(both));
          if (telling) beside.push(tellInventory(telling, both));
          keeper.greeted();
          // Services come before actions, also after a restart.
          await keeper.settled();
        },
      },
      both,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    say('worker ends; what it started goes on and is taken over by the next');
  } finally {
    fault.abort();
    await Promise.all(beside);
    release();
  }
}

/** Where scripts are at home. A worker that an init has started has no such variable. */
function home(): string {
  return process.env.HOME ?? (existsSync('/root') ? '/root' : '/');
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
