/** Which subnet a request is of. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressNumber, dotted } from '../../../src/addresses.ts';
import type { CameIn } from '../../../src/boots/dhcp/network.ts';
import { contains } from '../../../src/boots/subnets/addresses.ts';
import { problemsBetween } from '../../../src/boots/subnets/check.ts';
import { subnetOf } from '../../../src/boots/subnets/match.ts';
import { cameIn, parsedOf } from './examples.ts';

const subnet = (name: string, network: string, more: object = {}) => parsedOf({ name, network, ...more });
const nameOf = (subnets: ReturnType<typeof subnet>[], request: CameIn): string | undefined => {
  const found = [subnets, subnets.toReversed()].map((each) => subnetOf(each, request)?.subnet.name);
  assert.equal(found[0], found[1], 'the order of subnets does not count');
  return found[0];
};

describe('a request', () => {
  const lab = subnet('lab', '192.168.1.0/24');
  const far = subnet('far', '10.1.0.0/16');
  const rack = subnet('rack', '10.2.0.0/16', { relays: [{ giaddr: '172.16.0.1' }] });
  const port = subnet('port', '10.2.128.0/24', { relays: [{ circuitId: 'ge-0/0/1' }] });
  const exact = subnet('exact', '10.2.129.0/24', { relays: [{ circuitId: 'ge-0/0/1', remoteId: '0x0102' }] });
  const all = [lab, far, rack, port, exact];

  it('without a relay is of the network that its interface has an address in', () => {
    assert.equal(nameOf(all, cameIn()), 'lab');
    assert.equal(nameOf(all, cameIn({ interface: { name: 'e', address: '10.1.2.3', netmask: '255.0.0.0' } })), 'far');
    assert.equal(
      nameOf(all, cameIn({ interface: { name: 'e', address: '8.8.8.8', netmask: '255.0.0.0' } })),
      undefined,
    );
  });

  it('by a relay is of the network that this has an address in, whatever it came in by', () => {
    assert.equal(nameOf(all, cameIn({ giaddr: '10.1.0.1' })), 'far');
    assert.equal(nameOf(all, cameIn({ giaddr: '10.77.0.1' })), undefined);
  });

  it('by a relay that a subnet names is of that, also where another has its address', () => {
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1' })), 'rack');
    const transfer = subnet('transfer', '172.16.0.0/24');
    assert.equal(nameOf([...all, transfer], cameIn({ giaddr: '172.16.0.1' })), 'rack');
    assert.equal(nameOf([...all, transfer], cameIn({ giaddr: '172.16.0.2' })), 'transfer');
  });

  it('of a link that the relay selects is of its network', () => {
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', linkSelection: '10.1.0.0' })), 'far');
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', linkSelection: '10.2.0.9' })), 'rack');
    assert.equal(nameOf(all, cameIn({ giaddr: '192.168.1.1', linkSelection: '10.99.0.0' })), undefined);
    const second = subnet('second', '10.3.0.0/16', { relays: [{ giaddr: '172.16.0.1' }] });
    assert.equal(nameOf([...all, second], cameIn({ giaddr: '172.16.0.1', linkSelection: '10.3.0.0' })), 'second');
    // Nobody but a relay speaks for another link.
    assert.equal(nameOf(all, cameIn({ linkSelection: '10.1.0.0' })), 'lab');
  });

  it('with ids in option 82 is of the subnet that names them most exactly', () => {
    const circuitId = Buffer.from('ge-0/0/1');
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', circuitId })), 'port');
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', circuitId, remoteId: Buffer.of(1, 2) })), 'exact');
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', circuitId, remoteId: Buffer.of(1, 3) })), 'port');
    assert.equal(nameOf(all, cameIn({ giaddr: '172.16.0.1', circuitId: Buffer.from('ge-0/0/2') })), 'rack');
    // Put in by a switch on the way, which is no relay.
    assert.equal(nameOf(all, cameIn({ circuitId })), 'port');
  });

  it('that came in elsewhere than a subnet says is not of it', () => {
    const here = subnet('here', '192.168.1.0/24', { interface: 'eth1' });
    const eth1 = { name: 'eth1', address: '192.168.1.1', netmask: '255.255.255.0' };
    assert.equal(nameOf([here], cameIn()), undefined);
    assert.equal(nameOf([here], cameIn({ interface: eth1 })), 'here');
    assert.equal(nameOf([here, lab], cameIn({ interface: eth1 })), 'here');
    assert.equal(nameOf([here, lab], cameIn()), 'lab');
    assert.equal(nameOf([here, lab], cameIn({ interface: eth1, giaddr: '192.168.1.7' })), 'here');
  });

  it('is of the longer prefix of those that fit alike', () => {
    const wide = subnet('wide', '10.0.0.0/8', { interface: 'eth0', relays: [{ giaddr: '10.1.0.1' }] });
    const narrow = subnet('narrow', '10.1.0.0/16', { interface: 'eth0', relays: [{ giaddr: '10.1.0.1' }] });
    assert.equal(nameOf([wide, narrow], cameIn({ giaddr: '10.1.0.1' })), 'narrow');
  });
});

const small = fc.integer({ min: 0, max: 3 });
const relay = fc.record(
  {
    giaddr: small.map((n) => `10.0.${n}.1`),
    circuitId: small.map((n) => `c${n}`),
    remoteId: small.map((n) => `r${n}`),
  },
  { requiredKeys: [] },
);
const anySubnet = fc.record(
  {
    network: fc.oneof(
      small.map((n) => `10.0.${n}.0/24`),
      fc.constantFrom('10.0.0.0/8', '10.0.0.0/22', '10.0.2.0/23'),
    ),
    interface: small.map((n) => `eth${n}`),
    relays: fc.array(
      relay.filter((each) => Object.keys(each).length > 0),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['network'] },
);
const anyRequest = fc
  .record({
    on: small,
    at: small,
    giaddr: fc.option(small, { nil: undefined }),
    circuit: fc.option(small, { nil: undefined }),
    remote: fc.option(small, { nil: undefined }),
    link: fc.option(small, { nil: undefined }),
  })
  .map(({ on, at, giaddr, circuit, remote, link }) =>
    cameIn({
      interface: { name: `eth${on}`, address: `10.0.${at}.1`, netmask: '255.255.255.0' },
      giaddr: giaddr === undefined ? undefined : `10.0.${giaddr}.1`,
      circuitId: circuit === undefined ? undefined : Buffer.from(`c${circuit}`),
      remoteId: remote === undefined ? undefined : Buffer.from(`r${remote}`),
      linkSelection: link === undefined ? undefined : `10.0.${link}.0`,
    }),
  );

describe('of any subnets', () => {
  const named = fc
    .array(anySubnet, { maxLength: 6 })
    .map((each) => each.map((one, i) => parsedOf({ name: `s${i}`, ...one })));

  it('one that is found allows the request, and none is found only where none does', () => {
    fc.assert(
      fc.property(named, anyRequest, (subnets, request) => {
        const found = subnetOf(subnets, request);
        // Said in other words than the code does.
        const allows = ({ subnet: { interface: on, relays }, cidr }: (typeof subnets)[number]): boolean => {
          const { giaddr, linkSelection } = request;
          if (on !== undefined && on !== request.interface.name) return false;
          const link = giaddr === undefined ? request.interface.address : (linkSelection ?? giaddr);
          const isOn = contains(cidr, addressNumber(link));
          if (!relays) return isOn;
          return relays.some(
            (each) =>
              (each.giaddr ?? giaddr) === giaddr &&
              (each.circuitId === undefined || each.circuitId === request.circuitId?.toString()) &&
              (each.remoteId === undefined || each.remoteId === request.remoteId?.toString()) &&
              (each.circuitId !== undefined || each.remoteId !== undefined || linkSelection === undefined || isOn),
          );
        };
        const allowed = subnets.filter(allows);
        assert.equal(found === undefined, allowed.length === 0);
        if (found) assert.ok(allowed.includes(found));
      }),
      { numRuns: 1000 },
    );
  });

  it('that may stand beside each other and are of one address space, the order does not count', () => {
    const one = fc.tuple(anySubnet, anySubnet, anyRequest);
    fc.assert(
      fc.property(one, ([first, second, request]) => {
        // A request with several ids may be of two that name different ones of them, alike.
        fc.pre([first, second].every(({ relays }) => relays === undefined || relays.length === 1));
        fc.pre(Object.keys(first.relays?.[0] ?? {}).join() === Object.keys(second.relays?.[0] ?? {}).join());
        const [a, b] = [parsedOf({ name: 'a', ...first }), parsedOf({ name: 'b', ...second })];
        if (problemsBetween(a, b).length > 0 || !contains(a.cidr, b.cidr.start)) return;
        assert.equal(subnetOf([a, b], request), subnetOf([b, a], request));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('two subnets', () => {
  const beside = (a: object, b: object): string[] =>
    problemsBetween(parsedOf({ name: 'a', ...a }), parsedOf({ name: 'b', ...b })).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  const network = '10.0.0.0/16';

  it('whose networks have nothing in common are never in each other’s way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 254 }), (n) => {
        assert.deepEqual(beside({ network: `10.${n}.0.0/16` }, { network: `10.${n + 1}.0.0/16` }), []);
        assert.equal(dotted(addressNumber(`10.${n}.0.0`)), `10.${n}.0.0`);
      }),
    );
  });

  it('that overlap, and whose requests nothing tells apart, are refused', () => {
    assert.match(
      beside({ network }, { network: '10.0.0.0/8' })[0] ?? '',
      /^network: .*overlaps subnet b \(10\.0\.0\.0\/8\)/,
    );
    assert.match(beside({ network: '10.0.0.0/8' }, { network, enabled: false })[0] ?? '', /10\.0\.0\.0\/16, disabled/);
    const on = { network, interface: 'eth0' };
    assert.match(beside(on, on)[0] ?? '', /on eth0/);
    const by = { network, relays: [{ giaddr: '10.0.0.1' }, { circuitId: 'x' }] };
    assert.match(beside(by, { network, relays: [{ circuitId: 'x' }] })[0] ?? '', /by relays/);
  });

  it('that overlap are told apart by interface or relay', () => {
    assert.deepEqual(beside({ network, interface: 'eth0' }, { network, interface: 'eth1' }), []);
    assert.deepEqual(beside({ network, interface: 'eth0' }, { network }), []);
    assert.deepEqual(beside({ network, relays: [{ giaddr: '10.0.0.1' }] }, { network }), []);
    const relays = (circuitId: string) => ({ network, relays: [{ circuitId }] });
    assert.deepEqual(beside(relays('x'), relays('0x0a')), []);
    assert.equal(beside(relays('x'), relays('0x78')).length, 1, 'the same bytes in another writing');
  });

  it('give no address twice', () => {
    const ranges = ['10.0.0.10-10.0.0.20'];
    const by = (circuitId: string, more: object) => ({ network, relays: [{ circuitId }], ...more });
    const told = beside(by('x', { ranges }), by('y', { ranges: ['10.0.0.20-10.0.0.30'] }));
    assert.match(told.join(), /^ranges\.0: 10\.0\.0\.10-10\.0\.0\.20 overlaps 10\.0\.0\.20-10\.0\.0\.30 of subnet b/);
    assert.deepEqual(beside(by('x', { ranges }), by('y', { ranges: ['10.0.0.21-10.0.0.30'] })), []);
    const on = (name: string) => ({ network, interface: name, ranges });
    assert.match(
      beside(on('eth0'), on('eth1')).join(),
      /^ranges\.0: 10\.0\.0\.10-10\.0\.0\.20 overlaps 10\.0\.0\.10-10\.0\.0\.20 of subnet b \(10\.0\.0\.0\/16, on eth1\)/,
    );
    assert.deepEqual(beside(on('eth0'), { ...on('eth1'), ranges: ['10.0.0.21-10.0.0.30'] }), []);
  });
});
