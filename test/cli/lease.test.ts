/** `tinsmith lease …` */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeAppliance, tinsmith } from './fake-appliance.ts';

const LEASE = {
  address: '10.0.0.101',
  state: 'active',
  mac: '52:54:00:00:00:01',
  machine: 'node1',
  hostname: 'debian',
  network: '10.0.0.0/24',
  startedAt: '2026-01-02T03:04:05.000Z',
  renewedAt: '2026-01-02T03:04:05.000Z',
  endsAt: '2026-01-02T04:04:05.000Z',
};

describe('lease', () => {
  it('lists leases, those without an end too, and shows one', async (t) => {
    const { endsAt: _, ...forEver } = LEASE;
    const appliance = await fakeAppliance(t, {
      'GET /leases': () => ({ data: [LEASE, { ...forEver, address: '10.0.0.102' }] }),
      'GET /leases/10.0.0.101': () => ({ data: LEASE }),
    });
    const { out, code } = await tinsmith(appliance, ['lease', 'list', '--state', 'active', '-o', 'csv']);
    assert.equal(code, 0);
    assert.deepEqual(out.trim().split('\n').slice(1), [
      '10.0.0.101,active,52:54:00:00:00:01,node1,debian,10.0.0.0/24,2026-01-02T04:04:05.000Z',
      '10.0.0.102,active,52:54:00:00:00:01,node1,debian,10.0.0.0/24,never',
    ]);
    const shown = await tinsmith(appliance, ['lease', 'show', '10.0.0.101', '-o', 'json']);
    assert.deepEqual(JSON.parse(shown.out), { data: LEASE });
  });

  it('deletes each, and says which there was not', async (t) => {
    const appliance = await fakeAppliance(t, { 'DELETE /leases/10.0.0.101': () => ({ data: LEASE }) });
    const { code, out, err } = await tinsmith(appliance, ['lease', 'delete', '10.0.0.101', '10.0.0.9']);
    assert.equal(out, 'Deleted\t10.0.0.101\n');
    assert.match(err, /Error\t10\.0\.0\.9\tnot found/);
    assert.notEqual(code, 0);
  });
});
