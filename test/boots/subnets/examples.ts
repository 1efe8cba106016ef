/** Subnets and requests for tests. */
import assert from 'node:assert/strict';
import type { CameIn } from '../../../src/boots/dhcp/network.ts';
import { type Parsed, parsed } from '../../../src/boots/subnets/parsed.ts';
import { readSubnet } from '../../../src/boots/subnets/reading.ts';
import type { Subnet } from '../../../src/boots/subnets/subnet.ts';

export const LAB = {
  name: 'lab',
  network: '192.168.1.0/24',
  ranges: ['192.168.1.100-192.168.1.199'],
  routers: ['192.168.1.1'],
  dns: ['1.1.1.1', '9.9.9.9'],
};

/** A subnet that must be right. */
export function read(input: unknown): Subnet {
  const { subnet, problems } = readSubnet(input);
  assert.deepEqual(problems, []);
  assert.ok(subnet);
  return subnet;
}

export function parsedOf(input: object): Parsed {
  return parsed(read(input));
}

/** Problems of a subnet as `field: message`. */
export function wrong(input: unknown): string[] {
  return readSubnet(input).problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** A request that came in on eth0, 192.168.1.1/24, unless it says otherwise. */
export function cameIn(more: Partial<CameIn> = {}): CameIn {
  return {
    interface: { name: 'eth0', address: '192.168.1.1', netmask: '255.255.255.0' },
    giaddr: undefined,
    circuitId: undefined,
    remoteId: undefined,
    linkSelection: undefined,
    serverIdentifier: undefined,
    ...more,
  };
}
