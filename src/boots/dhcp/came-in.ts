import type { CameIn } from './network.ts';
import { addressAt, NO_ADDRESS, Option, readAddress, readSubOptions } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** Sub-options of option 82: RFC 3046, RFC 3527, RFC 5107. */
const AgentSubOption = { CIRCUIT_ID: 1, REMOTE_ID: 2, LINK_SELECTION: 5, SERVER_IDENTIFIER_OVERRIDE: 11 } as const;

/**
 * Where a request came in. A relay agent's link selection counts before the client's own subnet selection (option 118,
 * RFC 3011), and that only where a relay agent passed it on: anybody on a network could ask for addresses of the others.
 * Nor is option 82 a relay agent's word on these without giaddr, which whoever selects a link or wants another server
 * identifier sets (RFC 3527 section 3, RFC 5107 section 4), also when it passes on a renewal. Circuit and remote id are added
 * by switches too, which set no giaddr.
 */
export function cameInOf(packet: DhcpPacket, from: CameIn['interface']): CameIn {
  const giaddr = packet.giaddr === NO_ADDRESS ? undefined : packet.giaddr;
  const bare: CameIn = {
    interface: from,
    giaddr,
    circuitId: undefined,
    remoteId: undefined,
    linkSelection: giaddr && readAddress(packet.options, Option.SUBNET_SELECTION),
    serverIdentifier: undefined,
  };
  if (!packet.options.has(Option.RELAY_AGENT_INFORMATION)) return bare;
  const agent = readSubOptions(packet.options, Option.RELAY_AGENT_INFORMATION);
  const addressIn = (code: number): string | undefined => {
    const value = giaddr === undefined ? undefined : agent.get(code);
    const text = value?.length === 4 ? addressAt(value, 0) : undefined;
    return text === NO_ADDRESS ? undefined : text;
  };
  return {
    ...bare,
    circuitId: agent.get(AgentSubOption.CIRCUIT_ID),
    remoteId: agent.get(AgentSubOption.REMOTE_ID),
    linkSelection: addressIn(AgentSubOption.LINK_SELECTION) ?? bare.linkSelection,
    serverIdentifier: addressIn(AgentSubOption.SERVER_IDENTIFIER_OVERRIDE),
  };
}
