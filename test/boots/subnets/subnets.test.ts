/** Subnets that are kept, and changed while they are served. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Subnets } from '../../../src/boots/subnets/index.ts';
import { TinsmithError } from '../../../src/errors.ts';
import { Machines } from '../../../src/machines/machines.ts';
import { EventLog } from '../../../src/store/index.ts';
import { hardware, macOf } from '../../machines/examples.ts';
import { collected, opened } from '../../store/opened.ts';
import { cameIn, LAB } from './examples.ts';

const ETH0 = { name: 'eth0', address: '192.168.1.120', netmask: '255.255.255.0' };

async function made(t: TestContext) {
  const store = await opened(t);
  const clock = (): number => 1000;
  const events = await EventLog.open(store, clock);
  const machines = new Machines(store, events, clock);
  const parts = { store, events, clock, machines, interfaces: [ETH0] };
  const kinds = async () => (await collected(events.since(0))).map(({ kind }) => kind);
  return { ...parts, subnets: new Subnets(parts), again: () => new Subnets(parts), kinds };
}

const far = (n: number, more: object = {}) => ({ name: `far-${n}`, network: `10.${n}.0.0/16`, ...more });
const refusedWith =
  (...fields: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof TinsmithError);
    assert.equal(error.code, 'INVALID_INPUT');
    assert.deepEqual(
      error.problems.map(({ field }) => field),
      fields,
    );
    return true;
  };

describe('subnets', () => {
  it('are stored, served at once, and there again after a start', async (t) => {
    const { subnets, again, kinds } = await made(t);
    const request = cameIn();
    await subnets.putAll([far(9)]);
    const fallback = subnets.networkNamed('far-9');
    assert.ok(fallback);
    assert.equal(subnets.networkOf(request), undefined);
    assert.equal(
      subnets.networkOf(request, () => fallback),
      fallback,
    );
    await subnets.putAll([LAB]);
    assert.equal(subnets.networkOf(request, () => fallback)?.name, 'lab');
    assert.deepEqual(subnets.networkOf(request)?.excluded, ['192.168.1.120'], 'the appliance’s own address');
    await subnets.update('lab', { enabled: false }, () => {});
    assert.equal(subnets.networkOf(request, () => fallback)?.mode, 'off');
    assert.equal(again().networkOf(request)?.mode, 'off');
    assert.deepEqual(again().list(), subnets.list());
    await subnets.delete('lab');
    assert.equal(subnets.networkOf(request), undefined);
    assert.deepEqual(await kinds(), ['subnet.added', 'subnet.added', 'subnet.updated', 'subnet.deleted']);
  });

  it('are found by an address that is in them', async (t) => {
    const { subnets } = await made(t);
    await subnets.putAll([far(1, { network: '10.0.0.0/8', relays: [{ giaddr: '10.9.9.9' }] }), far(2), LAB]);
    assert.deepEqual(
      subnets.networksAt('10.2.0.7').map(({ name }) => name),
      ['far-2', 'far-1'],
    );
    assert.deepEqual(subnets.networksAt('172.16.0.1'), []);
  });

  it('change all together or not at all', async (t) => {
    const { subnets, kinds } = await made(t);
    await subnets.putAll([LAB, far(1)]);
    const before = subnets.list();
    await assert.rejects(
      subnets.putAll([{ ...LAB, dns: ['8.8.8.8'] }, far(2), far(3, { routers: ['1.1.1.1'], mtu: 'x' })]),
      refusedWith('[2].mtu', '[2].routers[0]'),
    );
    await assert.rejects(subnets.putAll([far(2), far(2)]), refusedWith('[1].name'));
    await assert.rejects(subnets.putAll([far(2), { ...far(3), network: '10.2.0.0/16' }]), refusedWith('[1].network'));
    await assert.rejects(subnets.putAll([{ name: 'other', network: '10.0.0.0/8' }]), refusedWith('network'));
    await assert.rejects(
      subnets.update('lab', { ranges: ['10.0.0.1'] }, () => {}),
      refusedWith('ranges[0]'),
    );
    await assert.rejects(
      subnets.update('none', {}, () => {}),
      { code: 'NOT_FOUND' },
    );
    await assert.rejects(subnets.delete('none'), { code: 'NOT_FOUND' });
    assert.deepEqual(subnets.list(), before);
    assert.equal((await kinds()).length, 2);
  });

  it('move out of each other’s way in one change', async (t) => {
    const { subnets } = await made(t);
    await subnets.putAll([far(1), far(2)]);
    await subnets.putAll([
      { ...far(1), network: '10.2.0.0/16' },
      { ...far(2), network: '10.1.0.0/16' },
    ]);
    assert.equal(subnets.get('far-1').subnet.network, '10.2.0.0/16');
  });

  it('are checked against what is on its way to the disk', async (t) => {
    const { subnets } = await made(t);
    const both = await Promise.allSettled([
      subnets.putAll([far(1)]),
      subnets.putAll([{ name: 'other', network: '10.1.0.0/16' }]),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'whichever was first');
    assert.equal(subnets.list().length, 1);
  });

  it('that say what they said before are not changed', async (t) => {
    const { subnets, kinds } = await made(t);
    await subnets.putAll([LAB]);
    const [put] = await subnets.putAll([{ ...LAB, mode: 'pool', dns: '1.1.1.1,9.9.9.9' }]);
    assert.equal(put?.record, put?.before);
    assert.deepEqual(await kinds(), ['subnet.added']);
  });

  it('are a thousand at most', async (t) => {
    const { subnets } = await made(t);
    const many = Array.from({ length: 1000 }, (_, n) => ({ name: `n${n}`, network: `10.${n >> 8}.${n & 255}.0/24` }));
    await subnets.putAll(many);
    await assert.rejects(subnets.putAll([LAB]), refusedWith(''));
    await assert.rejects(subnets.putAll([{ name: 'all', network: '10.0.0.0/8' }]), (error) => {
      assert.ok(error instanceof TinsmithError && error.problems.length === 100);
      return true;
    });
    assert.equal(subnets.list().length, 1000);
  });

  it('warn of what may be a mistake', async (t) => {
    const { subnets, machines } = await made(t);
    const [reserved] = await machines.push([hardware(1, { ip: '10.1.0.7', hostname: 'node1' })]);
    assert.ok(reserved);
    assert.deepEqual(subnets.warningsOf(reserved), [], 'without subnets there is nothing to say');
    const [put] = await subnets.putAll([
      { ...LAB, mode: 'reservation', interface: 'eth7', exclude: ['192.168.1.9', '192.168.1.150'] },
    ]);
    assert.deepEqual(
      put?.warnings.map((each) => each.replace(/,.*/, '')),
      [
        'subnet lab has ranges',
        'subnet lab is for interface eth7',
        'subnet lab leaves out 192.168.1.9',
        'subnet lab has the appliance’s own address 192.168.1.120 (eth0) in its ranges; nobody is given it',
        'machine node1: 10.1.0.7 is in no subnet (lab 192.168.1.0/24)',
      ],
    );
    assert.match(
      subnets.warningsOf(reserved).join(),
      /^network\.interfaces\[0\]\.dhcp\.ip\.address 10\.1\.0\.7 is in no/,
    );
    await subnets.putAll([far(1)]);
    assert.deepEqual(subnets.warningsOf(reserved), []);
    await subnets.update('far-1', { routers: ['10.1.0.7'] }, () => {});
    assert.match(subnets.warningsOf(reserved).join(), /router of subnet far-1/);
    await subnets.update('far-1', { routers: null }, () => {});
    assert.match((await subnets.delete('far-1')).warnings.join(), /^machine node1: 10\.1\.0\.7 is in no subnet/);
    const [beside] = await machines.push([hardware(2, { ip: '192.168.1.9' })]);
    assert.deepEqual(beside && subnets.warningsOf(beside), []);
    const [ours] = await machines.push([hardware(3, { ip: '192.168.1.120' })]);
    assert.match(ours ? subnets.warningsOf(ours).join() : '', /192\.168\.1\.120 is this computer's own \(eth0\)/);
  });

  it('warn of two by the same relay, which only its link selection tells apart', async (t) => {
    const { subnets } = await made(t);
    const relays = [{ giaddr: '10.50.0.2' }];
    const [first, second] = await subnets.putAll([far(2, { relays }), far(1, { relays })]);
    for (const put of [first, second])
      assert.match(
        put?.warnings.join() ?? '',
        /^subnets far-1 and far-2 are by the same relay: its requests are of far-1, unless it selects a link of far-2/,
      );
    const apart = [{ giaddr: '10.50.0.2', circuitId: 'x' }];
    assert.deepEqual((await subnets.update('far-2', { relays: apart }, () => {})).warnings, []);
  });
});

