/** Which callers are believed to be a machine. Tinkerbell's workers have no secret to show: their address must do. Pure. */
import { interfaceOf, type Machine } from '../../machines/machines.ts';

/** `hardware`: the address must be the machine's. `any`: whoever calls is believed, as Tinkerbell does. */
export type Trust = 'hardware' | 'any';

/**
 * Why a caller cannot be the worker of a machine, or undefined when it can. On a network of ours the kernel knows whose
 * the address is; behind a router, it must be one that the hardware data names.
 * @param neighbour MAC address behind an IP address, as the kernel knows it
 */
export function stranger(
  machine: Pick<Machine, 'name' | 'hardware'>,
  address: string,
  trust: Trust,
  neighbour: (address: string) => string | undefined,
): string | undefined {
  if (trust === 'any') return undefined;
  const mac = neighbour(address);
  if (mac !== undefined && interfaceOf(machine, mac)) return undefined;
  const whose = mac === undefined ? '' : `, but that of ${mac}`;
  const named = machine.hardware.network.interfaces.some(({ dhcp }) => dhcp.ip?.address === address);
  if (named && mac === undefined) return undefined;
  return `${address} is not an address of machine ${machine.name}${whose}`;
}
