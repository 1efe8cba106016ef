import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cameInOf } from '../../../src/boots/dhcp/came-in.ts';
import { address } from '../../../src/boots/dhcp/options.ts';
import { amongOwn, ownNetworks } from '../../../src/boots/dhcp/own-networks.ts';
import { TinsmithError } from '../../../src/errors.ts';
import { fate, MAC, network, request, reservation } from './requests.ts';

const eth0 = { name: 'eth0', address: '10.0.1.1', netmask: '255.255.255.0' };
const eth1 = { name: 'eth1', address: '10.0.2.1', netmask: '255.255.255.128' };
const range = { first: '10.0.1.100', last: '10.0.1.120' };

describe('the networks of the interfaces', () => {
  it('have the mode that is set, and the ranges that lie in them', () => {
    const [first, second] = ownNetworks([eth0, eth1], { mode: 'pool', ranges: [range] });
    assert.deepEqual([first?.name, first?.mode, first?.ranges], ['10.0.1.0/24', 'pool', [range]]);
    assert.deepEqual([second?.name, second?.mode, second?.ranges], ['10.0.2.0/25', 'reservation', []]);
    assert.deepEqual(ownNetworks([eth0], { mode: 'proxy', ranges: [range] })[0]?.ranges, []);
  });

  const problems = (...ranges: { first: string; last: string }[]): string[] => {
    try {
      ownNetworks([eth0, eth1], { mode: 'pool', ranges });
    } catch (error) {
      assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT');
      assert.match(error.next ?? '', /10\.0\.1\.0\/24, 10\.0\.2\.0\/25/);
      return error.problems.map(({ field, message }) => `${field} ${message}`);
    }
    return [];
  };

  it('refuse pool mode without a range, and ranges that lie elsewhere or overlap, all at once', () => {
    assert.deepEqual(problems(), ['--range is missing']);
    assert.deepEqual(
      problems(range, { first: '10.0.2.100', last: '10.0.2.130' }, { first: '10.0.1.120', last: '10.0.1.121' }),
      [
        '--range 10.0.2.100-10.0.2.130 lies in no network that is served',
        '--range 10.0.1.120-10.0.1.121 overlaps 10.0.1.100-10.0.1.120',
      ],
    );
    assert.throws(() => ownNetworks([eth1], { mode: 'pool', ranges: [] }), {
      next: /--range 10\.0\.2\.64-10\.0\.2\.126/,
    });
  });

  it('are found by interface, by relay agent, and by what that selects', () => {
    const own = ownNetworks([eth0, eth1], { mode: 'reservation', ranges: [] });
    const find = amongOwn(own, 'reservation');
    const of = (fields: object, options: Record<number, Buffer> = {}) =>
      find(cameInOf(request('DISCOVER', fields, options), eth0))?.name;
    assert.equal(of({}), '10.0.1.0/24');
    assert.equal(of({ giaddr: '10.0.2.9' }), '10.0.2.0/25');
    assert.equal(of({ giaddr: '10.9.9.9' }), undefined);
    const selection = Buffer.concat([Buffer.of(5, 4), address('10.0.2.0')]);
    assert.equal(of({ giaddr: '10.9.9.9' }, { 82: selection }), '10.0.2.0/25');
    assert.equal(of({ giaddr: '10.9.9.9' }, { 118: address('10.0.2.0') }), '10.0.2.0/25');
    assert.equal(of({}, { 118: address('10.0.2.0') }), '10.0.1.0/24', 'only a relay agent’s word counts');
    assert.equal(of({}, { 82: selection }), '10.0.1.0/24', 'and without giaddr nobody is one');
    assert.equal(amongOwn(own, 'proxy')(cameInOf(request('DISCOVER', { giaddr: '10.9.9.9' }), eth0))?.mode, 'proxy');
  });
});

describe('a request of no network that is served', () => {
  const relayed = request('DISCOVER', { giaddr: '10.9.9.9' });

  it('is ignored, the relay agent named, unless its reservation says all', () => {
    const stranger = { network: undefined, reservation: undefined, machineName: undefined };
    assert.equal(fate(relayed, stranger), 'ignored relay-unknown');
    assert.equal(fate(request('DISCOVER'), stranger), 'ignored network-unknown');
    assert.equal(fate(relayed, { network: undefined }), 'OFFER address-offered');
    const { netmask: _, ...withoutNetmask } = reservation;
    assert.equal(fate(relayed, { network: undefined, reservation: withoutNetmask }), 'ignored relay-unknown');
  });

  it('is ignored where DHCP is off for its network', () => {
    assert.equal(fate(request('DISCOVER', { chaddr: MAC }), { network: network('off') }), 'ignored dhcp-off');
  });
});
