/** Where ours and the peers are measured: servers in one network namespace, clients in another, one cable between them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TinsmithError } from '../../src/errors.ts';
import { needTools, TestNetwork } from '../../test/peers/dhcp-network.ts';
import { countProcessorSeconds, hasBoundUdp, listensOnTcp } from '../processor-time.ts';
import { compiled } from '../workflows/compiled.ts';

/** RFC 2544: addresses for benchmarks. Each server that runs beside others has one of its own, from the first one on. */
export const SERVER_ADDRESS = '198.18.0.1';
export const CLIENT_ADDRESS = '198.18.0.2';
export const NETMASK = '255.255.0.0';
const PREFIX = 16;
/** The servers' end of the cable. */
export const DEVICE = 's0';

const START_MS = 30_000;
const STOP_MS = 10_000;
const CLIENT_MS = 180_000;
const IDLE_MS = 100;

/** A server that is being measured. */
export interface Server {
  name: string;
  pid: number;
  /** Begins to count its processor seconds; the answer says how many there were since. */
  count: () => () => number;
  /** Lets it, and all its threads and children, run on these processors only: `1`, `0-1`. */
  runOn: (processors: string) => Promise<void>;
  /** Resolves when it is gone. */
  stop: () => Promise<void>;
}

/** How a server is started, and which ports say that it serves. */
export interface ServerCommand {
  name: string;
  program: string;
  args: readonly string[];
  udp?: readonly number[];
  tcp?: readonly number[];
}

/** How clients reach the servers. */
export type Way = 'cable' | 'loopback';

export class Field {
  readonly #network = new TestNetwork();
  readonly #servers = new Set<Server>();
  readonly #folders: readonly string[];
  #counter = 0;

  /**
   * @param folders with programs beside those of the PATH
   * @throws Error where this is not root
   */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    needTools({ ip: 'iproute2', taskset: 'util-linux', gcc: 'gcc' });
    this.#network.add('servers', 'clients');
    this.#network.cable(
      { in: 'servers', device: DEVICE, address: `${SERVER_ADDRESS}/${PREFIX}` },
      { in: 'clients', device: 'c0', address: `${CLIENT_ADDRESS}/${PREFIX}` },
    );
  }

  /** For what is made on the way; removed with the field. */
  get folder(): string {
    return this.#network.directory;
  }

  /** A new folder of this name and a number. */
  newFolder(name: string): string {
    const path = join(this.folder, `${name}-${++this.#counter}`);
    mkdirSync(path);
    return path;
  }

  /** Another address of the servers' end. */
  addAddress(address: string): void {
    this.#network.ip('servers', 'address', 'add', `${address}/${PREFIX}`, 'dev', DEVICE);
  }

  /** Compiles a load client of this folder. @returns the program */
  compiled(name: string): Promise<string> {
    return compiled(`../boots/${name}`, this.folder);
  }

  /** Starts a server. @throws TinsmithError UNAVAILABLE with what it said, where it does not come to serve */
  async start({ name, program, args, udp = [], tcp = [] }: ServerCommand): Promise<Server> {
    const said = join(this.folder, `${name}.${++this.#counter}.log`);
    const log = openSync(said, 'w');
    const child = spawn(...this.#network.inside('servers', program, ...args), {
      stdio: ['ignore', log, log],
      env: { ...process.env, PATH: [process.env.PATH, '/usr/sbin', '/sbin', ...this.#folders].join(':') },
    });
    closeSync(log);
    const server = this.#serverOf(name, child);
    this.#servers.add(server);
    const until = Date.now() + START_MS;
    const { pid } = server;
    while (!(udp.every((port) => hasBoundUdp(pid, port)) && tcp.every((port) => listensOnTcp(pid, port)))) {
      if (hasEnded(child) || Date.now() > until) {
        await server.stop();
        throw new TinsmithError('UNAVAILABLE', `${name} does not come to serve: ${await endOf(said)}`);
      }
      await pause(20);
    }
    return server;
  }

  /**
   * Runs a client to its end.
   * @param on whether it comes over the cable, or is in the servers' namespace, on its loopback
   * @returns what it said
   * @throws TinsmithError UNAVAILABLE for a status that is none of `good`
   */
  async run(
    program: string,
    args: readonly string[],
    { good = [0], on = 'cable' }: { good?: readonly number[]; on?: Way } = {},
  ): Promise<string> {
    const child = this.begin(program, args, on);
    const out: Buffer[] = [];
    child.stdout?.on('data', (bytes: Buffer) => out.push(bytes));
    const [status] = await once(child, 'close');
    const text = Buffer.concat(out).toString();
    if (good.includes(status)) return text;
    throw new TinsmithError('UNAVAILABLE', `${program} ${args.join(' ')} ended with ${status}: ${text.slice(-500)}`);
  }

  /** Starts a client that the caller ends, or that ends by itself. */
  begin(program: string, args: readonly string[], on: Way = 'cable'): ChildProcess {
    return spawn(...this.#network.inside(on === 'cable' ? 'clients' : 'servers', program, ...args), {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: CLIENT_MS,
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
  }

  /** Ends all servers and removes everything. */
  async remove(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await this.#network.remove();
  }

  #serverOf(name: string, child: ChildProcess): Server {
    const { pid = 0 } = child;
    const server: Server = {
      name,
      pid,
      count: () => countProcessorSeconds(pid),
      runOn: async (processors) => {
        const taskset = spawn('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)]);
        await once(taskset, 'close');
      },
      stop: async () => {
        this.#servers.delete(server);
        if (hasEnded(child)) return;
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await exited;
        clearTimeout(timer);
      },
    };
    return server;
  }
}

/** Waits until a server has worked off what the last load left it. */
export async function untilIdle(server: Server): Promise<void> {
  const until = Date.now() + START_MS;
  let busy = true;
  while (busy && Date.now() < until) {
    const counted = server.count();
    await pause(IDLE_MS);
    busy = counted() > (IDLE_MS / 1000) * 0.05;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function endOf(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim().split('\n').slice(-5).join(' / ') || 'it said nothing';
}
