/** The networks that DHCP serves: the subnets that were described, and else those of the interfaces. */
import { amongOwn, type CameIn, type Network, type NetworkOf, ownNetworks } from '../boots/dhcp/index.ts';
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import { isWithin, type LeaseStore } from '../boots/leases/index.ts';
import type { Subnets } from '../boots/subnets/index.ts';
import type { Settings } from './settings.ts';

export interface ServedNetworks {
  /** How networks are served that nobody has described. */
  mode: Exclude<Settings['dhcp'], 'auto' | 'off'>;
  networkOf: NetworkOf;
  /** Whether port 4011 is to be bound: a network is in proxy mode now, here or behind a relay agent. */
  needsBootService: boolean;
  /** The network that an address is of: that of its lease, or else the nearest one. */
  networkAt(address: string): Network | undefined;
}

/** @throws TinsmithError INVALID_INPUT for ranges that cannot be */
export function servedNetworks(
  mode: ServedNetworks['mode'],
  { interfaces, ranges }: { interfaces: readonly InterfaceAddress[]; ranges: Settings['ranges'] },
  { leases, subnets }: { leases: LeaseStore; subnets: Subnets },
): ServedNetworks {
  const own = ownNetworks(interfaces, {
    ...{ mode, ranges },
    isDescribed: (from) => subnets.networkOf(direct(from)) !== undefined,
  });
  const amongInterfaces = amongOwn(own, mode);
  return {
    mode,
    needsBootService:
      mode === 'proxy' || subnets.list().some(({ subnet }) => subnet.mode === 'proxy' && subnet.enabled !== false),
    networkOf: (cameIn) => subnets.networkOf(cameIn, amongInterfaces),
    networkAt(address) {
      const lease = leases.leases.get(address);
      return (
        (lease && subnets.networkNamed(lease.network)) ??
        subnets.networksAt(address)[0] ??
        own.find((each) => isWithin(address, each))
      );
    },
  };
}

/** A request of a client on the network of an interface. */
export function direct(from: InterfaceAddress): CameIn {
  return {
    interface: from,
    giaddr: undefined,
    circuitId: undefined,
    remoteId: undefined,
    linkSelection: undefined,
    serverIdentifier: undefined,
  };
}
