/** The network interfaces that are served: those named, or all that lead to a network of machines. */
import type { InterfaceAddress } from '../boots/interface-addresses.ts';
import { TinsmithError } from '../errors.ts';
import { sameSubnet } from '../machines/hardware.ts';

/** Bridges and cables of containers and virtual machines on this box: nobody plugs a computer in there. */
const INTERNAL = /^(lo$|docker\d|br-[0-9a-f]{12}$|veth|virbr|cni|flannel|cali|tailscale|wg|tun|podman)/;

/**
 * The interfaces to serve.
 * @param wanted names given; empty for all that fit.
 * @throws TinsmithError INVALID_INPUT naming an interface that is not there or has no IPv4 address.
 */
export function servedInterfaces(all: readonly InterfaceAddress[], wanted: readonly string[]): InterfaceAddress[] {
  if (wanted.length === 0) return all.filter(({ name }) => !INTERNAL.test(name));
  return [...new Set(wanted)].map((name) => {
    const found = all.find((each) => each.name === name);
    if (found) return found;
    throw new TinsmithError('INVALID_INPUT', `The interface ${name} is not there, is down, or has no IPv4 address.`, {
      next: `Interfaces with an address: ${all.map((each) => `${each.name} (${each.address})`).join(', ') || 'none'}.`,
      problems: [{ field: 'interface', message: `${name} has no IPv4 address` }],
    });
  });
}

/** The interface on whose network an address lies, or else the first. */
export function interfaceTowards(
  interfaces: readonly InterfaceAddress[],
  address: string | undefined,
): InterfaceAddress | undefined {
  return (
    interfaces.find((each) => address !== undefined && sameSubnet(each.address, address, each.netmask)) ?? interfaces[0]
  );
}
