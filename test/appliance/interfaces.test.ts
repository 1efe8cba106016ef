/** Which interfaces are served. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { servedInterfaces } from '../../src/appliance/interfaces.ts';

const named = (...names: string[]) => names.map((name) => ({ name, address: '10.0.0.1', netmask: '255.255.255.0' }));
const OUTWARD = ['eth0', 'eth0.10', 'vlan20', 'bond0.30', 'br0', 'lom1', 'wlan@home'];
const INWARD = ['lo', 'docker0', 'br-0123456789ab', 'veth12ab', 'virbr0', 'tailscale0', 'wg0', 'tun0'];

describe('the interfaces that are served', () => {
  it('are all that lead to a network of machines, VLANs and bridges among them', () => {
    const served = servedInterfaces(named(...OUTWARD, ...INWARD), []);
    assert.deepEqual(
      served.map(({ name }) => name),
      OUTWARD,
    );
  });

  it('are those that were named, and no others that begin or end like them', () => {
    const all = named('eth0', 'eth0.10', 'docker0');
    assert.deepEqual(servedInterfaces(all, ['eth0.10', 'docker0', 'eth0.10']), named('eth0.10', 'docker0'));
    for (const name of ['eth0.1', 'eth0:10', 'eth0.10@eth0'])
      assert.throws(() => servedInterfaces(all, [name]), {
        code: 'INVALID_INPUT',
        message: `The interface ${name} is not there, is down, or has no IPv4 address.`,
        next: 'Interfaces with an address: eth0 (10.0.0.1), eth0.10 (10.0.0.1), docker0 (10.0.0.1).',
      });
  });
});
