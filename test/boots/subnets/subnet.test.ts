/** What a subnet may be: what is taken, and what is refused with the field and the reason. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dotted } from '../../../src/addresses.ts';
import { Option } from '../../../src/boots/dhcp/options.ts';
import { cidrText, lastOf, readCidr, readRange, startOf } from '../../../src/boots/subnets/addresses.ts';
import { secondsOf } from '../../../src/boots/subnets/duration.ts';
import { givenOptions, poolSize, secondsText } from '../../../src/boots/subnets/given.ts';
import { optionName, optionOf } from '../../../src/boots/subnets/option-table.ts';
import { bytesOf } from '../../../src/boots/subnets/option-values.ts';
import { patched, readSubnet } from '../../../src/boots/subnets/reading.ts';
import { networkFor } from '../../../src/boots/subnets/served.ts';
import { LAB, parsedOf, read, wrong } from './examples.ts';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const prefix = fc.integer({ min: 0, max: 32 });

describe('networks', () => {
  it('are read back as they are written, and refused with the right one where they have host bits', () => {
    fc.assert(
      fc.property(address, prefix, (number, length) => {
        const cidr = { start: startOf(number, length), prefix: length };
        assert.deepEqual(readCidr(cidrText(cidr)), cidr);
        assert.ok(number >= cidr.start && number <= lastOf(cidr));
        const given = readCidr(`${dotted(number)}/${length}`);
        if (number === cidr.start) assert.deepEqual(given, cidr);
        else assert.ok(typeof given === 'string' && given.endsWith(cidrText(cidr)), String(given));
      }),
    );
  });

  it('and ranges are no other texts', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9./-]{0,30}$/)), (text) => {
        const [cidr, range] = [readCidr(text), readRange(text)];
        if (typeof cidr !== 'string') assert.equal(cidrText(cidr), text);
        if (typeof range !== 'string') assert.ok(range.first <= range.last);
      }),
    );
    assert.deepEqual(readRange('10.0.0.1 - 10.0.0.3'), { first: 0x0a000001, last: 0x0a000003 });
    assert.match(String(readRange('10.0.0.3-10.0.0.1')), /reversed/);
  });
});

describe('a subnet', () => {
  it('is kept in its usual writing, which reads as itself', () => {
    const full = {
      ...LAB,
      description: 'rack 1',
      exclude: '192.168.1.150, 192.168.1.160-192.168.1.161',
      ntp: '192.168.1.2',
      domain: 'Lab.Example.',
      search: ['lab.example', 'example'],
      routes: ['10.0.0.0/8 via 192.168.1.254', '172.16.0.0/12  via 0.0.0.0'],
      mtu: 9000,
      leaseTime: '1h30m',
      longestLease: '2d',
      interface: 'eth1',
      relays: [{ giaddr: '10.9.9.9', circuitId: 'ge-0/0/1', remoteId: '0x0a0b' }],
      options: { TZ_POSIX: 'CET', 150: '192.168.1.3', 43: '0x01:02', 'ip-forwarding': true },
      enabled: true,
      dns: null,
    };
    const subnet = read(full);
    assert.deepEqual(subnet, {
      ...{ name: 'lab', description: 'rack 1', network: '192.168.1.0/24', mode: 'pool' },
      ranges: ['192.168.1.100-192.168.1.199'],
      exclude: ['192.168.1.150', '192.168.1.160-192.168.1.161'],
      routers: ['192.168.1.1'],
      ntp: ['192.168.1.2'],
      domain: 'lab.example',
      search: ['lab.example', 'example'],
      routes: ['10.0.0.0/8 via 192.168.1.254', '172.16.0.0/12 via 0.0.0.0'],
      ...{ mtu: 9000, leaseTime: 5400, longestLease: 172_800, interface: 'eth1' },
      relays: [{ giaddr: '10.9.9.9', circuitId: 'ge-0/0/1', remoteId: '0x0a0b' }],
      options: {
        ...{ 'tz-posix': 'CET', 'tftp-server-addresses': '192.168.1.3' },
        ...{ 'vendor-specific-information': '0x01:02', 'ip-forwarding': true },
      },
    });
    assert.deepEqual(read(JSON.parse(JSON.stringify(subnet))), subnet);
    assert.deepEqual(read({ kind: 'Subnet', ...subnet }), subnet);
  });

  it('has a mode that follows from its ranges, where it says none', () => {
    assert.equal(read(LAB).mode, 'pool');
    assert.equal(read({ ...LAB, ranges: [] }).mode, 'reservation');
    assert.equal(read({ ...LAB, mode: 'reservation' }).mode, 'reservation');
    assert.equal(networkFor(parsedOf({ ...LAB, enabled: false })).mode, 'off');
  });

  for (const [what, input, expected] of [
    ['nothing', null, [': is no map of keys']],
    ['no name and no network', {}, ['name: is missing', 'network: is missing']],
    ['a name with spaces', { ...LAB, name: 'my lab' }, [/^name: must be letters/]],
    ['unknown keys', { ...LAB, dnss: 1 }, [/^dnss: unknown key "dnss"; known are name, .*relays/]],
    ['host bits', { ...LAB, network: '192.168.1.5/24' }, [/^network: 192\.168\.1\.5\/24 .* is 192\.168\.1\.0\/24$/]],
    ['a network of nobody', { ...LAB, network: '127.0.0.0/8' }, [/^network: .*no network that machines/]],
    ['the whole of IPv4', { ...LAB, network: '0.0.0.0/0' }, [/^network: .*no network that machines/]],
    ['a long prefix', { ...LAB, network: '10.0.0.0/33' }, [/^network: has a prefix of 33/]],
    [
      'a range outside',
      { ...LAB, ranges: ['192.168.1.100-192.168.1.110', '192.168.2.1-192.168.2.9'] },
      ['ranges.1: 192.168.2.1-192.168.2.9 is outside of 192.168.1.0/24'],
    ],
    ['a range half outside', { ...LAB, ranges: ['192.168.1.200-192.168.2.9'] }, [/^ranges\.0: .* is outside of/]],
    ['a reversed range', { ...LAB, ranges: ['192.168.1.20-192.168.1.10'] }, [/^ranges\.0: .* is reversed/]],
    ['a range that is none', { ...LAB, ranges: ['192.168.1.20-30'] }, [/^ranges\.0: is not a range such as/]],
    [
      'overlapping ranges',
      { ...LAB, ranges: ['192.168.1.10-192.168.1.20', '192.168.1.20-192.168.1.30'] },
      ['ranges.1: 192.168.1.20-192.168.1.30 overlaps 192.168.1.10-192.168.1.20'],
    ],
    [
      'both ends of the network, and the router',
      { ...LAB, ranges: ['192.168.1.0-192.168.1.255'] },
      [
        /^ranges\.0: .* network’s own address 192\.168\.1\.0/,
        /^ranges\.0: .* broadcast address 192\.168\.1\.255/,
        /^ranges\.0: .* has the router 192\.168\.1\.1 in it: name it in exclude/,
      ],
    ],
    ['a pool of nothing', { ...LAB, mode: 'pool', ranges: [] }, [/^ranges: must be there for mode pool/]],
    ['an exclusion outside', { ...LAB, exclude: ['10.0.0.1'] }, [/^exclude\.0: 10\.0\.0\.1 is outside of/]],
    [
      'too many exclusions',
      { name: 'x', network: '10.0.0.0/8', ranges: ['10.0.0.1-10.200.0.0'], exclude: ['10.1.0.0-10.100.0.0'] },
      [/^exclude: are \d+ addresses, and 1024 can be left out/],
    ],
    ['a router elsewhere', { ...LAB, routers: ['192.168.2.1'] }, [/^routers\.0: 192\.168\.2\.1 is not in/]],
    ['a router that is the network', { ...LAB, routers: ['192.168.1.0'] }, [/^routers\.0: .* own address/]],
    ['no address', { ...LAB, dns: ['dns.example'] }, [/^dns\.0: is not an IPv4 address/]],
    ['a malformed route', { ...LAB, routes: ['10.0.0.0/8'] }, [/^routes\.0: is not a route such as/]],
    ['a route of no network', { ...LAB, routes: ['ten via 192.168.1.9'] }, [/^routes\.0: ten is not a network/]],
    ['a route with host bits', { ...LAB, routes: ['10.0.0.1/8 via 192.168.1.9'] }, [/^routes\.0: .*10\.0\.0\.0\/8$/]],
    ['a route’s bad prefix', { ...LAB, routes: ['10.0.0.0/40 via 192.168.1.9'] }, [/^routes\.0: has a prefix of 40/]],
    ['a route by nobody', { ...LAB, routes: ['10.0.0.0/8 via 172.16.0.1'] }, [/^routes\.0: 172\.16\.0\.1 is not in/]],
    [
      'a route twice',
      { ...LAB, routes: ['10.0.0.0/8 via 192.168.1.9', '10.0.0.0/8 via 192.168.1.8'] },
      [/^routes\.1: 10\.0\.0\.0\/8 has a route already/],
    ],
    ['no domain', { ...LAB, domain: 'a..b', search: ['-x'] }, [/^domain: is not a/, /^search\.0: is not a domain/]],
    ['an MTU too small', { ...LAB, mtu: 60 }, ['mtu: must be 68 to 65535']],
    ['a lease of nothing', { ...LAB, leaseTime: '5 minutes' }, [/^leaseTime: is not a span of time/]],
    ['a lease of a moment', { ...LAB, leaseTime: 1 }, [/^leaseTime: .* of 10 s or more/]],
    ['leases upside down', { ...LAB, shortestLease: '2h', longestLease: '1h' }, [/^shortestLease: 7200 s is longer/]],
    ['a lease beyond the longest', { ...LAB, leaseTime: '2h', longestLease: '1h' }, [/^leaseTime: 7200 s is not/]],
    ['an interface that is none', { ...LAB, interface: 'eth0/1' }, [/^interface: is not the name/]],
    ['a relay without a mark', { ...LAB, relays: [{}] }, [/^relays\.0: must name giaddr/]],
    ['a relay’s odd bytes', { ...LAB, relays: [{ circuitId: '0xabc' }] }, [/^relays\.0\.circuitId: must have two/]],
    [
      'an unknown key of a relay',
      { ...LAB, relays: [{ circuit: 'x' }] },
      [/^relays\.0\.circuit: unknown key/, /must name/],
    ],
    ['ours to decide', { ...LAB, options: { 53: '0x01' } }, [/option 53 \(dhcp-message-type\) is not a subnet’s/]],
    ['ours by name', { ...LAB, options: { 'server-identifier': '10.0.0.1' } }, [/option 54 \(server-identifier\)/]],
    ['a field’s option', { ...LAB, options: { 51: '0x01' } }, [/option 51 .*: write leaseTime$/]],
    ['no option', { ...LAB, options: { nonsense: 'x', 256: 'x' } }, [/256: is no option/, /nonsense: is no option/]],
    ['an option twice', { ...LAB, options: { 100: 'CET', 'tz-posix': 'CET' } }, [/option 100 is given twice/]],
    ['a number of unknown length', { ...LAB, options: { 224: 5 } }, [/^options\.224: must say its bytes/]],
    ['no addresses', { ...LAB, options: { 150: 'a.b' } }, [/^options\.150: must be IPv4 addresses/]],
    ['a map', { ...LAB, options: { 150: { first: '10.0.0.1' } } }, [/^options\.150: must be a text, a number, true/]],
    ['a flag of two bytes', { ...LAB, options: { 19: '0x0102' } }, ['options.19: must have 1 byte, and has 2']],
    ['a number of three', { ...LAB, options: { 22: '0x010203' } }, ['options.22: must have 2 bytes, and has 3']],
    ['half an address', { ...LAB, options: { 16: '0x0a00' } }, ['options.16: must have 4 bytes, and has 2']],
    [
      'an address and a half',
      { ...LAB, options: { 150: '0x0a0000010a00' } },
      [/^options\.150: must have 4 bytes for each/],
    ],
    ['an option too long', { ...LAB, options: { 224: 'x'.repeat(2000) } }, [/^options\.224: takes 2000 bytes/]],
    [
      'options too long together',
      { ...LAB, options: { 224: 'x'.repeat(600), 225: 'y'.repeat(600) } },
      [/^options: and what else clients are given take 12\d\d bytes/],
    ],
    ['what nests without end', { ...LAB, options: nested(2000) }, [/deep in one another/]],
    ['another kind', { kind: 'Stage', ...LAB }, ['kind: is "Stage", and a Subnet is wanted']],
  ] as [string, unknown, (string | RegExp)[]][]) {
    it(`with ${what} is refused`, () => {
      const told = wrong(input);
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, each] of expected.entries())
        if (typeof each === 'string') assert.equal(told[index], each);
        else assert.match(told[index] ?? '', each);
    });
  }

  it('is refused with all that is wrong at once', () => {
    const told = wrong({ name: '', network: 'x', mode: 'none', dns: ['y'], mtu: 1, extra: 1 });
    assert.deepEqual(told.map((each) => each.split(':')[0]).sort(), [
      'dns.0',
      'extra',
      'mode',
      'mtu',
      'name',
      'network',
    ]);
  });

  it('has its other fields checked where one is malformed', () => {
    const told = wrong({ ...LAB, name: undefined, mtu: 1, ranges: ['10.0.0.1'], routers: ['192.168.9.1'] });
    assert.deepEqual(told.map((each) => each.split(':')[0]).sort(), ['mtu', 'name', 'ranges.0', 'routers.0']);
    assert.deepEqual(wrong({ ...LAB, mode: 'pool', ranges: ['x'] }).length, 1);
  });

  it('may be anything without a throw', () => {
    const keys = Object.keys(read(LAB)).concat(
      'routes',
      'options',
      'relays',
      'leaseTime',
      'Subnet',
      'Options',
      '__proto__',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('192.168.1.0/24', '192.168.1.9', ['192.168.1.5'], '0x01'));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), fc.boolean(), (some, alone) => {
        const { subnet, problems } = readSubnet(alone ? some : { ...LAB, ...some });
        assert.equal(subnet === undefined, problems.length > 0);
        if (subnet) assert.deepEqual(read(subnet), subnet);
      }),
    );
  });

  it('gives a /31 and a /32 all their addresses', () => {
    assert.equal(
      poolSize(networkFor(parsedOf({ name: 'p', network: '10.0.0.0/31', ranges: ['10.0.0.0-10.0.0.1'] }))),
      2,
    );
    const host = { name: 'h', network: '10.0.0.7/32', ranges: ['10.0.0.7'], routers: ['10.0.0.1'] };
    assert.equal(poolSize(networkFor(parsedOf(host))), 1);
  });
});

describe('a change of a subnet', () => {
  it('leaves what it does not name, and takes away what it says null to', () => {
    const before = read({ ...LAB, domain: 'lab', options: { 100: 'CET', 150: '10.0.0.1' } });
    const after = read(patched(before, { domain: null, mtu: 1400, options: { tz_posix: null, 101: 'Europe/Berlin' } }));
    assert.deepEqual(after, {
      ...{ name: 'lab', network: '192.168.1.0/24', mode: 'pool', mtu: 1400 },
      ...{ ranges: LAB.ranges, routers: LAB.routers, dns: LAB.dns },
      options: { 'tftp-server-addresses': '10.0.0.1', 'tz-database': 'Europe/Berlin' },
    });
    assert.equal(read(patched(before, { options: null })).options, undefined);
    assert.deepEqual(read(patched(before, {})), before);
  });

  it('takes the mode along that follows from its ranges, unless another was chosen', () => {
    const { ranges, ...bare } = LAB;
    const modeOf = (subnet: object, patch: object): string => read(patched(read(subnet), { ...patch })).mode;
    assert.equal(modeOf(bare, { ranges }), 'pool');
    assert.equal(modeOf(LAB, { ranges: null }), 'reservation');
    assert.equal(modeOf({ ...bare, mode: 'proxy' }, { ranges }), 'proxy');
    assert.equal(modeOf({ ...LAB, mode: 'reservation' }, { ranges: ['192.168.1.5'] }), 'reservation');
    assert.equal(modeOf(bare, { ranges, mode: 'reservation' }), 'reservation');
    assert.equal(modeOf(LAB, { dns: null }), 'pool');
  });
});

describe('the network of a subnet', () => {
  it('has all that it says, and what follows from it', () => {
    const network = networkFor(
      parsedOf({
        ...LAB,
        ...{ exclude: ['192.168.1.150-192.168.1.151'], domain: 'lab', search: ['a.b'], ntp: ['10.0.0.2'], mtu: 1400 },
        ...{ routes: ['10.0.0.0/8 via 192.168.1.254'], leaseTime: '3d', options: { 224: 'x' } },
      }),
      ['192.168.1.120'],
    );
    assert.deepEqual(network, {
      ...{ name: 'lab', address: '192.168.1.0', prefix: 24, mode: 'pool' },
      ranges: [{ first: '192.168.1.100', last: '192.168.1.199' }],
      excluded: ['192.168.1.150', '192.168.1.151', '192.168.1.120'],
      ...{ routers: ['192.168.1.1'], nameServers: ['1.1.1.1', '9.9.9.9'], timeServers: ['10.0.0.2'] },
      ...{ domainName: 'lab', searchDomains: ['a.b'], mtu: 1400 },
      routes: [
        { address: '10.0.0.0', prefix: 8, via: '192.168.1.254' },
        { address: '0.0.0.0', prefix: 0, via: '192.168.1.1' },
      ],
      ...{ leaseTime: 259_200, shortestLease: 120, longestLease: 259_200 },
      options: new Map([[224, Buffer.from('x')]]),
    });
    assert.equal(poolSize(network), 97);
    const given = givenOptions(network);
    assert.deepEqual(
      given.map(({ code, shown }) => [code, shown]),
      [
        ...[
          [1, '255.255.255.0'],
          [3, '192.168.1.1'],
          [6, '1.1.1.1, 9.9.9.9'],
          [15, 'lab'],
          [26, '1400'],
        ],
        ...[
          [28, '192.168.1.255'],
          [42, '10.0.0.2'],
          [51, '3d'],
          [119, 'a.b'],
        ],
        ...[
          [121, '10.0.0.0/8 via 192.168.1.254, 0.0.0.0/0 via 192.168.1.1'],
          [224, 'x'],
        ],
      ],
    );
    const bytes = new Map(given.map(({ code, value }) => [code, value.toString('hex')]));
    // RFC 3442: prefix, as many bytes as it needs, router; RFC 1035: labels.
    assert.equal(bytes.get(121), '080ac0a801fe00c0a80101');
    assert.equal(bytes.get(119), '0161016200');
    assert.equal(bytes.get(51), '0003f480');
  });

  it('leaves a default route as it is', () => {
    const { routes } = networkFor(parsedOf({ ...LAB, routes: ['default via 192.168.1.9'] }));
    assert.deepEqual(routes, [{ address: '0.0.0.0', prefix: 0, via: '192.168.1.9' }]);
  });
});

describe('spans of time', () => {
  it('are numbers, or have units', () => {
    for (const [text, seconds] of [
      ['90s', 90],
      ['12h', 43_200],
      ['1h30m', 5400],
      ['1w', 604_800],
      ['60', 60],
    ] as const)
      assert.equal(secondsOf(text), seconds);
    assert.equal(secondsOf('forever'), 0xffffffff);
    for (const text of ['', 'h', '1y', '-5s', '1 h', '1e3']) assert.equal(secondsOf(text), undefined);
    assert.deepEqual([43_200, 90, 5400, 86_400, 0xffffffff].map(secondsText), ['12h', '90s', '90m', '1d', 'for ever']);
  });
});

describe('names of options', () => {
  it('are those of the constants', () => {
    for (const [name, code] of Object.entries(Option))
      assert.equal(optionName(code), name.toLowerCase().replaceAll('_', '-'));
  });
});

describe('values of options', () => {
  it('are bytes by what the option is made of', () => {
    const hex = (key: string, value: Parameters<typeof bytesOf>[1]): string => {
      const option = optionOf(key);
      assert.ok(typeof option !== 'string', String(option));
      const bytes = bytesOf(option.type, value);
      return typeof bytes === 'string' ? bytes : bytes.toString('hex');
    };
    assert.equal(hex('time-offset', -3600), 'fffff1f0');
    assert.equal(hex('23', '64'), '40');
    assert.equal(hex('22', 576), '0240');
    assert.equal(hex('35', 0xffffffff), 'ffffffff');
    assert.equal(hex('ip-forwarding', false), '00');
    assert.equal(hex('150', ['10.0.0.1', '10.0.0.2']), '0a0000010a000002');
    assert.equal(hex('224', '10.0.0.1 10.0.0.2'), '0a0000010a000002');
    assert.equal(hex('224', 'hello'), '68656c6c6f');
    assert.equal(hex('root-path', '0x0A:0b'), '0a0b');
    for (const [key, value] of [
      ['23', 256],
      ['swap-server', '10.0.0.1 10.0.0.2'],
      ['43', 'text'],
      ['224', ''],
    ] as const)
      assert.match(hex(key, value), /must be|is empty/);
  });
});

function nested(depth: number): object {
  let value: object = {};
  for (let at = 0; at < depth; at++) value = { a: value };
  return value;
}
