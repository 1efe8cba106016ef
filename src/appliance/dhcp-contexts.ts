/** What DHCP is told of a client: its reservation, and what it is to boot. */
import type { ClientContext, DhcpPacket, InterfaceSettings, Reservation } from '../boots/dhcp/index.ts';
import type { DhcpInterface, DhcpNote } from '../boots/dhcp/sockets.ts';
import type { Environments } from '../boots/environments.ts';
import { bootAnswer } from '../boots/loaders.ts';
import type { UnknownPolicy } from '../boots/plan.ts';
import { planFor } from '../boots/plan-for.ts';
import type { HardwareInterface } from '../machines/hardware.ts';
import { interfaceOf, type Machines } from '../machines/machines.ts';
import type { LoaderChoices } from './loader-choices.ts';

/** A declined address is tried again after this: the other computer may have gone (RFC 2131 names no time). */
const DECLINED_MS = 10 * 60_000;

export class DhcpContexts {
  readonly #machines: Machines;
  readonly #httpAt: (address: string) => string;
  readonly #clock: () => number;
  readonly #environments: Pick<Environments, 'lifeOf' | 'loaderFor'> | undefined;
  readonly #unknown: UnknownPolicy;
  readonly #choices: LoaderChoices | undefined;
  /** MAC address to the reserved address that it declined, and until when that counts as used by another computer. */
  readonly #declined = new Map<string, { address: string; until: number }>();

  constructor(
    machines: Machines,
    httpAt: (address: string) => string,
    clock: () => number,
    environments?: Pick<Environments, 'lifeOf' | 'loaderFor'>,
    unknown: UnknownPolicy = 'ignore',
    choices?: LoaderChoices,
  ) {
    this.#machines = machines;
    this.#httpAt = httpAt;
    this.#clock = clock;
    this.#environments = environments;
    this.#unknown = unknown;
    this.#choices = choices;
  }

  /** @param from the interface a packet came in on: its address is the one that the client can reach. */
  of(packet: DhcpPacket, from: DhcpInterface): ClientContext {
    const mac = packet.chaddr.toLowerCase();
    const machines = this.#machines;
    const machine = machines.byMac(mac);
    const found = machine && interfaceOf(machine, mac);
    return {
      reservation: found && reservationOf(found),
      settings: found && settingsOf(found),
      machineName: machine?.name,
      disabled: found?.disableDhcp === true,
      discovers: this.#unknown === 'discover',
      declined: this.#hasDeclined(mac, found?.dhcp.ip?.address),
      boot: (client, mode) =>
        bootAnswer(planFor({ machines, unknown: this.#unknown, environments: this.#environments }, mac).plan, client, {
          http: this.#httpAt(from.address),
          mac,
          loaderFor: machine && ((firmware) => this.#environments?.loaderFor(machine, firmware)),
          choice: this.#choices && { ...this.#choices(mac, machine), isProxy: mode === 'proxy' },
        }),
    };
  }

  /** Remembers what a packet said that outlasts it. */
  take(note: DhcpNote): void {
    const { mac, reason, details } = note;
    if (reason !== 'address-declined') return;
    const machine = this.#machines.byMac(mac);
    const address = machine && interfaceOf(machine, mac)?.dhcp.ip?.address;
    // Only reserved addresses are remembered: those of a pool have their quarantine, and a hostile sender makes up MAC
    // addresses for ever.
    if (address !== undefined && address === details.address)
      this.#declined.set(mac, { address, until: this.#clock() + DECLINED_MS });
  }

  /** Another address than the declined one is as good as any (RFC 2131 section 4.3.3: option 50 says which it is). */
  #hasDeclined(mac: string, address: string | undefined): boolean {
    const declined = this.#declined.get(mac);
    return declined !== undefined && declined.address === address && declined.until > this.#clock();
  }
}

/** MAC address of the interface that an address is reserved for. */
export function reservedMac(machines: Machines, address: string): string | undefined {
  const interfaces = machines.byAddress(address)?.hardware.network.interfaces;
  return interfaces?.find(({ dhcp }) => dhcp.ip?.address === address)?.dhcp.mac;
}

function reservationOf(found: HardwareInterface): Reservation | undefined {
  const { mac, ip } = found.dhcp;
  if (!ip) return undefined;
  const { address, netmask, gateway } = ip;
  return { mac, address, netmask, gateway, ...settingsOf(found) };
}

function settingsOf({ dhcp }: HardwareInterface) {
  return {
    hostname: dhcp.hostname,
    domainName: dhcp.domain_name,
    nameServers: dhcp.name_servers ?? [],
    timeServers: dhcp.time_servers ?? [],
    leaseTime: dhcp.lease_time,
  } satisfies InterfaceSettings;
}
