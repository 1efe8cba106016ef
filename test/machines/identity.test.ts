/** Which machine it is that was seen: what counts, how much, and when nobody may say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Inventory } from '../../src/inventory/inventory.ts';
import {
  type Fingerprint,
  fingerprint,
  fingerprintOf,
  fingerprintOfMacs,
} from '../../src/machines/identity/fingerprint.ts';
import { identify, type Known } from '../../src/machines/identity/identify.ts';
import { score } from '../../src/machines/identity/score.ts';
import { anvil, card } from './inventories.ts';

const modules = (...serials: string[]): Inventory['memory'] => ({
  total: 0,
  usable: 0,
  modules: serials.map((serial) => ({ size: 2 ** 34, manufacturer: 'Bellows', part: 'BLW', serial })),
});
const points = (known: Inventory, seen: Inventory): number => score(fingerprintOf(known), fingerprintOf(seen)).score;
const known = (id: string, inventory: Inventory): Known => ({
  id,
  name: `node-${id}`,
  fingerprint: fingerprintOf(inventory),
});

/** The machine with nothing but what is given. */
const bare = (more: Partial<Inventory>): Inventory => anvil({ system: {}, interfaces: [], memory: modules(), ...more });

describe('what speaks for a machine', () => {
  it('has Digital Rebar’s points', () => {
    const names = { vendor: 'Blacksmith Inc.', product: 'Anvil 640' };
    const alone: [Partial<Inventory>, number][] = [
      [{ system: { ...names, boardSerial: 'BRD99X31' } }, 25],
      [{ system: { ...names, chassisSerial: 'CHS4410Z' } }, 25],
      [{ system: { uuid: '6f1c2a7e-3b5d-4c8e-9a10-b2c3d4e5f607' } }, 50],
      [{ cloud: { name: 'packet', instance: 'i-77' } }, 500],
      [{ interfaces: [card('9c:00:5e:00:00:01')] }, 100],
      [{ memory: modules('MEM1', 'MEM2') }, 100],
    ];
    for (const [part, expected] of alone) assert.equal(points(bare(part), bare(part)), expected, JSON.stringify(part));
    const { score: disk } = score({ ...fingerprintOf(bare({})), onDisk: 'a' }, fingerprintOf(bare({}), 'A'));
    assert.equal(disk, 1000);
  });

  it('is said with it, the most first', () => {
    const { score: all, because } = score(fingerprintOf(anvil({})), fingerprintOf(anvil({})));
    assert.equal(all, 200);
    assert.deepEqual(because, [
      '2 of 2 MACs: 9c:00:5e:00:00:01, 9c:00:5e:00:00:02 (100)',
      'its system UUID (50)',
      'the serial number of its board (25)',
      'the serial number of its chassis (25)',
    ]);
  });

  it('of MACs is the share of the shorter list, of memory modules that of the longer', () => {
    const [a, b, c] = ['9c:00:5e:00:00:01', '9c:00:5e:00:00:02', '9c:00:5e:00:00:03'].map((mac) => card(mac));
    assert.ok(a && b && c);
    const macs = (...cards: Inventory['interfaces']): Inventory => bare({ interfaces: cards });
    assert.equal(points(macs(a), macs(a, b, c)), 100);
    assert.equal(points(macs(a, b), macs(a, c)), 50);
    assert.equal(points(macs(a, b), macs(c)), 0);
    assert.equal(points(bare({ memory: modules('m1', 'm2') }), bare({ memory: modules('m1', 'm2', 'm3', 'm4') })), 50);
    assert.equal(points(bare({ memory: modules('m1', 'm2', 'm3') }), bare({ memory: modules('m1') })), 33);
  });

  it('of a UUID is the same in either byte order', () => {
    const uuid = (text: string): Inventory => bare({ system: { uuid: text } });
    const [one, other] = ['33221100-5544-7766-8899-aabbccddeeff', '00112233-4455-6677-8899-AABBCCDDEEFF'];
    assert.equal(points(uuid(one), uuid(other)), 50);
    assert.equal(points(uuid(one), uuid(other.replace('FF', 'FE'))), 0);
  });

  it('of a serial number counts for machines of one product only', () => {
    const of = (product: string): Inventory => bare({ system: { product, boardSerial: 'BRD99X31' } });
    assert.equal(points(of('Anvil 640'), of('Anvil 740')), 0);
  });

  it('on a hypervisor is its MACs alone', () => {
    const virtual = { virtual: true, cloud: { name: 'openstack', instance: 'i-1' } };
    assert.deepEqual(fingerprintOf(anvil(virtual), 'an-id'), {
      macs: ['9c:00:5e:00:00:01', '9c:00:5e:00:00:02'],
      virtual: true,
      memory: [],
    });
    assert.equal(points(anvil(virtual), anvil(virtual)), 100);
    const real = { ...fingerprintOf(anvil({})), virtual: true };
    assert.equal(score(fingerprintOf(anvil({})), real).score, 100);
  });

  it('is no number that firmware has where nobody filled it in', () => {
    const junk = fc.constantFrom(
      'Default string',
      'To Be Filled By O.E.M.',
      '0123456789',
      '00000000',
      'None',
      'SerNum0',
    );
    fc.assert(
      fc.property(junk, junk, junk, (boardSerial, chassisSerial, module) => {
        const uuid = '03000200-0400-0500-0006-000700080009';
        const machine = bare({
          system: { uuid, serial: boardSerial, boardSerial, chassisSerial },
          memory: modules(module, module),
        });
        assert.equal(points(machine, machine), 0);
      }),
    );
  });

  it('is no MAC that another machine may have, or this one may lose', () => {
    const of = (...cards: Inventory['interfaces']): string[] => fingerprintOf(bare({ interfaces: cards })).macs;
    const bmc = { ...card('be:3a:f2:b6:05:9f'), bus: 'usb' };
    assert.deepEqual(of(bmc), []);
    assert.deepEqual(of({ ...card('9c:00:5e:00:00:09'), bus: 'usb' }), ['9c:00:5e:00:00:09']);
    assert.deepEqual(of({ ...card('9a:00:5e:00:00:01'), permanentMac: undefined, macFrom: 'chance' }), []);
    // A bond gives its MAC to all its cards.
    const bonded = { ...card('9c:00:5e:00:00:01'), macFrom: 'set', permanentMac: '9c:00:5e:00:00:02' } as const;
    assert.deepEqual(of(bonded, card('9c:00:5e:00:00:01')), ['9c:00:5e:00:00:01', '9c:00:5e:00:00:02']);
    assert.deepEqual(fingerprintOfMacs(['9C-00-5E-00-00-01', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', 'x']).macs, [
      '9c:00:5e:00:00:01',
    ]);
  });

  it('has no serial number in it, and is what is stored', () => {
    const found = fingerprintOf(anvil({ memory: modules('MEM1') }), 'AN-ID');
    assert.deepEqual(fingerprint.parse(JSON.parse(JSON.stringify(found))), found);
    assert.equal(found.onDisk, 'an-id');
    for (const secret of ['BRD99X31', 'CHS4410Z', 'MEM1', '6f1c2a7e'])
      assert.ok(!JSON.stringify(found).includes(secret), secret);
  });

  it('is as much the one way as the other', () => {
    const mac = fc.integer({ min: 1, max: 12 }).map((n) => `9c:00:5e:00:00:${n.toString(16).padStart(2, '0')}`);
    const list = fc.array(mac, { maxLength: 8 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const [one, other] = [fingerprintOfMacs(a), fingerprintOfMacs(b)];
        const there = score(one, other).score;
        assert.equal(there, score(other, one).score);
        assert.equal(there, score(fingerprintOfMacs(a.toReversed()), other).score);
        assert.ok(there >= 0 && there <= 100);
        assert.equal(score(one, one).score, a.length > 0 ? 100 : 0);
      }),
    );
  });
});