describe('a subnet that the appliance was not started for', () => {
  it('is warned of where DHCP is off, each time', async (t) => {
    const { subnets } = await made(t);
    subnets.served = { isOn: false, hasBootService: false };
    const warning = /^subnet far-1 is kept, but nobody is answered: DHCP is off; start .* without --dhcp off$/;
    for (let twice = 0; twice < 2; twice++)
      assert.match((await subnets.putAll([far(1)]))[0]?.warnings.join('\n') ?? '', warning);
    const off = await subnets.update('far-1', { enabled: false }, () => {});
    assert.deepEqual(off.warnings, [], 'nobody expects an answer');
    subnets.served = { isOn: true, hasBootService: false };
    assert.deepEqual((await subnets.update('far-1', { enabled: true }, () => {})).warnings, []);
  });
});

describe('a subnet in proxy mode', () => {
  it('is warned of where port 4011 was not bound at the start', async (t) => {
    const { subnets } = await made(t);
    assert.deepEqual((await subnets.putAll([far(1, { mode: 'proxy' })]))[0]?.warnings, []);
    subnets.served = { isOn: true, hasBootService: false };
    const { warnings } = await subnets.update('far-1', { mode: 'proxy' }, () => {});
    assert.match(warnings.join('\n'), /^subnet far-1 is in mode proxy, and port 4011 .*: start the appliance again$/);
    for (const patch of [{ mode: 'reservation' }, { mode: 'proxy', enabled: false }])
      assert.deepEqual((await subnets.update('far-1', patch, () => {})).warnings, []);
  });
});

