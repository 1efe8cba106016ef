/** The machines we know: records in the store, found by id, name, MAC or IP address. */
import { isIPv4 } from 'node:net';
import { type Problem, TinsmithError } from '../errors.ts';
import type { EventLog } from '../store/events.ts';
import type { Store, Transaction } from '../store/store.ts';
import { type Hardware, type HardwareInterface, normaliseMac, parseHardware } from './hardware.ts';
import { type MachineWork, machineWork } from './work.ts';

/** A computer. */
export interface Machine {
  /** UUID, from the hardware data. */
  id: string;
  /** The first interface's host name, or else the id. */
  name: string;
  /** As pushed, every field kept. */
  hardware: Hardware;
  /** ms since 1970 */
  createdAt: number;
  updatedAt: number;
}

/** Who keeps more of machines, such as the stages that they go through. */
export interface MachineKeeper {
  /** @throws TinsmithError CONFLICT where nothing of it may be changed */
  mayChange(transaction: Transaction, machine: Machine): void;
  /** The system on its disk has called. */
  calledHome(transaction: Transaction, machine: Pick<Machine, 'id'>): void;
  /** It is gone, and with it what was kept. */
  deleted(transaction: Transaction, machine: Machine): void;
}

/** An address that somebody has for a time. */
export interface LeaseHeld {
  /** In lower case with colons. */
  mac: string;
  /** ms since 1970; Infinity for a lease without end. */
  until: number;
}

const keys = {
  machine: (id: string) => `machine/${id}`,
  mac: (mac: string) => `machine-mac/${mac}`,
  address: (address: string) => `machine-address/${address}`,
  name: (name: string) => `machine-name/${name.toLowerCase()}`,
};

/** Machines kept in memory. Every packet of a boot looks for its machine, and reading a record is most of an answer. */
const REMEMBERED = 4096;
/** Addresses kept that no machine has: a hostile sender makes up new ones for ever. */
const UNKNOWN = 32_768;

export class Machines {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #clock: () => number;
  /** Told in the change of a machine: what else is kept of it. */
  keeper: MachineKeeper | undefined;
  /** Who has an address for a time; undefined: nobody. An address that somebody else has is no machine's to reserve. */
  leaseOf: (address: string) => LeaseHeld | undefined = () => undefined;
  /** Machines by the key of an index, as they are on disk. Forgotten whenever any of them changes. */
  readonly #remembered = new Map<string, Machine>();
  /** MAC and IP addresses that no machine has. Forgotten with the others, and when there are too many. */
  readonly #unknownMacs = new Set<string>();
  readonly #unknownAddresses = new Set<string>();

  constructor(store: Store, events: EventLog, clock: () => number) {
    this.#store = store;
    this.#events = events;
    this.#clock = clock;
  }

  /**
   * Adds hardware, or replaces that with the same id. All of them or none.
   * @param allow refuses, by throwing, to replace a machine as it is.
   * @throws TinsmithError INVALID_INPUT, CONFLICT (a MAC, address or name that another machine has)
   */
  async push(inputs: unknown[], allow: (before: Machine) => void = () => {}): Promise<Machine[]> {
    const parsed = inputs.map((input, i) => parseHardware(input, inputs.length > 1 ? `hardware [${i}]` : 'hardware'));
    refuseRepeated(parsed);
    return this.#store.change((transaction) => {
      const before = parsed.map(({ id }) => transaction.get<Machine>(keys.machine(id)));
      for (const machine of before) {
        if (!machine) continue;
        allow(machine);
        this.keeper?.mayChange(transaction, machine);
      }
      transaction.afterwards(() => this.#forget());
      // All are taken out before any is put in, so that an address can move from one of them to another.
      for (const machine of before) if (machine) for (const { key } of indexEntries(machine)) transaction.delete(key);
      return parsed.map((hardware, i) => this.#put(transaction, hardware, before[i]));
    });
  }

