/** Each finding about a computer, from facts as they may be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Facts } from '../../src/doctor/facts.ts';
import { readIptables } from '../../src/doctor/firewall/iptables.ts';
import { type Finding, worstOf } from '../../src/doctor/index.ts';
import { judge } from '../../src/doctor/judge/index.ts';

const GIB = 1024 ** 3;
const eth0 = {
  ...{ name: 'eth0', served: true, up: true, carrier: true, kind: undefined },
  addresses: [{ address: '10.0.0.1', prefix: 24, dynamic: false }],
};
const router = { address: '10.0.0.254', mac: '02:00:00:00:00:01', interface: 'eth0', offers: '', givesAddresses: true };
const port = { port: 69, transport: 'udp', use: 'TFTP', needed: true, free: 'yes', holders: [] } as const;
const appliance = {
  ...{ url: 'http://127.0.0.1:8080', isHere: true, machines: [{ name: 'large', memory: 2 * GIB }] },
  status: { version: '1', state: 'ready' as const, otherServers: [], roles: [] },
};

/** A computer on which all is well. */
const WELL: Facts = {
  isRoot: true,
  appliance: undefined,
  applianceRefused: undefined,
  ports: [{ ...port, holders: [] }],
  interfaces: [{ ...eth0, name: 'lo', served: false, addresses: [] }, eth0],
  otherServers: { asked: ['eth0'], unasked: [], servers: [router] },
  firewall: { tables: [], untold: [] },
  network: { forwards: true, bridgesFiltered: undefined, reversePath: { eth0: 0 } },
  container: { sign: undefined, innerInterfaces: [] },
  data: {
    ...{ path: '/var/lib/tinsmith', exists: true, mode: 0o700, tokenMode: 0o600, writable: true },
    disk: { free: 50 * GIB, size: 100 * GIB, freeInodes: 900, inodes: 1000 },
  },
  clock: { now: Date.UTC(2026, 5, 1), synchronised: true },
  boot: {
    ...{ loaders: ['ipxe.efi'], wanted: ['ipxe.efi'], directory: '/opt/osie', isWorker: true },
    kernel: { bytes: 8, version: '6.1.0' },
    initrd: { bytes: 80, version: '6.1.0' },
    described: { kernel: '6.1.0', memoryMiB: 1024, kernelBytes: 8, initrdBytes: 80 },
  },
};

const levels = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level !== 'ok').map(({ code, level }) => `${level} ${code}`);
const INPUT_DROPS = readIptables('*filter\n:INPUT DROP [0:0]\nCOMMIT\n');
const ESTABLISHED = readIptables(
  '*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p udp -m udp --dport 67 -j ACCEPT\nCOMMIT\n',
);
const holder = { pid: 7, command: 'dnsmasq', address: '0.0.0.0' };

