/** What the command line of Tinkerbell 0.2 to 0.8 calls about hardware. */
import { once } from 'node:events';
import type { HardwareInterface } from '../../machines/hardware.ts';
import type { Machine } from '../../machines/machines.ts';
import type { HARDWARE_METHODS, Hardware } from './messages/hardware.ts';
import type { GrpcParts } from './parts.ts';
import type { Sendable } from './protobuf/message.ts';
import type { Caller, Handlers } from './protobuf/service.ts';
import { GrpcError } from './status.ts';

/** The calls of HardwareService. */
export function hardwareCalls(parts: GrpcParts): Handlers<typeof HARDWARE_METHODS> {
  const { machines } = parts;
  const found = (machine: Machine | undefined, what: string): Machine => {
    if (machine) return machine;
    throw new GrpcError('NOT_FOUND', `not found: no machine has ${what}`);
  };
  const watch = ({ id }: { id: string }, caller: Caller) =>
    changesOf(parts, found(machines.get(id), `the id ${id}`), caller);
  return {
    async Push({ data }) {
      if (!data?.id) throw new GrpcError('INVALID_ARGUMENT', `id must be set to a UUID, got id: ${data?.id ?? ''}`);
      await machines.push([toJson(data)]);
      return {};
    },
    async ByMAC({ mac }) {
      return present(found(machines.byMac(mac), `the MAC address ${mac}`));
    },
    async ByIP({ ip }) {
      return present(found(machines.byAddress(ip), `the IP address ${ip}`));
    },
    async ByID({ id }) {
      return present(found(machines.get(id.toLowerCase()), `the id ${id}`));
    },
    async *All() {
      for (const machine of await machines.list()) yield present(machine);
    },
    async Delete({ id }) {
      await machines.delete(found(machines.get(id.toLowerCase()), `the id ${id}`).id);
      return {};
    },
    DeprecatedWatch: watch,
    Watch: watch,
  };
}

/** The hardware at every change, until the caller goes. */
async function* changesOf(
  { events, machines }: GrpcParts,
  { id }: Machine,
  { signal }: Caller,
): AsyncGenerator<Sendable<Hardware>> {
  const gone = once(signal, 'abort').catch(() => undefined);
  let changed = Promise.withResolvers<void>();
  const stop = events.listen(({ kind, machine }) => {
    if (machine === id && kind.startsWith('machine.')) changed.resolve();
  });
  try {
    while (!signal.aborted) {
      await Promise.race([changed.promise, gone]);
      if (signal.aborted) return;
      changed = Promise.withResolvers<void>();
      const machine = machines.get(id);
      if (!machine) return;
      yield present(machine);
    }
  } finally {
    stop();
  }
}

/** The same hardware as a file would have it: what is zero on their wire was left out there. */
function toJson(data: Hardware): Record<string, unknown> {
  return {
    id: data.id,
    ...(data.version ? { version: data.version } : {}),
    metadata: data.metadata,
    network: {
      interfaces: (data.network?.interfaces ?? []).map(({ dhcp, netboot }) => ({
        dhcp: dhcp && { ...withoutZeros(dhcp), ...(dhcp.ip ? { ip: withoutZeros(dhcp.ip) } : {}) },
        // Allowed is what is said to be: to their server, nothing said was no.
        ...(netboot
          ? {
              netboot: {
                allow_pxe: netboot.allow_pxe,
                allow_workflow: netboot.allow_workflow,
                ...(netboot.ipxe ? { ipxe: withoutZeros(netboot.ipxe) } : {}),
                ...(netboot.osie ? { osie: withoutZeros(netboot.osie) } : {}),
              },
            }
          : {}),
      })),
    },
  };
}

function withoutZeros(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each && (!Array.isArray(each) || each.length > 0)),
  );
}

/** What their messages have no field for stays here. Not said is allowed, to us. */
function present({ hardware }: Machine): Sendable<Hardware> {
  return {
    id: hardware.id,
    version: hardware.version,
    metadata: hardware.metadata ? JSON.stringify(hardware.metadata) : '',
    network: { interfaces: hardware.network.interfaces.map(presentInterface) },
  };
}

function presentInterface({ dhcp, netboot }: HardwareInterface) {
  const { mac, hostname, lease_time, arch, uefi, iface_name, ip } = dhcp;
  return {
    dhcp: {
      ...{ mac, hostname, lease_time, arch, uefi, iface_name, ip },
      name_servers: dhcp.name_servers ?? [],
      time_servers: dhcp.time_servers ?? [],
    },
    netboot: netboot && {
      allow_pxe: netboot.allow_pxe !== false,
      allow_workflow: netboot.allow_workflow !== false,
      ipxe: netboot.ipxe,
      osie: netboot.osie,
    },
  };
}
