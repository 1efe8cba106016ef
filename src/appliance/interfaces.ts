/** The network interfaces that are served: those named, or all that lead to a network of machines. */
import type { NetworkInterfaceInfo } from 'node:os';
import { TinsmithError } from '../errors.ts';
import { sameSubnet } from '../machines/hardware.ts';

export interface ServedInterface {
  name: string;
  address: string;
  netmask: string;
}

/** Bridges and cables of containers and virtual machines on this box: nobody plugs a computer in there. */
const INTERNAL = /^(lo|docker\d|br-[0-9a-f]{12}$|veth|virbr|cni|flannel|cali|tailscale|wg|tun|podman)/;

/**
 * The interfaces to serve, each with its first IPv4 address.
 * @param wanted names given; empty for all that fit.
 * @throws TinsmithError INVALID_INPUT naming an interface that is not there or has no IPv4 address.
 */
export function servedInterfaces(
  all: NodeJS.Dict<NetworkInterfaceInfo[]>,
  wanted: readonly string[],
): ServedInterface[] {
  const withAddress = Object.entries(all).flatMap(([name, addresses]) => {
    const ipv4 = addresses?.find(({ family }) => family === 'IPv4');
    return ipv4 ? [{ name, address: ipv4.address, netmask: ipv4.netmask }] : [];
  });
  if (wanted.length === 0) return withAddress.filter(({ name }) => !INTERNAL.test(name));
  return wanted.map((name) => {
    const found = withAddress.find((each) => each.name === name);
    if (found) return found;
    throw new TinsmithError('INVALID_INPUT', `The interface ${name} is not there, is down, or has no IPv4 address.`, {
      next: `Interfaces with an address: ${withAddress.map((each) => `${each.name} (${each.address})`).join(', ') || 'none'}.`,
      problems: [{ field: 'interface', message: `${name} has no IPv4 address` }],
    });
  });
}

/** The interface on whose network an address lies, or else the first. */
export function interfaceTowards(
  interfaces: readonly ServedInterface[],
  address: string | undefined,
): ServedInterface | undefined {
  return (
    interfaces.find((each) => address !== undefined && sameSubnet(each.address, address, each.netmask)) ?? interfaces[0]
  );
}
