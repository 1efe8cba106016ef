import { sameSubnet } from '../../machines/hardware.ts';
import { isWithin } from '../leases/addresses.ts';
import type { CameIn, Network, NetworkOf } from './network.ts';
import { NO_ADDRESS } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** A network interface that is served, with the address that is our server identifier there. */
export interface DhcpInterface {
  name: string;
  address: string;
  netmask: string;
}

/** What decides where a client is. */
export interface Surroundings {
  interfaces: readonly DhcpInterface[];
  /** The network of a request. */
  networkOf: NetworkOf;
  /**
   * The network that an address is of: a client that renews speaks to us itself, though it may be behind a relay agent
   * (RFC 2131 section 4.3.2). Without it that of the interface is taken.
   */
  networkAt?(address: string): Network | undefined;
}

/** Of which network a packet is, and whether an address is of where it came from. Reading changes nothing. */
export class Whereabouts {
  readonly #surroundings: Surroundings;
  /** The interface that packets come in on. */
  readonly #from: DhcpInterface;

  constructor(surroundings: Surroundings, from: DhcpInterface) {
    this.#surroundings = surroundings;
    this.#from = from;
  }

  readonly isOurs = (address: string): boolean => this.#surroundings.interfaces.some((own) => own.address === address);

  /**
   * A client that renews its address is of the network of that, by whatever way the packet came; but not if that network
   * is at another of our interfaces: then it was plugged in elsewhere, and must ask anew.
   */
  networkOf({ ciaddr, giaddr }: DhcpPacket, cameIn: CameIn): Network | undefined {
    const { networkOf, networkAt } = this.#surroundings;
    if (ciaddr === NO_ADDRESS || giaddr !== NO_ADDRESS) return networkOf(cameIn);
    const isOfOther = this.#at(ciaddr).some(({ name }) => name !== this.#from.name);
    return (isOfOther ? undefined : networkAt?.(ciaddr)) ?? networkOf(cameIn);
  }

  /**
   * Name of the interface whose network an address is of, where the client is known to be at another.
   * @param network that of the packet
   */
  elsewhere(address: string, { giaddr, ciaddr }: DhcpPacket, network: Network | undefined): string | undefined {
    // Behind a relay agent whose network nobody has described it may be anywhere.
    if (network === undefined ? giaddr !== NO_ADDRESS : isWithin(address, network)) return undefined;
    if (ciaddr === address) return undefined;
    const at = this.#at(address);
    const isThere = at.some(({ name, address: own, netmask }) =>
      giaddr === NO_ADDRESS ? name === this.#from.name : sameSubnet(own, giaddr, netmask),
    );
    return isThere ? undefined : at[0]?.name;
  }

  /** The interfaces whose network an address is of. */
  #at(address: string): DhcpInterface[] {
    return this.#surroundings.interfaces.filter((each) => sameSubnet(each.address, address, each.netmask));
  }
}
