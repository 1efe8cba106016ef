/** Subnets as the API shows them. */
import type { Network } from '../boots/dhcp/network.ts';
import { givenOptions, poolSize, type SubnetRecord } from '../boots/subnets/index.ts';
import type { Subnet } from './types.ts';

/** @param network as it is served; undefined: it is not any more */
export function presentSubnet({ subnet, createdAt, updatedAt }: SubnetRecord, network: Network | undefined): Subnet {
  return {
    name: subnet.name,
    object: subnet,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(network && (network.mode === 'pool' || network.mode === 'reservation') ? { gives: givenBy(network) } : {}),
  };
}

function givenBy(network: Network): NonNullable<Subnet['gives']> {
  return {
    addresses: poolSize(network),
    leases: { usual: network.leaseTime, shortest: network.shortestLease, longest: network.longestLease },
    options: givenOptions(network).map(({ code, name, shown, value }) => {
      return { code, name, value: shown, hex: value.toString('hex') };
    }),
  };
}