/** What is changed of a computer that is well, what is found then, and what its sentence names. */
const CASES: [string, Partial<Facts>, string[], RegExp?][] = [
  ['nothing', {}, []],
  ['no root', { isRoot: false }, ['warning not-root']],
  ['an appliance that wants a token', { applianceRefused: 'no token' }, ['warning appliance-not-asked'], /no token/],
  [
    'a role that failed',
    {
      appliance: {
        ...appliance,
        status: {
          ...appliance.status,
          roles: [{ name: 'tftp', state: 'failed', bound: [], problem: { code: 'PORT_TAKEN', message: 'taken by x' } }],
        },
      },
    },
    ['problem role-failed'],
    /without tftp: taken by x/,
  ],
  [
    'a port that is taken',
    { ports: [{ ...port, free: 'taken', holders: [holder] }] },
    ['problem port-taken'],
    /UDP port 69 \(TFTP\) is held by process 7 \(dnsmasq\)/,
  ],
  [
    'one that is taken by who knows',
    { ports: [{ ...port, free: 'taken', holders: [] }] },
    ['problem port-taken'],
    /cannot be seen/,
  ],
  [
    'one that is taken and not needed',
    { ports: [{ ...port, needed: false, free: 'taken', holders: [holder] }] },
    ['warning port-taken'],
  ],
  [
    'one that another has, of a part that is off or elsewhere in the appliance that runs',
    { appliance, ports: [{ ...port, free: undefined, holders: [holder] }] },
    [],
  ],
  ['one for root', { ports: [{ ...port, free: 'forbidden', holders: [] }] }, ['problem port-forbidden']],
  [
    'no interface',
    { interfaces: [{ ...eth0, served: false, up: false, addresses: [] }] },
    ['problem no-interface'],
    /eth0 \(down\)/,
  ],
  ['no carrier', { interfaces: [{ ...eth0, carrier: false }] }, ['warning no-carrier'], /eth0 \(10\.0\.0\.1\/24\)/],
  [
    'an address of DHCP',
    { interfaces: [{ ...eth0, addresses: [{ address: '10.0.0.9', prefix: 24, dynamic: true }] }] },
    ['warning address-may-change'],
    /10\.0\.0\.9/,
  ],
  [
    'two DHCP servers',
    { otherServers: { asked: ['eth0'], unasked: [], servers: [router, { ...router, address: '10.0.0.253' }] } },
    ['problem several-dhcp-servers'],
    /10\.0\.0\.254.*10\.0\.0\.253/,
  ],
  [
    'two on two networks',
    { otherServers: { asked: ['eth0'], unasked: [], servers: [router, { ...router, interface: 'eth1' }] } },
    [],
  ],
  [
    'another proxy',
    {
      otherServers: {
        asked: ['eth0'],
        unasked: [],
        servers: [router, { ...router, address: '10.0.0.3', givesAddresses: false }],
      },
    },
    ['warning other-proxy'],
    /10\.0\.0\.3/,
  ],
  [
    'nobody with addresses',
    { otherServers: { asked: ['eth0'], unasked: [], servers: [] } },
    ['warning nobody-gives-addresses'],
    /eth0/,
  ],
  [
    'a network that could not be asked',
    { otherServers: { asked: [], unasked: ['eth0 needs root'], servers: [router] } },
    ['warning network-not-asked'],
    /eth0 needs root/,
  ],
  ['nothing known of others', { otherServers: undefined }, ['warning other-servers-unknown']],
  [
    'a mode that does not suit',
    {
      otherServers: { asked: [], unasked: [], servers: [] },
      appliance: {
        ...appliance,
        status: {
          ...appliance.status,
          roles: [
            { name: 'dhcp (proxy)', state: 'up', bound: [], warning: { code: 'x', message: 'NOBODY', next: 'do' } },
          ],
        },
      },
    },
    ['warning dhcp-mode'],
    /NOBODY/,
  ],
  [
    'a firewall that drops',
    { firewall: { tables: INPUT_DROPS, untold: [] } },
    ['problem firewall-drops', 'problem firewall-drops-tftp'],
    /drops TFTP \(UDP 69\) on eth0, by the policy of chain INPUT/,
  ],
  [
    'one that drops but what belongs to connections',
    { firewall: { tables: ESTABLISHED, untold: [] } },
    ['problem firewall-drops'],
  ],
  [
    'one that is not told',
    { firewall: { tables: [], untold: ['nft is not installed'] } },
    ['warning firewall-unknown'],
    /nft is not installed/,
  ],
  [
    'one that depends on what is not known',
    {
      firewall: {
        tables: readIptables('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m recent --update -j DROP\nCOMMIT\n'),
        untold: [],
      },
    },
    ['warning firewall-unclear'],
    /-m recent/,
  ],
  [
    'a bridge that iptables sees',
    { interfaces: [{ ...eth0, kind: 'bridge' }], network: { forwards: true, bridgesFiltered: true, reversePath: {} } },
    ['warning bridge-filtered'],
    /eth0/,
  ],
  [
    'two interfaces on one network',
    {
      interfaces: [eth0, { ...eth0, name: 'eth1', addresses: [{ address: '10.0.0.2', prefix: 24, dynamic: false }] }],
      network: { forwards: true, bridgesFiltered: false, reversePath: { eth0: 1, eth1: 1 } },
    },
    ['warning reverse-path'],
    /eth0 and eth1 are both on 10\.0\.0\.0\/24/,
  ],
  [
    'a container',
    { container: { sign: '/.dockerenv', innerInterfaces: ['eth0'] } },
    ['problem container-network'],
    /eth0 ends/,
  ],
  ['a container of its host’s network', { container: { sign: '/.dockerenv', innerInterfaces: [] } }, []],
  [
    'a full disk',
    { data: { ...WELL.data, disk: { free: 50 * 1024 ** 2, size: GIB, freeInodes: 9, inodes: 10 } } },
    ['problem disk-full'],
    /50 MiB/,
  ],
  [
    'a disk that fills',
    { data: { ...WELL.data, disk: { free: 500 * 1024 ** 2, size: GIB, freeInodes: 9, inodes: 10 } } },
    ['warning disk-filling'],
  ],
  [
    'no inodes',
    { data: { ...WELL.data, disk: { free: 5 * GIB, size: GIB, freeInodes: 1, inodes: 1000 } } },
    ['problem inodes'],
    /1 of 1000/,
  ],
  [
    'a file system that counts no inodes',
    { data: { ...WELL.data, disk: { free: 5 * GIB, size: GIB, freeInodes: 0, inodes: 0 } } },
    [],
  ],
  ['open data', { data: { ...WELL.data, mode: 0o755 } }, ['warning data-open'], /755/],
  ['an open token', { data: { ...WELL.data, tokenMode: 0o644 } }, ['problem token-open'], /644/],
  ['data that cannot be written', { data: { ...WELL.data, writable: false } }, ['problem data-not-writable']],
  ['a clock that stands at its beginning', { clock: { now: 0, synchronised: true } }, ['problem clock-wrong'], /1970/],
  ['a clock that nobody keeps', { clock: { ...WELL.clock, synchronised: false } }, ['warning clock-not-kept']],
  ['a clock of which nothing is known', { clock: { ...WELL.clock, synchronised: undefined } }, []],
  [
    'loaders that are missing',
    { boot: { ...WELL.boot, wanted: ['ipxe.efi', 'undionly.kpxe'] } },
    ['problem loaders-missing'],
    /undionly\.kpxe/,
  ],
  ['the sources', { boot: { ...WELL.boot, isWorker: false } }, ['warning no-worker']],
  [
    'no OSIE',
    { boot: { ...WELL.boot, initrd: undefined } },
    ['problem osie-missing'],
    /initrd\.img .* is not in \/opt\/osie/,
  ],
  [
    'an OSIE of two builds',
    { boot: { ...WELL.boot, initrd: { bytes: 80, version: '6.1.1' } } },
    ['problem osie-mismatch'],
    /6\.1\.0.*6\.1\.1/,
  ],
  [
    'an OSIE that was cut short',
    { boot: { ...WELL.boot, initrd: { bytes: 79, version: '6.1.0' } } },
    ['problem osie-changed'],
  ],
  [
    'a machine with little memory',
    {
      appliance: {
        ...appliance,
        machines: [
          { name: 'small', memory: GIB / 2 },
          { name: 'large', memory: 2 * GIB },
        ],
      },
    },
    ['warning memory-too-small'],
    /small has 512 MiB.*1024 MiB/,
  ],
  // Firmware keeps some of a GiB to itself.
  [
    'a machine with just enough',
    { appliance: { ...appliance, machines: [{ name: 'enough', memory: GIB * 0.93 }] } },
    [],
  ],
];