describe('a reserved address', () => {
  it('that another has a lease of is refused, and the lease is named', async (t) => {
    const { machines } = await made(t);
    const leases = new Map([['10.0.0.7', { mac: macOf(9), until: Date.parse('2026-01-02T03:04:05Z') }]]);
    machines.leaseOf = (address) => leases.get(address);
    const wanted = hardware(1, { ip: '10.0.0.7' });
    await assert.rejects(machines.push([hardware(2, { ip: '10.0.0.8' }), wanted]), (error) => {
      assert.ok(error instanceof TinsmithError);
      assert.equal(error.code, 'CONFLICT');
      assert.match(error.message, /10\.0\.0\.7 is leased to 52:54:00:00:00:09 until 2026-01-02T03:04:05\.000Z/);
      assert.deepEqual(
        error.problems.map(({ field }) => field),
        ['network.interfaces[0].dhcp.ip.address'],
      );
      return true;
    });
    assert.deepEqual(await machines.list(), [], 'nothing of it was done');
    leases.set('10.0.0.7', { mac: macOf(9), until: Number.POSITIVE_INFINITY });
    await assert.rejects(machines.push([wanted]), /is leased to 52:54:00:00:00:09 for ever/);
    await machines.push([hardware(9, { ip: '10.0.0.7' })]);
    leases.set('10.0.0.7', { mac: macOf(8), until: 1 });
    await machines.push([hardware(9, { ip: '10.0.0.7', hostname: 'same' })]);
    assert.equal(machines.byAddress('10.0.0.7')?.name, 'same', 'what it has already stays its own');
  });
});
