/** The appliance of the lab: this same program as a process of its own, that can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../cli/client.ts';
import { TinsmithError } from '../errors.ts';
import { NETWORK } from './network.ts';

const READY_MS = 30_000;
const STOP_MS = 15_000;

export class ApplianceProcess {
  readonly #directory: string;
  readonly #command: readonly string[];
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  /**
   * @param command how this program is started: `['/path/tinsmith']`.
   * @param flags of `up`, beside the data directory and the interface.
   */
  constructor(directory: string, command: readonly string[], flags: readonly string[] = []) {
    this.#directory = directory;
    this.#command = command;
    this.#flags = flags;
  }

  get data(): string {
    return join(this.#directory, 'data');
  }

  get log(): string {
    return join(this.#directory, 'appliance.log');
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** A client of its API. */
  client(interrupted: AbortSignal): Client {
    return new Client({ server: `http://${NETWORK.address}:8080`, data: this.data }, { environment: {}, interrupted });
  }

  /** Starts it and waits until it answers. @throws TinsmithError UNAVAILABLE with the end of its log. */
  async start(): Promise<void> {
    const [program = '', ...words] = this.#command;
    const child = spawn(
      program,
      [...words, 'up', '--data', this.data, '--interface', NETWORK.bridge, '--log-format', 'json', ...this.#flags],
      // The computer's own engine is not the lab's: it may have containers of another appliance.
      { stdio: ['ignore', 'pipe', 'pipe'], env: { TINSMITH_PROVISIONER: 'off', ...process.env } },
    );
    this.#process = child;
    const log = createWriteStream(this.log, { flags: 'a' });
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log.write(chunk);
        tail = (tail + chunk.toString()).slice(-4000);
      });
    }
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const ready = await fetch(`http://${NETWORK.address}:8080/readyz`, { signal: AbortSignal.timeout(2000) }).catch(
        () => undefined,
      );
      if (ready?.ok) return;
      if (child.exitCode !== null || Date.now() > deadline) {
        const why =
          child.exitCode === null
            ? `it was not ready after ${READY_MS / 1000} s: ${await ready?.text()}`
            : `it ended with exit code ${child.exitCode}`;
        throw new TinsmithError('UNAVAILABLE', `The lab's appliance did not start: ${why}\n${tail}`);
      }
      await sleep(50);
    }
  }

  /** Ends it, and waits until it has ended. @returns whether it ended by itself in time. */
  async stop(signal: NodeJS.Signals): Promise<boolean> {
    const child = this.#process;
    if (!child) return true;
    const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
    child.kill(signal);
    const inTime = await Promise.race([ended, sleep(STOP_MS, false, { ref: false })]);
    if (!inTime) child.kill('SIGKILL');
    return inTime;
  }
}