  /** Adds a machine of an id that no other has, in a change under way. @throws TinsmithError as `push` */
  add(transaction: Transaction, input: unknown): Machine {
    const hardware = parseHardware(input);
    transaction.afterwards(() => this.#forget());
    return this.#put(transaction, hardware, undefined);
  }

  /**
   * Gives a machine an interface without an address, in a change under way.
   * @throws TinsmithError INVALID_INPUT (it has too many), CONFLICT (nothing of it may be changed)
   */
  addInterface(transaction: Transaction, machine: Machine, mac: string): Machine {
    this.keeper?.mayChange(transaction, machine);
    const { hardware } = machine;
    const interfaces = [...hardware.network.interfaces, { dhcp: { mac } }];
    const more = parseHardware({ ...hardware, network: { ...hardware.network, interfaces } }, machine.name);
    transaction.afterwards(() => this.#forget());
    return this.#put(transaction, more, machine);
  }

  #put(transaction: Transaction, hardware: Hardware, before: Machine | undefined): Machine {
    const now = this.#clock();
    const machine: Machine = {
      id: hardware.id,
      name: nameOf(hardware),
      hardware,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    const entries = indexEntries(machine);
    for (const { key, field, value } of entries) {
      const owner = transaction.get<string>(key);
      if (owner !== undefined && owner !== machine.id) {
        const other = transaction.get<Machine>(keys.machine(owner));
        throw new TinsmithError(
          'CONFLICT',
          `${field} ${value} belongs to machine ${other?.name ?? owner} (${owner}) already.`,
          {
            next: 'Correct the hardware data, or delete the other machine first; nothing has been changed.',
            problems: [{ field, message: `${value} belongs to machine ${owner}` }],
          },
        );
      }
    }
    const [leased] = this.leasedToOthers(hardware, before);
    if (leased !== undefined) {
      throw new TinsmithError('CONFLICT', `${leased.field} ${leased.message}.`, {
        next: 'Give the machine another address, or wait for the lease to end; nothing has been changed.',
        problems: [leased],
      });
    }
    for (const { key } of entries) transaction.put(key, machine.id);
    transaction.put(keys.machine(machine.id), machine);
    this.#events.append(transaction, {
      kind: before ? 'machine.updated' : 'machine.added',
      machine: machine.id,
      data: { name: machine.name },
    });
    return machine;
  }

  /**
   * Addresses of hardware that somebody else has a lease of now.
   * @param before the machine as it is: what it has reserved already is its own
   */
  leasedToOthers(hardware: Hardware, before: Machine | undefined): Problem[] {
    const { interfaces } = hardware.network;
    const own = new Set(before?.hardware.network.interfaces.map(({ dhcp }) => dhcp.ip?.address));
    return interfaces.flatMap(({ dhcp: { ip } }, i) => {
      const lease = ip === undefined || own.has(ip.address) ? undefined : this.leaseOf(ip.address);
      if (ip === undefined || lease === undefined || interfaces.some(({ dhcp }) => dhcp.mac === lease.mac)) return [];
      const until = Number.isFinite(lease.until) ? `until ${new Date(lease.until).toISOString()}` : 'for ever';
      const message = `${ip.address} is leased to ${lease.mac} ${until}`;
      return [{ field: `network.interfaces[${i}].dhcp.ip.address`, message }];
    });
  }

  get(id: string): Machine | undefined {
    return this.#store.get<Machine>(keys.machine(id));
  }

  byMac(mac: string): Machine | undefined {
    // Most that ask are known to be unknown, and packets write it as it is kept.
    if (this.#unknownMacs.has(mac)) return undefined;
    return this.#known(normaliseMac(mac), keys.mac, this.#unknownMacs);
  }

  /** The machine of an id, or with a MAC address in lower case with colons, as it is in a change under way. */
  within(transaction: Transaction, by: { id: string } | { mac: string }): Machine | undefined {
    const id = 'id' in by ? by.id : transaction.get<string>(keys.mac(by.mac));
    return id === undefined ? undefined : transaction.get<Machine>(keys.machine(id));
  }

  byAddress(address: string): Machine | undefined {
    return this.#known(address, keys.address, this.#unknownAddresses);
  }

  /**
   * Finds a machine by id, name, MAC or IP address.
   * @throws TinsmithError NOT_FOUND
   */
  find(reference: string): Machine {
    const machine =
      this.get(reference.toLowerCase()) ??
      this.byMac(reference) ??
      (isIPv4(reference) ? this.byAddress(reference) : undefined) ??
      this.#through(keys.name(reference));
    if (machine) return machine;
    throw new TinsmithError('NOT_FOUND', `No machine has the id, name, MAC or IP address ${reference}.`, {
      next: 'See which there are: tinsmith machine list',
    });
  }

  async list(): Promise<Machine[]> {
    return this.#store.values<Machine>('machine/');
  }

  /**
   * @param allow refuses, by throwing, to delete the machine as it is.
   * @throws TinsmithError NOT_FOUND, CONFLICT while a workflow of the machine is active.
   */
  async delete(reference: string, allow: (before: Machine) => void = () => {}): Promise<Machine> {
    const { id } = this.find(reference);
    return this.#store.change((transaction) => {
      const machine = transaction.get<Machine>(keys.machine(id));
      if (!machine)
        throw new TinsmithError('NOT_FOUND', `Machine ${reference} has just been deleted.`, {
          next: 'See which there are: tinsmith machine list',
        });
      allow(machine);
      this.keeper?.mayChange(transaction, machine);
      const work = machineWork(transaction, id);
      if (work.queue.length > 0) {
        throw new TinsmithError('CONFLICT', `Machine ${machine.name} has active workflows: ${work.queue.join(', ')}.`, {
          next: 'Wait for them, or delete them first: tinsmith workflow delete ID',
        });
      }
      transaction.afterwards(() => this.#forget());
      for (const { key } of indexEntries(machine)) transaction.delete(key);
      transaction.delete(keys.machine(id));
      for (const kept of ['work', 'inventory', 'fingerprint', 'boot-stuck']) transaction.delete(`${kept}/${id}`);
      this.keeper?.deleted(transaction, machine);
      this.#events.append(transaction, { kind: 'machine.deleted', machine: id, data: { name: machine.name } });
      return machine;
    });
  }

