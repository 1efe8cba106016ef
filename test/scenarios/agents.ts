/** Made-up machines with real agents, against the whole HTTP side of an appliance. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { readLog } from '../../src/workflows/logs.ts';
import { type Running, running } from '../api/running.ts';
import type { Written } from '../life/made.ts';
import { pushed } from '../workflows/made.ts';

/** ms that anything may take. */
const LIMIT = 90_000;

/** Where an agent's life has led: what it did with its machine, or that it ended by itself. */
export type Fate = 'reboot' | 'poweroff' | 'kexec' | 'ended' | 'killed';

/** An appliance with content of the test's own. */
export async function appliance(t: TestContext, content: Written) {
  const server = await running(t);
  await server.content.putAll(content);
  return server;
}

/** A machine that is plugged in, and its files. */
export class MadeUpMachine {
  readonly id: string;
  readonly name: string;
  /** The folder in which the agent has that of its Jobs: scripts write here whatever the test wants to see. */
  readonly here: string;
  readonly #server: Running;
  readonly mac: string;
  /** Where its container engine listens; by default it has none. */
  dockerSocket = '/nowhere';
  #boots = 0;
  #agent: ChildProcess | undefined;
  #fate: Promise<Fate> | undefined;

  constructor(server: Running, machine: Awaited<ReturnType<typeof pushed>>) {
    this.#server = server;
    this.id = machine.id;
    this.name = machine.name;
    this.mac = machine.hardware.network.interfaces[0]?.dhcp.mac ?? '';
    this.here = mkdtempSync(join(tmpdir(), 'tinsmith-machine-'));
  }

  /** Turns it on: another boot. */
  async boot(bootEnv?: string): Promise<void> {
    this.#boots += 1;
    await this.start(bootEnv);
  }

  /** Starts an agent, of the boot that there is. */
  async start(bootEnv?: string): Promise<void> {
    const token = await this.#server.workerTokens.issue(this.id);
    const settings = {
      ...{ server: this.#server.url, token, id: this.mac, dockerSockets: [this.dockerSocket], bootEnv },
      ...{ directory: join(this.here, 'workflows'), boot: `${this.name}-boot-${this.#boots}` },
    };
    const agent = spawn(process.execPath, [join(import.meta.dirname, 'agent-process.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#agent = agent;
    let said: Fate = 'killed';
    createInterface({ input: agent.stdout }).on('line', (line) => {
      if (line.startsWith('POWER ')) said = line.slice(6) as Fate;
      if (line === 'ENDED') said = 'ended';
    });
    this.#fate = once(agent, 'close').then(() => said);
  }

  /** What becomes of the agent that runs. */
  fate(): Promise<Fate> {
    return within(this.#fate ?? Promise.reject(new Error('it was never turned on')), `the end of ${this.name}'s agent`);
  }

  /** Kills the agent as a power cut would. */
  async kill(): Promise<void> {
    this.#agent?.kill('SIGKILL');
    await this.#fate;
  }

  /** The log of a Job, its attempts in order, as text. */
  async log(job: string): Promise<string> {
    const { workflow, action, attempts } = this.#server.jobs.get(job);
    const logs = [];
    for (const attempt of attempts) logs.push(...(await readLog(this.#server.store, { workflow, action, attempt })));
    return logs.map(({ text }) => text).join('');
  }

  remove(): void {
    rmSync(this.here, { recursive: true, force: true });
  }
}

/** Machine `n`, known to the appliance, and turned on. */
export async function plugIn(
  t: TestContext,
  server: Running,
  n: number,
  bootEnv?: string,
  dockerSocket?: string,
): Promise<MadeUpMachine> {
  const machine = new MadeUpMachine(server, await pushed(server.machines, n));
  machine.dockerSocket = dockerSocket ?? machine.dockerSocket;
  t.after(async () => {
    await machine.kill();
    machine.remove();
  });
  await machine.boot(bootEnv);
  await eventually(server, () => server.lives.get(machine.id).in !== undefined, `${machine.name} to be heard`);
  return machine;
}

/** Waits until a condition holds: it is looked at again with every event, and now and then. */
export function eventually(
  { events }: Pick<Running, 'events'>,
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    if (await holds()) resolve();
  };
  const again = (): void => void look().catch(reject);
  const stop = events.listen(again);
  const timer = setInterval(again, 50);
  again();
  return within(promise, what).finally(() => {
    clearInterval(timer);
    stop();
  });
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${LIMIT / 1000} s for ${what}`)), LIMIT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
