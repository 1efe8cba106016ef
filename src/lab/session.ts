/** A lab that is set up: network, appliance and computers, inside the namespaces of this process. */
import type { ChildProcess } from 'node:child_process';
import type { Client } from '../cli/client.ts';
import { ApplianceProcess } from './appliance-process.ts';
import { architectureOf, type Firmware } from './firmware.ts';
import { type LabMachine, labMachine, makeNetwork, NETWORK, startIpv6Router } from './network.ts';
import { VirtualMachine } from './virtual-machine.ts';

export interface SessionOptions {
  /** Where everything of this lab lies. */
  directory: string;
  /** How this program is started. */
  command: readonly string[];
  /** Directory of the OSIE. */
  osie: string;
  /** Directory of the images to install. */
  images: string;
  /** One computer each. */
  firmware: readonly Firmware[];
  /** MiB of each computer. */
  memory: number;
  /** Whether the appliance gives addresses; else another server of the network does. */
  dhcp: 'reservation' | 'proxy' | 'pool';
  /** More flags of `up`. */
  flags?: readonly string[];
}

export interface Computer {
  machine: LabMachine;
  vm: VirtualMachine;
}

/** Bytes: sparse, so that only what is written counts. */
const DISK_BYTES = 4e9;

export class Session {
  readonly appliance: ApplianceProcess;
  readonly computers: readonly Computer[];
  readonly #router: ChildProcess;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;

  /** Makes the network and describes the computers; nothing runs yet but the network's IPv6 router. */
  constructor(options: SessionOptions, signal: AbortSignal) {
    const { directory, memory } = options;
    this.#signal = signal;
    this.computers = options.firmware.map((firmware, i) => {
      const machine = labMachine(i + 1, architectureOf(firmware));
      return { machine, vm: new VirtualMachine({ machine, firmware, directory, memory, disk: DISK_BYTES }) };
    });
    makeNetwork(this.computers.map(({ machine }) => machine));
    this.#router = startIpv6Router(directory);
    const flags = ['--dhcp', options.dhcp, '--osie', options.osie, '--files', options.images, ...(options.flags ?? [])];
    this.appliance = new ApplianceProcess(directory, options.command, flags);
  }

  /** A client of the appliance, until the session is closed. */
  client(): Client {
    return this.appliance.client(AbortSignal.any([this.#signal, this.#over.signal]));
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.computers.map(({ vm }) => vm.powerCut()));
    await this.appliance.stop('SIGTERM');
    this.#router.kill();
  }
}

/** Hardware data of a lab machine. */
export function hardwareOf({ name, mac, address, uuid, architecture }: LabMachine) {
  const ip = { address, netmask: NETWORK.netmask, gateway: NETWORK.address };
  return {
    id: uuid,
    metadata: { facility: { facility_code: 'lab' }, instance: {}, state: 'provisioning' },
    network: {
      interfaces: [
        {
          dhcp: { mac, hostname: name, lease_time: 86400, arch: architecture, ip },
          netboot: { allow_pxe: true, allow_workflow: true },
        },
      ],
    },
  };
}
