/** Which networks are served, and whether one of them needs the boot service on port 4011. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { servedNetworks } from '../../src/appliance/networks.ts';
import { LeaseStore } from '../../src/boots/leases/index.ts';
import { Subnets } from '../../src/boots/subnets/index.ts';
import { Machines } from '../../src/machines/machines.ts';
import { EventLog } from '../../src/store/index.ts';
import { opened } from '../store/opened.ts';

const ETH0 = { name: 'eth0', address: '10.77.0.1', netmask: '255.255.255.0' };

describe('port 4011', () => {
  it('is needed in proxy mode, and for a subnet in proxy mode, behind a relay agent too', async (t) => {
    const store = await opened(t);
    const clock = (): number => 0;
    const events = await EventLog.open(store, clock);
    const machines = new Machines(store, events, clock);
    const interfaces = [ETH0];
    const subnets = new Subnets({ store, events, clock, machines, interfaces });
    const leases = await LeaseStore.open(store, { reservedFor: () => undefined, isOurs: () => false }, clock);
    const isNeeded = (mode: 'proxy' | 'reservation'): boolean =>
      servedNetworks(mode, { interfaces, ranges: [] }, { leases, subnets }).needsBootService;
    assert.deepEqual([isNeeded('proxy'), isNeeded('reservation')], [true, false]);
    for (const network of ['10.77.0.0/24', '10.88.0.0/24']) {
      await subnets.putAll([{ name: 'lab', network, mode: 'proxy' }]);
      assert.equal(isNeeded('reservation'), true, network);
      await subnets.update('lab', { enabled: false }, () => {});
      assert.equal(isNeeded('reservation'), false, network);
      await subnets.update('lab', { enabled: true, mode: 'reservation' }, () => {});
      assert.equal(isNeeded('reservation'), false, network);
    }
  });
});