describe('the ports of an appliance', () => {
  it('are those that it answers on, not the usual ones', () => {
    const roles = [
      { name: 'http', state: 'up' as const, bound: ['0.0.0.0:18080'] },
      { name: 'dhcp', state: 'off' as const, bound: [] },
      { name: 'tftp', state: 'up' as const, bound: ['10.0.0.1:69 (eth0)', '10.1.0.1:69 (eth1)'] },
    ];
    const findings = judge({ ...WELL, appliance: { ...appliance, status: { ...appliance.status, roles } } });
    assert.equal(
      findings.find(({ code }) => code === 'ports')?.sentence,
      'The appliance has its ports: http at 0.0.0.0:18080; tftp at 10.0.0.1:69 (eth0), 10.1.0.1:69 (eth1).',
    );
  });

  it('are not called free where one runs that tells nothing', () => {
    const untold = judge({ ...WELL, applianceRefused: 'no token', ports: [{ ...port, free: undefined, holders: [] }] });
    assert.equal(
      untold.find(({ code }) => code === 'ports'),
      undefined,
    );
  });
});

describe('a computer', () => {
  for (const [what, changed, expected, names] of CASES)
    it(`with ${what}`, () => {
      const findings = judge({ ...WELL, ...changed });
      assert.deepEqual(levels(findings), expected);
      const bad = findings.filter(({ level }) => level !== 'ok');
      if (names) assert.match(bad.map(({ sentence }) => sentence).join('\n'), names);
      for (const { next, code } of bad) assert.ok(next, `${code} says what to do`);
      assert.equal(
        worstOf(findings),
        expected.some((each) => each.startsWith('problem')) ? 'problem' : expected.length > 0 ? 'warning' : 'ok',
      );
    });
});
