/** `/api/v1/leases` */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { network } from '../boots/dhcp/requests.ts';
import { hardware, macOf } from '../machines/examples.ts';
import { running } from './running.ts';

const pool = network('pool', { ranges: [{ first: '10.77.0.8', last: '10.77.0.12' }] });

describe('leases over the API', () => {
  it('are listed in the order of their addresses, shown and deleted', async (t) => {
    const { call, services } = await running(t);
    const { leases, machines } = services;
    await machines.push([hardware(1)]);
    await leases.keep({ mac: macOf(1), hostname: 'own-name' }, pool, '10.77.0.10', 600);
    await leases.keep({ mac: macOf(2), hostname: undefined }, pool, '10.77.0.9', 0xffffffff);
    await leases.release(macOf(2), '10.77.0.9');
    leases.foundInUse('10.77.0.11', macOf(3));
    const all = await call('GET', '/api/v1/leases');
    assert.deepEqual(
      all.json.data.map(({ address, state, mac }: Record<string, string>) => [address, state, mac]),
      [
        ['10.77.0.9', 'released', macOf(2)],
        ['10.77.0.10', 'active', macOf(1)],
        ['10.77.0.11', 'quarantined', macOf(3)],
      ],
    );
    const one = await call('GET', '/api/v1/leases/10.77.0.10');
    assert.deepEqual(
      [one.json.data.machine, one.json.data.hostname, one.json.data.network],
      [machines.byMac(macOf(1))?.name, 'own-name', 'lab'],
    );
    const some = await call('GET', `/api/v1/leases?state=active&mac=${macOf(1).toUpperCase()}&network=lab`);
    assert.equal(some.json.data.length, 1);
    const page = await call('GET', '/api/v1/leases?limit=2');
    assert.equal(
      (await call('GET', `/api/v1/leases?limit=2&after=${page.json.next}`)).json.data[0].address,
      '10.77.0.11',
    );
    for (const address of ['10.77.0.10', '10.77.0.11']) {
      assert.equal((await call('DELETE', `/api/v1/leases/${address}`)).status, 200);
      const gone = await call('GET', `/api/v1/leases/${address}`);
      assert.deepEqual([gone.status, gone.json.code], [404, 'NOT_FOUND']);
    }
    assert.equal((await call('DELETE', '/api/v1/leases/10.77.0.10')).status, 404);
    assert.equal((await call('GET', '/api/v1/leases?state=odd')).status, 422);
  });

  it('cannot become reservations of others while they last', async (t) => {
    const { call, services } = await running(t);
    await services.leases.keep({ mac: macOf(9), hostname: undefined }, pool, '10.77.0.10', 600);
    const push = (n: number) => call('POST', '/api/v1/machines', { body: hardware(n, { ip: '10.77.0.10' }) });
    const refused = await push(1);
    assert.deepEqual([refused.status, refused.json.code], [409, 'CONFLICT']);
    assert.deepEqual(refused.json.problems, [
      {
        field: 'network.interfaces[0].dhcp.ip.address',
        message: `10.77.0.10 is leased to ${macOf(9)} until ${new Date(services.clock() + 600_000).toISOString()}`,
      },
    ]);
    assert.equal((await push(9)).status, 201, 'it is its own');
    assert.equal((await push(9)).status, 201);
  });
});