describe('the machine that was seen', () => {
  const other = anvil({
    system: {
      ...anvil({}).system,
      uuid: '11111111-3b5d-4c8e-9a10-b2c3d4e5f607',
      boardSerial: 'B2',
      chassisSerial: 'C2',
    },
    interfaces: [card('9c:00:5e:00:00:03')],
  });

  it('is the one with the most points, with new cards, or a new board', () => {
    const machines = [known('1', anvil({})), known('2', other)];
    const cards = fingerprintOf(anvil({ interfaces: [card('9c:00:5e:00:00:77')] }));
    assert.deepEqual(identify(machines, cards), {
      match: '1',
      score: 100,
      because: ['its system UUID (50)', 'the serial number of its board (25)', 'the serial number of its chassis (25)'],
    });
    const board = identify(machines, fingerprintOf(anvil({ system: other.system, interfaces: anvil({}).interfaces })));
    assert.ok('conflict' in board, 'the board of one, and the cards of the other');
    const moved = identify(
      machines,
      fingerprintOf(anvil({ interfaces: [...anvil({}).interfaces, ...other.interfaces] })),
    );
    assert.ok('match' in moved && moved.match === '1' && moved.score === 200);
  });

  it('is none below 100 points, and the nearest is told', () => {
    const seen = bare({ system: { uuid: anvil({}).system.uuid } });
    const found = identify([known('1', anvil({}))], fingerprintOf(seen));
    assert.deepEqual(found, {
      none: true,
      nearest: { id: '1', name: 'node-1', score: 50, because: ['its system UUID (50)'] },
    });
    assert.deepEqual(identify([known('1', anvil({}))], fingerprintOf(bare({}))), { none: true });
    assert.deepEqual(identify([], fingerprintOf(anvil({}))), { none: true });
  });

  it('is nobody’s to guess when as much speaks for two, and both are named', () => {
    const macs = (...all: string[]): Fingerprint => fingerprintOfMacs(all);
    const machines: Known[] = [
      { id: '1', name: 'web', fingerprint: macs('9c:00:5e:00:00:01') },
      { id: '2', name: 'db', fingerprint: macs('9c:00:5e:00:00:02') },
    ];
    const found = identify(machines, macs('9c:00:5e:00:00:01', '9c:00:5e:00:00:02'));
    assert.ok('conflict' in found);
    assert.deepEqual(
      found.conflict.map(({ name }) => name),
      ['web', 'db'],
    );
    assert.equal(
      found.message,
      'The machine that was seen is as much one as the other, with 100 points each: ' +
        'web (1), by 1 of 1 MACs: 9c:00:5e:00:00:01 (100); db (2), by 1 of 1 MACs: 9c:00:5e:00:00:02 (100).',
    );
  });

  it('is told by the id on its disk before all else', () => {
    const found = identify([known('1', anvil({})), known('AB-2', other)], fingerprintOf(anvil({}), 'ab-2'));
    assert.ok('match' in found && found.match === 'AB-2' && found.score === 1000);
  });

  it('is the same in whatever order the machines come', () => {
    const hash = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
    const some: fc.Arbitrary<Fingerprint> = fc.record({
      macs: fc.uniqueArray(fc.constantFrom('m1', 'm2', 'm3', 'm4')),
      memory: fc.uniqueArray(fc.constantFrom('d1', 'd2', 'd3')),
      virtual: fc.boolean(),
      ...{ system: hash, board: hash, chassis: hash, cloud: hash },
    });
    const machines = fc.array(some, { maxLength: 6 }).chain((all) => {
      const list = all.map((each, i): Known => ({ id: String(i), name: `node-${i}`, fingerprint: each }));
      return fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }));
    });
    fc.assert(
      fc.property(machines, some, ([list, shuffled], seen) => {
        assert.deepEqual(identify(shuffled, seen), identify(list, seen));
      }),
    );
  });
});
