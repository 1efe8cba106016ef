/** The machines as they will be, before they are. */
import { isIPv4 } from 'node:net';
import { type Problem, TinsmithError } from '../errors.ts';
import type { Hardware } from '../machines/hardware.ts';
import { normaliseMac } from '../machines/hardware.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import type { HardwareManifest } from './manifest.ts';

/** Finds machines by id, name, MAC or IP address. */
export type Finder = Pick<Machines, 'find'>;

/** The machines that there are, with those of manifests in place of the ones with the same ids. */
export class MachinesToBe implements Finder {
  readonly #stored: Pick<Machines, 'find' | 'byMac' | 'byAddress'>;
  readonly #byReference = new Map<string, Machine>();
  readonly #ids = new Set<string>();

  /** @param now ms since 1970 */
  constructor(
    stored: Pick<Machines, 'find' | 'byMac' | 'byAddress'>,
    manifests: readonly HardwareManifest[],
    now: number,
  ) {
    this.#stored = stored;
    for (const { hardware } of manifests) {
      const machine = { id: hardware.id, name: nameOf(hardware), hardware, createdAt: now, updatedAt: now };
      this.#ids.add(hardware.id);
      for (const reference of [hardware.id, ...namesOf(hardware).map(({ value }) => value)]) {
        if (!this.#byReference.has(reference)) this.#byReference.set(reference, machine);
      }
    }
  }

  /** @throws TinsmithError NOT_FOUND */
  find(reference: string): Machine {
    const found = this.#byReference.get(normaliseMac(reference)) ?? this.#byReference.get(reference.toLowerCase());
    if (found !== undefined) return found;
    const machine = this.#stored.find(reference);
    if (!this.#ids.has(machine.id)) return machine;
    throw new TinsmithError('NOT_FOUND', `No machine has the id, name, MAC or IP address ${reference} any more.`, {
      next: 'Name it as the documents do.',
    });
  }

  /** What two machines would both be known by. */
  conflicts(manifests: readonly HardwareManifest[]): Problem[] {
    const taken = new Map<string, string>();
    return manifests.flatMap(({ hardware, line }) =>
      namesOf(hardware).flatMap(({ what, value }) => {
        const other = taken.get(value) ?? this.#ownerOf(what, value);
        if (other === undefined || other === hardware.id) {
          taken.set(value, hardware.id);
          return [];
        }
        return [{ field: what, message: `${what} ${value} belongs to machine ${other} already`, line, column: 1 }];
      }),
    );
  }

  /** The machine that stays as it is and has this already. */
  #ownerOf(what: Name['what'], value: string): string | undefined {
    const owner = this.#lookUp(what, value);
    return owner === undefined || this.#ids.has(owner.id) ? undefined : owner.id;
  }

  #lookUp(what: Name['what'], value: string): Machine | undefined {
    if (what === 'MAC address') return this.#stored.byMac(value);
    if (what === 'IP address') return this.#stored.byAddress(value);
    try {
      const found = this.#stored.find(value);
      return found.name.toLowerCase() === value ? found : undefined;
    } catch {
      return undefined;
    }
  }
}

interface Name {
  what: 'MAC address' | 'IP address' | 'name';
  /** In lower case. */
  value: string;
}

function namesOf(hardware: Hardware): Name[] {
  const name = nameOf(hardware);
  return [
    ...hardware.network.interfaces.flatMap(({ dhcp: { mac, ip } }): Name[] => [
      { what: 'MAC address', value: mac },
      ...(ip !== undefined && isIPv4(ip.address) ? [{ what: 'IP address', value: ip.address } as const] : []),
    ]),
    { what: 'name', value: name.toLowerCase() },
  ];
}

/** As the machines themselves are named. */
function nameOf(hardware: Hardware): string {
  return hardware.network.interfaces.find(({ dhcp }) => dhcp.hostname)?.dhcp.hostname || hardware.id;
}
