/** One client, our server and whoever else there is, in namespaces of their own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DhcpMode, DhcpNote } from '../../src/boots/dhcp/index.ts';
import type { ClientKind, Spot } from './dhcp-client-programs.ts';
import { type Teller, TestNetwork } from './dhcp-network.ts';
import { RunningClient } from './dhcp-running-client.ts';
import { isNote, type ServerLine, type ServerSetting } from './dhcp-server.ts';

export const MAC = '52:54:00:da:00:01';
const PATIENCE_MS = 120_000;
const NETMASK = '255.255.255.0';

/**
 * `s` has our server at 10.77.1.1, `o` somebody else at 10.77.1.2, `c` the client; `w` is the switch. Behind a relay agent
 * `r` (10.77.1.254 and 10.88.0.254) it is the client's network that is 10.88.0.0/24.
 */
export class Place {
  readonly network = new TestNetwork();
  readonly #kind: ClientKind;
  readonly #clients: RunningClient[] = [];
  #server: Teller<ServerLine> | undefined;
  #setting: ServerSetting;
  #address = '10.77.1.1';

  constructor(t: TestContext, kind: ClientKind, mode: DhcpMode) {
    this.#kind = kind;
    const data = join(this.network.directory, 'data');
    mkdirSync(data);
    this.#setting = { mode, interfaces: [], machines: {}, ...(mode === 'pool' ? { pool: { data, ranges: [] } } : {}) };
    t.after(() => this.#close());
  }

  /** Everybody at one switch. Server and `o` do not hear one another, where `apart` is set. */
  bySwitch(apart = false): this {
    const { network } = this;
    network.add('s', 'w', 'o', 'c');
    network.ip('w', 'link', 'add', 'switch', 'type', 'bridge');
    network.ip('w', 'link', 'set', 'switch', 'up');
    network.cable({ in: 's', device: 'eth0', address: '10.77.1.1/24' }, { in: 'w', device: 's' });
    network.cable({ in: 'o', device: 'eth0', address: '10.77.1.2/24' }, { in: 'w', device: 'o' });
    network.cable({ in: 'c', device: 'eth0', mac: MAC }, { in: 'w', device: 'c' });
    for (const port of ['s', 'o', 'c']) {
      network.ip('w', 'link', 'set', port, 'master', 'switch');
      if (apart && port !== 'c') network.ip('w', 'link', 'set', port, 'type', 'bridge_slave', 'isolated', 'on');
    }
    return this;
  }

  /** The client behind a router. */
  async behindRouter(): Promise<void> {
    const { network } = this;
    network.add('s', 'r', 'c');
    network.cable(
      { in: 's', device: 'eth0', address: '10.77.1.1/24' },
      { in: 'r', device: 'upstream', address: '10.77.1.254/24' },
    );
    network.cable({ in: 'r', device: 'downstream', address: '10.88.0.254/24' }, { in: 'c', device: 'eth0', mac: MAC });
    network.ip('s', 'route', 'add', '10.88.0.0/24', 'via', '10.77.1.254');
    await network.run('r', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }

  /** Starts our server, or starts it again: with more said, and perhaps at another address. */
  async serve(more: Partial<ServerSetting> = {}, address = this.#address): Promise<void> {
    await this.stopServer();
    if (address !== this.#address) {
      this.network.ip('s', 'address', 'flush', 'dev', 'eth0');
      this.network.ip('s', 'address', 'add', `${address}/24`, 'dev', 'eth0');
      this.#address = address;
    }
    const { pool } = this.#setting;
    this.#setting = { ...this.#setting, ...more, interfaces: [{ name: 'eth0', address, netmask: NETMASK }] };
    if (pool && more.pool) this.#setting.pool = { ...more.pool, data: pool.data };
    this.#server = this.network.start<ServerLine>('s', 'dhcp-server.ts', this.#setting);
    await this.#server.told((line) => 'bound' in line, PATIENCE_MS);
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** What our server noted of the client since it was last started. */
  notes(): DhcpNote[] {
    return (this.#server?.lines ?? []).filter(isNote).filter(({ mac }) => mac === MAC);
  }

  /** Waits for a note, past or to come, of our server since it was last started; for the `number`th of these. */
  async noted(reason: string, number = 1): Promise<DhcpNote> {
    if (this.#server === undefined) throw new Error('our server is not there');
    const found = () => this.notes().filter((note) => note.reason === reason)[number - 1];
    await this.#server.told(() => found() !== undefined, PATIENCE_MS).catch(() => {});
    const note = found();
    if (note !== undefined) return note;
    const said = this.#clients.at(-1)?.said.slice(-3000);
    const notes = this.notes().map(({ what, outcome, sentence }) => `${what} ${outcome}: ${sentence}`);
    throw new Error(`our server has not noted ${reason}:\n${notes.join('\n')}\nThe client:\n${said}`);
  }

  /** Starts the client. */
  client(more: Pick<Spot, 'wanted'> = {}): RunningClient {
    const directory = join(this.network.directory, 'client');
    const client = new RunningClient(this.#kind, { network: this.network, namespace: 'c', directory, ...more });
    this.#clients.push(client);
    return client;
  }

  /** Pulls the client's cable out of the switch. Resolves when its kernel has told so: what is plugged in before is not seen. */
  async unplug(): Promise<void> {
    this.network.ip('w', 'link', 'set', 'c', 'down');
    const until = Date.now() + PATIENCE_MS;
    while (/ state UP /.test(await this.network.run('c', 'ip', '-o', 'link', 'show', 'eth0'))) {
      if (Date.now() > until) throw new Error('the cable is out, and the client has not seen it');
      await sleep(10);
    }
  }

  plugIn(): void {
    this.network.ip('w', 'link', 'set', 'c', 'up');
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) await client.kill();
    await this.network.remove();
  }
}
