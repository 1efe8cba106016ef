/** Whether an address is in use, asked of computers that we did not write. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConflictLine, ConflictSetting } from './conflict-prober.ts';
import { needTools, TestNetwork } from './dhcp-network.ts';

const MAC = '52:54:00:e3:00:01';
const USED = '10.77.1.119';
const OWN = { address: '10.77.1.1', netmask: '255.255.255.0' };

describe('an address that is probed', () => {
  it('is in use at that interface only where somebody has it', async (t) => {
    needTools({ ip: 'iproute2' });
    const network = new TestNetwork();
    t.after(() => network.remove());
    network.add('s', 'a', 'b');
    // Two racks with the same addresses, and a name with a dot as VLANs have it.
    network.cable({ in: 's', device: 'eth0', address: '10.77.1.1/24' }, { in: 'a', device: 'eth0' });
    network.cable(
      { in: 's', device: 'eth0.10', address: '10.77.1.1/24' },
      { in: 'b', device: 'eth0', mac: MAC, address: `${USED}/24` },
    );
    const from = ['eth0', 'eth0.10'].map((name) => ({ name, ...OWN }));
    const prober = network.start<ConflictLine>('s', 'conflict-prober.ts', {
      address: USED,
      from,
    } satisfies ConflictSetting);
    const [first, second] = await Promise.all(
      ['eth0', 'eth0.10'].map((name) => prober.told((line) => line.interface === name)),
    );
    assert.deepEqual([first?.user, second?.user], [null, MAC]);
  });
});
