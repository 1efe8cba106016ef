/** Subnets in Digital Rebar's writing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSubnet, readSubnet } from '../../../src/boots/subnets/reading.ts';
import { read, wrong } from './examples.ts';

/** As its command line gives one. */
const THEIRS = {
  ActiveEnd: '192.168.124.200',
  ActiveLeaseTime: 60,
  ActiveStart: '192.168.124.80',
  Available: true,
  Bundle: '',
  Description: '',
  Documentation: '',
  Enabled: true,
  Endpoint: '',
  Errors: [],
  Meta: {},
  Name: 'local_subnet',
  NextServer: '',
  OnlyReservations: false,
  Options: [
    { Code: 6, Value: '192.168.124.1, 8.8.8.8' },
    { Code: 15, Value: 'local.lab' },
    { Code: 1, Value: '255.255.255.0' },
    { Code: 3, Value: '192.168.124.1' },
    { Code: 28, Value: '192.168.124.255' },
    { Code: 26, Value: '1400' },
    { Code: 150, Value: '192.168.124.9' },
  ],
  Pickers: ['hint', 'nextFree', 'mostExpired'],
  Proxy: false,
  ReadOnly: false,
  ReservedLeaseTime: 7200,
  Strategy: 'MAC',
  Subnet: '192.168.124.0/24',
  Unmanaged: false,
  Validated: true,
};
const unsupportedOf = (more: object): string => readSubnet({ ...THEIRS, ...more }).unsupported.join('\n');

describe('a subnet of Digital Rebar', () => {
  it('is read with all that maps', () => {
    assert.ok(isSubnet(THEIRS));
    assert.deepEqual(read(THEIRS), {
      ...{ name: 'local_subnet', network: '192.168.124.0/24', mode: 'pool' },
      ranges: ['192.168.124.80-192.168.124.200'],
      ...{ routers: ['192.168.124.1'], dns: ['192.168.124.1', '8.8.8.8'], domain: 'local.lab' },
      ...{ mtu: 1400, leaseTime: 60, options: { 'tftp-server-addresses': '192.168.124.9' } },
    });
  });

  it('may name its network by an address in it', () => {
    const written = { ...THEIRS, Subnet: '192.168.124.1/24' };
    assert.deepEqual(read(written), read(THEIRS));
    assert.equal(
      unsupportedOf({ Subnet: '192.168.124.1/24' }).split('\n').at(-1),
      'the last part of Subnet 192.168.124.1/24: the network is 192.168.124.0/24',
    );
    for (const Subnet of ['192.168.124.1/33', '192.168.124/24', 7]) assert.ok(wrong({ ...THEIRS, Subnet }).length > 0);
  });

  it('has the mode that its switches say', () => {
    const modeOf = (more: object) => read({ ...THEIRS, ...more }).mode;
    assert.equal(modeOf({ OnlyReservations: true }), 'reservation');
    assert.equal(modeOf({ Pickers: ['none'] }), 'reservation');
    assert.equal(modeOf({ Proxy: true }), 'proxy');
    assert.equal(modeOf({ ActiveStart: '', ActiveEnd: '0.0.0.0' }), 'reservation');
    assert.equal(read({ ...THEIRS, OnlyReservations: true }).leaseTime, 7200);
    assert.equal(read({ ...THEIRS, Enabled: false }).enabled, false);
    assert.equal(read({ ...THEIRS, Enabled: undefined }).enabled, false, 'as Go reads it');
  });

  it('names what nothing is done with', () => {
    assert.match(unsupportedOf({}), /^ReservedLeaseTime: /);
    assert.equal(unsupportedOf({ ReservedLeaseTime: 60 }), '');
    assert.match(unsupportedOf({ NextServer: '10.0.0.1' }), /^NextServer: /m);
    assert.match(unsupportedOf({ Unmanaged: true }), /^Unmanaged: /m);
    assert.match(unsupportedOf({ Strategy: 'other' }), /^Strategy: /m);
    assert.match(unsupportedOf({ Pickers: ['mostExpired'] }), /^Pickers: /m);
    const options = [
      { Code: 67, Value: 'lpxelinux.0' },
      { Code: 12, Value: '{{.Machine.Name}}' },
      { Code: 51, Value: '60' },
    ];
    const told = unsupportedOf({ Options: options });
    assert.match(told, /^Options\[0\] \(bootfile-name\): .*what the machine is to boot$/m);
    assert.match(told, /^Options\[1\] \(host-name\): no templates are filled in$/m);
    assert.match(told, /^Options\[2\] \(ip-address-lease-time\)/m);
  });

  it('that is wrong is refused under its own keys', () => {
    const told = wrong({
      ...THEIRS,
      ActiveStart: '192.168.125.80',
      ActiveEnd: '192.168.125.90',
      Options: [{ Code: 1, Value: '255.255.0.0' }, { Code: 6, Value: 'x' }, 'y'],
      Proxy: 'yes',
      Subnett: 1,
    });
    for (const expected of [
      /^Subnett: unknown key "Subnett"; known are Name/,
      /^Proxy: must be true or false/,
      /^Options\.0: is 255\.255\.0\.0, and the network has 255\.255\.255\.0/,
      /^Options\.2: must have Code/,
      /^ActiveStart: 192\.168\.125\.80-192\.168\.125\.90 is outside of 192\.168\.124\.0\/24/,
      /^Options: is not an IPv4 address/,
    ])
      assert.ok(
        told.some((each) => expected.test(each)),
        `${expected}\n${told.join('\n')}`,
      );
    assert.deepEqual(wrong({ Name: 'x', ActiveStart: 'y' }).length, 2);
    assert.match(wrong({ ...THEIRS, Options: 5 })[0] ?? '', /^Options: must be a list/);
  });
});
