/** What DHCP would answer to a packet, without one having come: nothing is sent, kept or noted. */
import { type DhcpMode, type DhcpPacket, type Outcome, respond } from '../boots/dhcp/index.ts';
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import { interfaceOf, type Machines } from '../machines/machines.ts';
import type { DhcpContexts } from './dhcp-contexts.ts';
import { interfaceTowards } from './interfaces.ts';

export function dhcpPreview(
  mode: DhcpMode,
  interfaces: readonly InterfaceAddress[],
  machines: Pick<Machines, 'byMac'>,
  contexts: DhcpContexts,
): (packet: DhcpPacket) => Outcome | undefined {
  return (packet) => {
    const machine = machines.byMac(packet.chaddr);
    // The interface that it would come in on is the one towards its address, or else the first.
    const on = interfaceTowards(interfaces, machine && interfaceOf(machine, packet.chaddr)?.dhcp.ip?.address);
    if (on === undefined) return undefined;
    const { address, netmask } = on;
    return respond(packet, { ...contexts.of(packet, on), mode, port: 67, server: { address, netmask } });
  };
}
