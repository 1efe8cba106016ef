/** Whether a request comes from the machine that it is about: firmware and installers have no token to show. */
import { interfaceOf, type Machine, type Machines } from '../machines/machines.ts';
import type { Trace } from './trace.ts';

/** A machine that had no answer from DHCP for so long is not booting now. */
const BOOT_WINDOW_MS = 30 * 60_000;

/** What tells who is behind an address. */
export interface Network {
  trace: Trace;
  /** MAC address behind an IP address on a network of ours, as the kernel knows it. */
  neighbour(address: string): string | undefined;
}

/**
 * Why a request cannot come from this machine, or undefined when it can. On our own networks the kernel knows whose an
 * address is; behind a router, the address that we reserve tells, or that DHCP has just answered the machine.
 */
export function notThisMachine(
  { trace, neighbour }: Network,
  machine: Machine,
  mac: string,
  remote: string,
): string | undefined {
  const behind = neighbour(remote);
  if (behind !== undefined) return isOneOf(machine, behind) ? undefined : `${remote} is the address of ${behind}`;
  const reserved = interfaceOf(machine, mac)?.dhcp.ip?.address;
  return reserved === remote ? undefined : notAnsweredLately(trace, mac, remote);
}

/** The same of a machine that nobody knows: all that there is of it is the MAC address that it boots with. */
export function notThisCard({ trace, neighbour }: Network, mac: string, remote: string): string | undefined {
  const behind = neighbour(remote);
  if (behind !== undefined) return behind === mac ? undefined : `${remote} is the address of ${behind}`;
  return notAnsweredLately(trace, mac, remote);
}

function notAnsweredLately(trace: Trace, mac: string, remote: string): string | undefined {
  const answer = trace.lastAnswer(mac, BOOT_WINDOW_MS);
  if (!answer) return `${remote} is not its address, and it has not asked DHCP for one lately`;
  // Beside a router's DHCP (ProxyDHCP) the address is not ours to know.
  const given = answer.details.address;
  return given === undefined || given === remote ? undefined : `it was given ${given}, and ${remote} asks`;
}

/** The same of a request that does not say which interface it came from: any of the machine's may have been it. */
export function notOfMachine(network: Network, machine: Machine, remote: string): string | undefined {
  const why = machine.hardware.network.interfaces.map(({ dhcp }) => notThisMachine(network, machine, dhcp.mac, remote));
  return why.includes(undefined) ? undefined : why[0];
}

/** Whether the machine has an interface with this address. */
export function isOneOf(machine: Machine, mac: string | undefined): boolean {
  return mac !== undefined && interfaceOf(machine, mac) !== undefined;
}

/** MAC address that a request came from, as far as that is known; empty: it is not. */
export function macBehind({ neighbour }: Pick<Network, 'neighbour'>, machines: Machines, remote: string): string {
  const own = machines.byAddress(remote)?.hardware.network.interfaces.find(({ dhcp }) => dhcp.ip?.address === remote);
  return own?.dhcp.mac ?? neighbour(remote) ?? '';
}
