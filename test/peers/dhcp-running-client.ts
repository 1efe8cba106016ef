/** A DHCP client that we did not write, running on in a namespace, and heard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientKind, DEVICE, type Deed, type GivenWithRoutes, type Spot } from './dhcp-client-programs.ts';

/** Longer than a lease: T2 is waited for. */
const PATIENCE_MS = 120_000;

/** A client that runs. */
export class RunningClient {
  readonly #kind: ClientKind;
  readonly #at: Spot;
  #child: ChildProcess;
  #said = '';
  #heard = 0;
  #listener: () => void = () => {};

  constructor(kind: ClientKind, at: Spot) {
    this.#kind = kind;
    this.#at = at;
    mkdirSync(at.directory, { recursive: true });
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const [command = '', ...args] = this.#kind.command(this.#at);
    // A process group of its own: dhcpcd is several processes.
    const child = spawn(...this.#at.network.inside(this.#at.namespace, command, ...args), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
        this.#listener();
      });
    return child;
  }

  get said(): string {
    return this.#said;
  }

  /** Waits until it does that, after what it was last heard to do. */
  async heard(deed: Deed): Promise<void> {
    const fits = this.#kind.says[deed];
    const found = await new Promise<RegExpExecArray>((resolve, reject) => {
      const late = () => reject(new Error(`${this.#kind.program} has not ${deed}:\n${this.#said.slice(-6000)}`));
      const timer = setTimeout(late, PATIENCE_MS);
      this.#listener = () => {
        const match = fits.exec(this.#said.slice(this.#heard));
        if (match === null) return;
        clearTimeout(timer);
        this.#listener = () => {};
        resolve(match);
      };
      this.#listener();
    });
    this.#heard += found.index + found[0].length;
  }

  /** What it was given, once that has this address. */
  async given(address?: string): Promise<GivenWithRoutes> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const given = this.#kind.given(this.#at);
      if (given?.address !== undefined && (address === undefined || given.address === address)) return given;
      if (Date.now() > until)
        throw new Error(`${this.#kind.program} has ${given?.address}, not ${address}:\n${this.#said.slice(-6000)}`);
      await sleep(50);
    }
  }

  /** Sends it a signal: udhcpc renews at SIGUSR1. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async release(): Promise<void> {
    await this.#kind.release(this.#at, (signal) => this.signal(signal));
  }

  /** Ends it at once, as a power cut would. Its address stays set where it was not the last. */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const closed = once(this.#child, 'close');
    process.kill(-pid, 'SIGKILL');
    await closed;
  }

  /** Starts it again after `kill`, with what it remembers. */
  async restart(): Promise<void> {
    await this.kill();
    this.#at.network.ip(this.#at.namespace, 'address', 'flush', 'dev', DEVICE, 'scope', 'global');
    this.#heard = this.#said.length;
    this.#child = this.#start();
  }
}
