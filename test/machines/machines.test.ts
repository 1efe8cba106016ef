/** The machines: pushed, found, moved about, deleted; and indexes that never disagree with the records. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { type Machine, Machines } from '../../src/machines/machines.ts';
import { EventLog } from '../../src/store/index.ts';
import { opened } from '../store/opened.ts';
import { FULL, hardware, idOf, macOf } from './examples.ts';

async function made(t: TestContext) {
  const store = await opened(t);
  let now = 1000;
  const events = await EventLog.open(store, () => now);
  const machines = new Machines(store, events, () => now);
  const later = (ms: number): void => {
    now += ms;
  };
  return { store, events, machines, later };
}

describe('machines', () => {
  it('are found by id, name, MAC and IP address, whatever the case', async (t) => {
    const { machines } = await made(t);
    await machines.push([FULL]);
    for (const reference of [
      FULL.id,
      FULL.id.toLowerCase(),
      'SERVER001',
      '08-00-27-AA-BB-01',
      '08:00:27:aa:bb:02',
      '10.1.1.2',
    ])
      assert.equal(machines.find(reference).id, FULL.id.toLowerCase(), reference);
    assert.equal(machines.byAddress('192.168.1.5')?.name, 'server001');
    for (const reference of ['', 'server', '10.1.1.3', '08:00:27:aa:bb:03', 'machine/', '../x'])
      assert.throws(() => machines.find(reference), { code: 'NOT_FOUND' }, reference);
  });

  it('pushed with the same id again are replaced', async (t) => {
    const { machines, later } = await made(t);
    await machines.push([hardware(1, { hostname: 'old', ip: '10.0.0.1' })]);
    later(5);
    const [updated] = await machines.push([hardware(1, { hostname: 'new', mac: macOf(9) })]);
    assert.deepEqual([updated?.createdAt, updated?.updatedAt], [1000, 1005]);
    assert.equal((await machines.list()).length, 1);
    assert.equal(machines.find('new').id, idOf(1));
    for (const gone of ['old', macOf(1), '10.0.0.1']) assert.throws(() => machines.find(gone), { code: 'NOT_FOUND' });
  });

  it('looked for before a change are found as they are after it', async (t) => {
    const { machines } = await made(t);
    await machines.push([hardware(1, { ip: '10.0.0.1' }), hardware(2, { ip: '10.0.0.2' })]);
    assert.equal(machines.byMac(macOf(1))?.name, idOf(1));
    assert.equal(machines.byAddress('10.0.0.2')?.id, idOf(2));
    await machines.push([hardware(1, { ip: '10.0.0.1', hostname: 'one' })]);
    assert.equal(machines.byMac(macOf(1))?.name, 'one');
    await machines.delete(idOf(2));
    assert.equal(machines.byAddress('10.0.0.2'), undefined);
    assert.equal(machines.byMac(macOf(2)), undefined);
    await machines.push([hardware(3, { ip: '10.0.0.2' })]);
    assert.equal(machines.byAddress('10.0.0.2')?.id, idOf(3));
  });

  it('without a host name go by their id', async (t) => {
    const { machines } = await made(t);
    const [machine] = await machines.push([hardware(1)]);
    assert.equal(machine?.name, idOf(1));
  });

  for (const [field, first, second] of [
    ['network.interfaces[0].dhcp.mac', { mac: macOf(7) }, { mac: macOf(7).toUpperCase() }],
    ['network.interfaces[0].dhcp.ip.address', { ip: '10.0.0.7' }, { ip: '10.0.0.7' }],
    ['network.interfaces[0].dhcp.hostname', { hostname: 'seven' }, { hostname: 'SEVEN' }],
  ] as const) {
    it(`with one ${field} between two of them are refused, in one push and in two`, async (t) => {
      const { machines, events } = await made(t);
      const conflict = {
        code: 'CONFLICT',
        message: new RegExp(`${field.replace(/[[\].]/g, '\\$&')} .* belongs to machine .*${idOf(1)}`),
      };
      await assert.rejects(machines.push([hardware(1, first), hardware(2, second)]), conflict);
      assert.deepEqual(await machines.list(), [], 'all of them or none');
      await machines.push([hardware(1, first)]);
      const { last } = events;
      await assert.rejects(machines.push([hardware(2, second)]), (error: { problems: { field: string }[] }) => {
        assert.deepEqual(
          error.problems.map((problem) => problem.field),
          [field],
        );
        return true;
      });
      assert.equal((await machines.list()).length, 1);
      assert.ok(events.last >= last);
    });
  }

  it('swap and pass on their addresses in one push', async (t) => {
    const { machines } = await made(t);
    await machines.push([hardware(1, { ip: '10.0.0.1' }), hardware(2, { ip: '10.0.0.2' })]);
    await machines.push([
      hardware(1, { mac: macOf(2), ip: '10.0.0.2' }),
      hardware(2, { mac: macOf(1), ip: '10.0.0.1' }),
    ]);
    assert.equal(machines.find(macOf(2)).id, idOf(1));
    assert.equal(machines.find('10.0.0.1').id, idOf(2));
    await assert.rejects(machines.push([hardware(1, { mac: macOf(1), ip: '10.0.0.2' })]), { code: 'CONFLICT' });
  });

  it('given twice in one push are refused', async (t) => {
    const { machines } = await made(t);
    await assert.rejects(machines.push([hardware(1), hardware(2), hardware(1)]), {
      code: 'INVALID_INPUT',
      message: /hardware \[2\] .* is also that of \[0\]/,
    });
  });

  it('with an active workflow are not deleted', async (t) => {
    const { machines, store } = await made(t);
    await machines.push([hardware(1, { hostname: 'one' })]);
    await store.change((transaction) => transaction.put(`work/${idOf(1)}`, { queue: ['w1', 'w2'], ended: 0 }));
    await assert.rejects(machines.delete('one'), { code: 'CONFLICT', message: /one has active workflows: w1, w2/ });
    assert.equal(machines.find('one').id, idOf(1));
    await store.change((transaction) => transaction.put(`work/${idOf(1)}`, { queue: [], ended: 2 }));
    await machines.delete('one');
    assert.deepEqual(machines.work(idOf(1)), { queue: [], ended: 0 });
    await assert.rejects(machines.delete('one'), { code: 'NOT_FOUND' });
  });

  it('whose system calls home are remembered with the first call', async (t) => {
    const { machines, store, later } = await made(t);
    await machines.push([hardware(1)]);
    await machines.heard(idOf(1));
    assert.equal(machines.work(idOf(1)).installed, undefined);
    const installed = { workflow: 'w', at: 1, disks: ['sda'] };
    await store.change((transaction) => transaction.put(`work/${idOf(1)}`, { queue: [], ended: 1, installed }));
    await machines.heard(idOf(1));
    later(500);
    await machines.heard(idOf(1));
    assert.deepEqual(machines.work(idOf(1)).installed, { ...installed, heardAt: 1000 });
  });

  it('and their indexes agree after any pushes and deletions', async (t) => {
    const { machines, store } = await made(t);
    const piece = fc
      .record({ n: fc.nat(4), mac: fc.nat(5), ip: fc.option(fc.nat(5)), name: fc.option(fc.nat(3)) })
      .map(({ n, mac, ip, name }) =>
        hardware(n, {
          mac: macOf(mac),
          ...(ip === null ? {} : { ip: `10.0.0.${ip + 1}` }),
          ...(name === null ? {} : { hostname: `name-${name}` }),
        }),
      );
    const step = fc.oneof(
      fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => () => machines.push(pieces)),
      fc.nat(4).map((n) => () => machines.delete(idOf(n))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await Promise.allSettled(steps.map((run) => run()));
        assert.deepEqual(await indexed(), await expected());
      }),
      { numRuns: 60 },
    );

    async function indexed(): Promise<[string, string][]> {
      const all: [string, string][] = [];
      for (const prefix of ['machine-address/', 'machine-mac/', 'machine-name/'])
        for await (const entry of store.range<string>(prefix)) all.push(entry);
      return all;
    }
    async function expected(): Promise<[string, string][]> {
      const entries = (await machines.list()).flatMap(({ id, name, hardware }: Machine): [string, string][] => [
        [`machine-name/${name.toLowerCase()}`, id],
        ...hardware.network.interfaces.flatMap(({ dhcp }): [string, string][] => [
          [`machine-mac/${dhcp.mac}`, id],
          ...(dhcp.ip ? ([[`machine-address/${dhcp.ip.address}`, id]] as [string, string][]) : []),
        ]),
      ]);
      return entries.sort(([a], [b]) => (a < b ? -1 : 1));
    }
  });
});
