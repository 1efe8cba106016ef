/** What DHCP would answer to a packet, without one having come: nothing is sent, kept or noted. */
import { type DhcpPacket, type Outcome, respond } from '../boots/dhcp/index.ts';
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import type { LeaseStore } from '../boots/leases/index.ts';
import { interfaceOf, type Machines } from '../machines/machines.ts';
import type { DhcpContexts } from './dhcp-contexts.ts';
import { interfaceTowards } from './interfaces.ts';
import { direct, type ServedNetworks } from './networks.ts';

export function dhcpPreview(
  { networkOf }: Pick<ServedNetworks, 'networkOf'>,
  interfaces: readonly InterfaceAddress[],
  { machines, contexts, leases }: { machines: Pick<Machines, 'byMac'>; contexts: DhcpContexts; leases: LeaseStore },
): (packet: DhcpPacket) => Outcome | undefined {
  const isOurs = (address: string): boolean => interfaces.some((own) => own.address === address);
  return (packet) => {
    const machine = machines.byMac(packet.chaddr);
    // The interface that it would come in on is the one towards its address, or else the first.
    const on = interfaceTowards(interfaces, machine && interfaceOf(machine, packet.chaddr)?.dhcp.ip?.address);
    if (on === undefined) return undefined;
    const { address, netmask } = on;
    const network = networkOf(direct(on));
    const client = contexts.of(packet, on);
    return respond(packet, {
      ...client,
      boot: (firmware) => client.boot(firmware, network?.mode),
      ...{ network, port: 67, server: { address, netmask, identifier: undefined } },
      isOurs,
      leases: network && leases.of(packet.chaddr, network),
    });
  };
}
