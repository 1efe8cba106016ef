/** The other DHCP servers on the networks that are served: what they mean for our own, and who comes and goes. */
import type { Logger } from 'pino';
import type { RoleStatus, Status } from '../api/types.ts';
import { type InterfaceAddress, interfaceAddresses } from '../boots/interface-addresses.ts';
import {
  checkMode,
  type DhcpChoice,
  describe,
  givesAddresses,
  type ModeWarning,
  modeOf,
  type OtherServer,
  offers,
  probe,
  type Watch,
  warningOf,
  watchServers,
} from '../boots/other-servers/index.ts';
import type { Trace } from '../boots/trace.ts';
import type { EventLog, Store } from '../store/index.ts';

interface Parts {
  interfaces: readonly InterfaceAddress[];
  /** Whether everyone is given addresses even where another server gives them too. */
  besideOther: boolean;
  /** Seconds between rounds; 0: only one, at the start. */
  every: number;
  /** The mode of a subnet that was described for the network of an interface. */
  described(from: InterfaceAddress): DhcpChoice | 'off' | undefined;
  trace: Trace;
  store: Store;
  events: EventLog;
  clock: () => number;
  log: Logger;
}

export class OtherServers {
  /** The mode of networks that nobody has described. */
  readonly mode: DhcpChoice;
  readonly #wanted: DhcpChoice | 'auto';
  readonly #parts: Parts;
  readonly #watch: Watch;
  /** Code of the warning that was logged last. */
  #said: string | undefined;

  /** Begins to look at once. */
  constructor(wanted: DhcpChoice | 'auto', parts: Parts) {
    const { interfaces, every, clock, log } = parts;
    const names = interfaces.map(({ name }) => name);
    const isOwn = (address: string): boolean => interfaceAddresses().some((own) => own.address === address);
    this.#wanted = wanted;
    this.#parts = parts;
    this.mode = modeOf(wanted);
    this.#watch = watchServers({
      probe: (options) => probe({ interfaces: names, isOwn, ...options }),
      every: every === 0 ? undefined : every * 1000,
      clock,
      settles: (servers) => this.#concerned(this.mode, servers).some(givesAddresses),
      random: Math.random,
      appeared: (server) => this.#record('appeared', server),
      gone: (server) => this.#record('gone', server),
      ended: () => this.#sayWarning(),
      failed: (error) => log.error({ err: error }, 'could not look for other DHCP servers'),
    });
  }

  /**
   * Resolves when the mode may be begun with. Waits for the network only where nothing was wished, or it decides.
   * @throws TinsmithError CONFLICT where the mode that is wanted does harm beside another server
   */
  async fits(): Promise<void> {
    if (this.#wanted !== 'auto' && this.#wanted !== 'pool') return;
    const { servers } = await this.#watch.first;
    checkMode(this.mode, this.#concerned(this.mode, servers), this.#parts.besideOther);
    this.#sayWarning();
  }

  /** The roles, that of DHCP with what is odd about its networks now. */
  warn(roles: RoleStatus[]): RoleStatus[] {
    const warning = this.#warning();
    if (!warning) return roles;
    const { code, sentence: message, next } = warning;
    const isDhcp = ({ name, state }: RoleStatus): boolean => name.startsWith('dhcp') && state === 'up';
    return roles.map((role) => (isDhcp(role) ? { ...role, warning: { code, message, next } } : role));
  }

  /** Those that there are now, as the API shows them. */
  present(): NonNullable<Status['otherServers']> {
    return this.#watch
      .servers()
      .map(({ server, since }) => ({ ...present(server), since: new Date(since).toISOString() }));
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  #modeOn(name: string): DhcpChoice | 'off' {
    const from = this.#parts.interfaces.find((each) => each.name === name);
    return (from && this.#parts.described(from)) ?? this.mode;
  }

  /** Those of some servers that are on networks served in a mode. */
  #concerned(mode: DhcpChoice, servers: readonly OtherServer[]): OtherServer[] {
    return servers.filter((server) => this.#modeOn(server.interface) === mode);
  }

  /** The first thing that is odd, whatever the mode of the network. */
  #warning(): ModeWarning | undefined {
    const found = this.#watch.found();
    if (found === undefined) return undefined;
    const modes = new Set(this.#parts.interfaces.map(({ name }) => this.#modeOn(name)));
    for (const mode of modes) {
      if (mode === 'off') continue;
      const asked = found.asked.filter((name) => this.#modeOn(name) === mode);
      // That one cable is out says nothing of the networks that could be asked.
      const unasked = found.asked.length > 0 && asked.length === 0;
      if (unasked) continue;
      const warning = warningOf(mode, { ...found, asked, servers: this.#concerned(mode, found.servers) });
      if (warning) return warning;
    }
    return undefined;
  }

  #sayWarning(): void {
    const warning = this.#warning();
    if (warning && warning.code !== this.#said)
      this.#parts.log.warn({ role: 'dhcp', code: warning.code }, `${warning.sentence} ${warning.next}`);
    this.#said = warning?.code;
  }

  #record(what: 'appeared' | 'gone', server: OtherServer): void {
    const { trace, store, events, log } = this.#parts;
    const { address, mac, lease, interface: on } = server;
    const sentence =
      what === 'appeared'
        ? `another DHCP server is on this network: ${describe(server)}`
        : `the other DHCP server ${address} (${mac}) on ${on} answers no more`;
    log.info({ role: 'dhcp', server: address, mac, interface: on }, sentence);
    const file = server.boots.find((each) => each.file !== undefined)?.file;
    trace.note({
      ...{ mac, role: 'dhcp', what: 'other server', outcome: 'completed', reason: `other-server-${what}`, sentence },
      details: {
        ...{ interface: on, serverIdentifier: address },
        ...(lease && { address: lease.address }),
        ...(file !== undefined && { bootFile: file }),
      },
    });
    const event = { kind: `network.dhcp-server-${what}`, data: { ...present(server), sentence } };
    store
      .change((transaction) => events.append(transaction, event))
      .catch((error: unknown) => log.error({ err: error }, 'event of another DHCP server not recorded'));
  }
}

function present(server: OtherServer) {
  const { address, mac, lease, boots, interface: on } = server;
  return {
    ...{ address, mac, interface: on, givesAddresses: lease !== undefined, offers: offers(server) },
    ...(lease && { lease: { address: lease.address, router: lease.router, seconds: lease.seconds } }),
    boots: boots.map(({ firmware, file, server: from }) => ({ firmware, file, server: from })),
  };
}