  /** What there is for a machine to do, and what it has had done. */
  work(id: string): MachineWork {
    return machineWork(this.#store, id);
  }

  /** The system that a workflow installed has called home. */
  async heard(id: string): Promise<void> {
    await this.#store.change((transaction) => {
      const work = machineWork(transaction, id);
      // The first call is the one that counts: the system calls at every start.
      if (work.installed && work.installed.heardAt === undefined)
        transaction.put(`work/${id}`, { ...work, installed: { ...work.installed, heardAt: this.#clock() } });
      this.keeper?.calledHome(transaction, { id });
      this.#events.append(transaction, {
        kind: 'machine.called-home',
        machine: id,
        data: { installed: work.installed !== undefined },
      });
    });
  }

  /** What every packet of a boot asks: by far the most that ask are known to have been unknown a moment ago. */
  #known(address: string, keyOf: (address: string) => string, unknown: Set<string>): Machine | undefined {
    if (unknown.has(address)) return undefined;
    const machine = this.#through(keyOf(address));
    if (machine) return machine;
    if (unknown.size >= UNKNOWN) unknown.clear();
    unknown.add(address);
    return undefined;
  }

  #forget(): void {
    this.#remembered.clear();
    this.#unknownMacs.clear();
    this.#unknownAddresses.clear();
  }

  /** Only the known are remembered: a hostile sender makes up MAC addresses for ever. */
  #through(key: string): Machine | undefined {
    const remembered = this.#remembered.get(key);
    if (remembered) return remembered;
    const id = this.#store.get<string>(key);
    const machine = id === undefined ? undefined : this.get(id);
    if (!machine) return undefined;
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, machine);
    return machine;
  }
}

/** The MAC addresses of a machine, in the order of its interfaces. */
export function macsOf({ hardware }: Pick<Machine, 'hardware'>): string[] {
  return hardware.network.interfaces.map(({ dhcp }) => dhcp.mac);
}

/** The interface of a machine with this MAC address. */
export function interfaceOf(machine: Pick<Machine, 'hardware'>, mac: string): HardwareInterface | undefined {
  const wanted = normaliseMac(mac);
  return machine.hardware.network.interfaces.find(({ dhcp }) => dhcp.mac === wanted);
}

function refuseRepeated(parsed: readonly Hardware[]): void {
  parsed.forEach(({ id }, i) => {
    const first = parsed.findIndex((other) => other.id === id);
    if (first === i) return;
    throw new TinsmithError(
      'INVALID_INPUT',
      `hardware [${i}] is not usable: its id ${id} is also that of [${first}].`,
      {
        next: 'Give each machine an id of its own; nothing has been changed.',
        problems: [{ field: `[${i}].id`, message: `${id} is also that of [${first}]` }],
      },
    );
  });
}

function nameOf(hardware: Hardware): string {
  return hardware.network.interfaces.find(({ dhcp }) => dhcp.hostname)?.dhcp.hostname || hardware.id;
}

function indexEntries(machine: Machine): { key: string; field: string; value: string }[] {
  const entries = machine.hardware.network.interfaces.flatMap(({ dhcp }, i) => [
    { key: keys.mac(dhcp.mac), field: `network.interfaces[${i}].dhcp.mac`, value: dhcp.mac },
    ...(dhcp.ip
      ? [
          {
            key: keys.address(dhcp.ip.address),
            field: `network.interfaces[${i}].dhcp.ip.address`,
            value: dhcp.ip.address,
          },
        ]
      : []),
  ]);
  const named = machine.hardware.network.interfaces.findIndex(({ dhcp }) => dhcp.hostname);
  const field = named === -1 ? 'id' : `network.interfaces[${named}].dhcp.hostname`;
  return [...entries, { key: keys.name(machine.name), field, value: machine.name }];
}
