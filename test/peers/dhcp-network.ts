import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Fails with what to do about it where a tool is missing, or the right to make network namespaces. */
export function needTools(packages: Readonly<Record<string, string>>): void {
  if (process.getuid?.() !== 0) throw new Error('this test makes network namespaces: run it as root');
  for (const [tool, name] of Object.entries(packages)) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`]);
    } catch {
      throw new Error(`${tool} is missing: apt-get install ${name}`);
    }
  }
}

function ip(...parameters: string[]): void {
  execFileSync('ip', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** How long to wait for what a program is to tell, in milliseconds. */
const PATIENCE = 60_000;

/** One end of a cable. */
export interface End {
  /** Name of the namespace within the test. */
  in: string;
  device: string;
  mac?: string;
  /** Address with prefix length. */
  address?: string;
}

/** A process in a namespace that tells by lines of JSON on its standard output. */
export interface Teller<Line> {
  /** Lines so far. */
  lines: readonly Line[];
  /** Resolves with the first line, past or to come, that fits. @param patience milliseconds */
  told(fits: (line: Line) => boolean, patience?: number): Promise<Line>;
  stop(): Promise<void>;
}

/** Network namespaces of one test, joined by cables that nothing else can reach. */
export class TestNetwork {
  readonly directory = mkdtempSync(join(tmpdir(), 'dhcp-peer-'));
  readonly #suffix = randomBytes(3).toString('hex');
  readonly #namespaces: string[] = [];
  readonly #tellers: { stop(): Promise<void> }[] = [];

  /** Makes a namespace, with its loopback interface up. */
  add(...names: string[]): void {
    for (const name of names) {
      ip('netns', 'add', this.#full(name));
      this.#namespaces.push(name);
      ip('-n', this.#full(name), 'link', 'set', 'lo', 'up');
    }
  }

  /** Joins two namespaces by a cable (a veth pair). */
  cable(...ends: [End, End]): void {
    const [a, b] = ends.map((end) => ['netns', this.#full(end.in), 'name', end.device] as const);
    ip('link', 'add', ...(a ?? []), 'type', 'veth', 'peer', ...(b ?? []));
    for (const end of ends) {
      if (end.mac) this.ip(end.in, 'link', 'set', end.device, 'address', end.mac);
      if (end.address) this.ip(end.in, 'address', 'add', end.address, 'dev', end.device);
      this.ip(end.in, 'link', 'set', end.device, 'up');
    }
  }

  /** Runs `ip` in a namespace. */
  ip(namespace: string, ...parameters: string[]): void {
    ip('-n', this.#full(namespace), ...parameters);
  }

  /** Command and parameters that run a program in a namespace. */
  inside(namespace: string, command: string, ...parameters: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#full(namespace), command, ...parameters]];
  }

  /** Runs a program to its end; its exit status must be 0. Resolves with what it said. */
  async run(namespace: string, command: string, ...parameters: string[]): Promise<string> {
    const child = spawn(...this.inside(namespace, command, ...parameters), { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${said}`);
    return said;
  }

  /** Starts a program of the test that tells by lines of JSON. */
  start<Line>(namespace: string, program: string, setting: unknown): Teller<Line> {
    const path = join(import.meta.dirname, program);
    const command = this.inside(namespace, process.execPath, path, JSON.stringify(setting));
    const child = spawn(...command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: Line[] = [];
    const listeners = new Set<(line: Line) => void>();
    const ended = once(child, 'close');
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text);
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
    const teller: Teller<Line> = {
      lines,
      told: (fits, patience = PATIENCE) =>
        new Promise((resolve, reject) => {
          const past = lines.find(fits);
          if (past !== undefined) return resolve(past);
          listeners.add((line) => fits(line) && resolve(line));
          setTimeout(() => reject(new Error(`${program} did not tell that in ${patience} ms`)), patience).unref();
          ended.then(([status]) => reject(new Error(`${program} ended with ${status} before it told that`)));
        }),
      stop: async () => {
        child.kill();
        await ended;
      },
    };
    this.#tellers.push(teller);
    return teller;
  }

  /** Writes an executable shell script and returns its path. */
  script(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, `#!/bin/sh\n${text}`, { mode: 0o755 });
    return path;
  }

  /** Removes everything again. */
  async remove(): Promise<void> {
    await Promise.all(this.#tellers.map((teller) => teller.stop()));
    for (const name of this.#namespaces) ip('netns', 'delete', this.#full(name));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #full(name: string): string {
    return `tsd${this.#suffix}${name}`;
  }
}
