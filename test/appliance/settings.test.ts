/** Where the appliance's settings come from, and what is said of wrong ones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import yargs, { type Argv } from 'yargs';
import { readSettings, SETTING_NAMES, variableOf } from '../../src/appliance/settings.ts';
import { up } from '../../src/cli/roles.ts';
import { TinsmithError } from '../../src/errors.ts';

function read(
  flags: Record<string, unknown> = {},
  environment: Record<string, string> = {},
  file?: string,
): ReturnType<typeof readSettings> {
  return readSettings({
    flags: { ...flags, ...(file === undefined ? {} : { settings: 'settings.yaml' }) },
    environment,
    readFile: (path) => {
      assert.equal(path, 'settings.yaml');
      return file ?? '';
    },
  });
}

/** What is said of settings that are refused, each as `place message`. */
function refused(...sources: Parameters<typeof read>): string[] {
  try {
    read(...sources);
  } catch (error) {
    assert.ok(error instanceof TinsmithError);
    assert.equal(error.code, 'INVALID_INPUT');
    return error.problems.map(
      ({ file, line, column, field, message }) => `${file ? `${file}:${line}:${column}` : field} ${message}`,
    );
  }
  return assert.fail('it was taken');
}

describe('settings', () => {
  it('have defaults', () => {
    assert.deepEqual(read(), {
      data: '/var/lib/tinsmith',
      interfaces: [],
      dhcp: 'auto',
      ranges: [],
      besideOtherDhcp: false,
      dhcpWatch: 300,
      unknown: 'ignore',
      dhcpPort: 67,
      proxyDhcpPort: 4011,
      tftp: true,
      tftpPort: 69,
      syslogPort: 514,
      httpPort: 8080,
      https: undefined,
      httpAddress: '0.0.0.0',
      osie: undefined,
      files: undefined,
      kernelArguments: [],
      loaders: new Map(),
      secureBoot: 'auto',
      dataLimit: 10 * 1024 * 1024,
      grpc: { on: true, port: 42_113, openAdministration: false, trust: 'hardware', tls: undefined },
      keepEvents: { count: 1_000_000, days: 30 },
      provisioner: true,
      dockerSocket: undefined,
      logLevel: 'info',
      logFormat: 'pretty',
    });
  });

  it('come from a flag before the environment, from that before the file', () => {
    const file = 'http-port: 1\n';
    assert.equal(read({ 'http-port': 3 }, { TINSMITH_HTTP_PORT: '2' }, file).httpPort, 3);
    assert.equal(read({}, { TINSMITH_HTTP_PORT: '2' }, file).httpPort, 2);
    assert.equal(read({}, { TINSMITH_HTTP_PORT: '' }, file).httpPort, 1);
    assert.equal(read({}, {}, file).httpPort, 1);
    assert.equal(
      readSettings({ flags: {}, environment: { TINSMITH_SETTINGS: 'x' }, readFile: () => file }).httpPort,
      1,
    );
  });

  it('are lists, switches and words in all three', () => {
    assert.deepEqual(
      read({}, { TINSMITH_INTERFACE: 'eth0, eth1', TINSMITH_TFTP: 'off', TINSMITH_DHCP: 'off' }).interfaces,
      ['eth0', 'eth1'],
    );
    assert.equal(read({}, { TINSMITH_TFTP: 'off' }).tftp, false);
    const settings = read(
      {},
      {},
      'interface: [eth0, eth1]\ntftp: off\ndhcp: off\nkernel-argument:\n  - console=ttyS0\n# nothing\nfiles: /srv\n',
    );
    assert.deepEqual(
      [settings.interfaces, settings.tftp, settings.dhcp, settings.kernelArguments, settings.files],
      [['eth0', 'eth1'], false, 'off', ['console=ttyS0'], '/srv'],
    );
    assert.equal(read({}, {}, 'tftp: false\n').tftp, false);
    assert.deepEqual(read({}, {}, '').interfaces, []);
  });

  it('name loaders by architecture, as a code of option 93 or in words', () => {
    const flags = { loader: ['11=ipxe-arm64.efi', 'x64-uefi=mine/ipxe.efi'], 'secure-boot': 'off' };
    const { loaders, secureBoot } = read(flags);
    assert.deepEqual([...loaders, secureBoot], [[11, 'ipxe-arm64.efi'], [7, 'mine/ipxe.efi'], 'off']);
    for (const [loader, problem] of [
      ['x', /"x" is not ARCHITECTURE=FILE/],
      ['vax=a.efi', /vax is no architecture of DHCP option 93/],
      ['65536=a.efi', /65536 is no architecture/],
      ['7=../a.efi', /\.\.\/a\.efi is not a path below the served files/],
      ['7=/a.efi', /not a path below/],
      ['7=a".efi', /"a\\"\.efi" has a character in it to which other DHCP servers/],
      ['7=my loader.efi', /has a character/],
      ["7=a'$x.efi", /has a character/],
      ['7=a.efi,x64-uefi=b.efi', /architecture 7 has two loaders, a\.efi and b\.efi/],
    ] as const)
      assert.match(refused({ loader }, {}, '')[0] ?? '', problem);
  });

  it('about a range are for pool mode only', () => {
    const range = ['10.0.0.1-10.0.0.9'];
    assert.deepEqual(read({ dhcp: 'pool', range }).ranges, [{ first: '10.0.0.1', last: '10.0.0.9' }]);
    for (const dhcp of ['reservation', 'proxy', 'off', undefined])
      assert.match(refused({ dhcp, range }, {}, '').join(), /^--range range is of no use without dhcp pool$/);
  });

  it('that are wrong are all named, with their places', () => {
    assert.deepEqual(
      refused(
        { 'http-port': 99_999, 'dhcp-port': Number.NaN },
        { TINSMITH_TFTP_PORT: 'x' },
        'dhcp: maybe\nhttp-address: nowhere\n',
      ),
      [
        'settings.yaml:1:1 dhcp: maybe is not one of auto, reservation, proxy, pool, off',
        '--dhcp-port null is not a port, a whole number',
        'TINSMITH_TFTP_PORT x is not a port, a whole number',
        '--http-port 99999 is above 65535',
        'settings.yaml:2:1 http-address: nowhere is not an IPv4 address',
      ],
    );
  });

  it('that do not exist, and files that are none, are refused with line and column', () => {
    const [unknown] = refused({}, {}, 'http-port: 1\n\nhttp_port: 2\n');
    assert.match(unknown ?? '', /^settings\.yaml:3:1 there is no setting http_port; there are data, interface, /);
    assert.match(refused({}, {}, '- a\n')[0] ?? '', /^settings\.yaml:1:1 must be a map/);
    assert.match(refused({}, {}, 'a: [1\nb: 2\n')[0] ?? '', /^settings\.yaml:\d+:\d+ /);
    assert.match(refused({}, {}, 'http-port: 1\nhttp-port: 2\n')[0] ?? '', /^settings\.yaml:2:1 /);
  });

  it('are the flags of `tinsmith up`, neither more nor fewer', () => {
    const flags = Object.keys((up.flags(yargs()) as Argv & { getOptions(): { key: object } }).getOptions().key);
    assert.deepEqual(
      flags.filter((name) => !['help', 'version', 'settings'].includes(name)).sort(),
      [...SETTING_NAMES].sort(),
    );
    assert.equal(variableOf('proxy-dhcp-port'), 'TINSMITH_PROXY_DHCP_PORT');
  });
});
