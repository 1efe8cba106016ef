/** Other people's DHCP servers, found on a network as they really answer; nobody's lease is taken. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needTools, TestNetwork } from './dhcp-network.ts';
import type { ServerLine, ServerSetting } from './dhcp-server.ts';
import { foreignServer, SERVER_PACKAGES } from './foreign-servers.ts';
import type { ProberLine, ProberSetting } from './prober.ts';

const MAC = { dnsmasq: '52:54:00:00:0d:01', dhcpd: '52:54:00:00:0d:02', kea: '52:54:00:00:0d:03' };
const address = (n: number) => `10.78.${n}.2`;

const dnsmasq = (n: number, more: string[]) =>
  [`interface=eth0`, 'bind-interfaces', 'port=0', 'log-dhcp', ...more].join('\n').replaceAll('NET', `10.78.${n}`);

describe('other DHCP servers on a network', () => {
  let network: TestNetwork;

  before(() => {
    needTools({ ip: 'iproute2', dhclient: 'isc-dhcp-client', ...SERVER_PACKAGES });
    network = new TestNetwork();
    network.add('us', 'a', 'b', 'c', 'd');
    const ends = [
      ['a', MAC.dnsmasq],
      ['b', MAC.dhcpd],
      ['c', MAC.kea],
      ['d', '52:54:00:00:0d:04'],
    ] as const;
    for (const [index, [name, mac]] of ends.entries())
      network.cable(
        { in: 'us', device: `u${name}`, address: `10.78.${index + 1}.1/24` },
        { in: name, device: 'eth0', mac, address: `${address(index + 1)}/24` },
      );
  });

  after(() => network?.remove());

  const round = async (setting: ProberSetting) => {
    const prober = network.start<ProberLine>('us', 'prober.ts', setting);
    const line = await prober.told((each) => 'round' in each);
    return 'round' in line ? line.round : assert.fail();
  };

  it('are found with address, MAC and offer, at once on several interfaces; one without is told', async (t) => {
    const servers = [
      await foreignServer(
        t,
        network,
        'a',
        'eth0',
        'dnsmasq',
        dnsmasq(1, ['dhcp-range=NET.50,NET.60,1h', 'dhcp-boot=pxelinux.0']),
      ),
      await foreignServer(
        ...([t, network, 'b', 'eth0', 'dhcpd'] as const),
        'authoritative; default-lease-time 7200; subnet 10.78.2.0 netmask 255.255.255.0 { range 10.78.2.50 10.78.2.60; option routers 10.78.2.254; }',
      ),
      await foreignServer(
        ...([t, network, 'c', 'eth0', 'kea-dhcp4'] as const),
        JSON.stringify({
          Dhcp4: {
            'interfaces-config': { interfaces: ['eth0'] },
            'lease-database': { type: 'memfile', persist: false },
            subnet4: [{ id: 1, subnet: '10.78.3.0/24', pools: [{ pool: '10.78.3.50 - 10.78.3.60' }] }],
          },
        }),
      ),
      await foreignServer(
        t,
        network,
        'd',
        'eth0',
        'dnsmasq',
        dnsmasq(4, ['dhcp-range=NET.0,proxy', 'pxe-service=x86PC,"boot",lpxelinux']),
      ),
    ];
    const { looked, servers: found } = await round({ interfaces: ['ua', 'ub', 'uc', 'ud', 'lo', 'none'], own: [] });
    assert.deepEqual(
      looked.map((each) => `${each.interface} ${each.outcome}`),
      ['ua asked', 'ub asked', 'uc asked', 'ud asked', 'lo failed', 'none failed'],
    );
    const by = (on: string) => found.filter((server) => server.interface === on);
    const [[a], [b], [c], [d]] = [by('ua'), by('ub'), by('uc'), by('ud')];
    assert.equal(found.length, 4);
    assert.deepEqual(
      [a?.address, a?.mac, a?.lease?.seconds, a?.boots[0]?.file],
      [address(1), MAC.dnsmasq, 3600, 'pxelinux.0'],
    );
    assert.match(a?.lease?.address ?? '', /^10\.78\.1\.(5\d|60)$/);
    assert.deepEqual([b?.address, b?.mac, b?.lease?.router, b?.boots], [address(2), MAC.dhcpd, '10.78.2.254', []]);
    assert.deepEqual([c?.address, c?.mac, c?.lease?.netmask], [address(3), MAC.kea, '255.255.255.0']);
    assert.deepEqual(
      [d?.address, d?.lease, d?.boots.map(({ firmware }) => firmware)],
      [address(4), undefined, ['BIOS', 'UEFI x86-64']],
    );
    for (const server of servers) await server.stop();
    assert.equal(readFileSync(join(network.directory, 'dnsmasq-1', 'leases'), 'utf8').includes('10.78'), false);
  });

  it('are found beside the DHCP client of this computer, which has port 68', async (t) => {
    const server = await foreignServer(
      t,
      network,
      'a',
      'eth0',
      'dnsmasq',
      dnsmasq(1, ['no-ping', 'dhcp-range=NET.50,NET.60,1h']),
    );
    const script = network.script('none.sh', 'exit 0\n');
    const files = ['-lf', join(network.directory, 'l'), '-pf', join(network.directory, 'p')];
    await network.run('us', 'dhclient', '-4', '-1', '-sf', script, ...files, 'ua');
    const held = await network.run('us', 'ss', '-lun', 'sport = :68');
    assert.match(held, /:68 /);
    const { servers } = await round({ interfaces: ['ua'], own: [] });
    assert.deepEqual(
      servers.map((each) => each.address),
      [address(1)],
    );
    await network.run('us', 'dhclient', '-4', '-x', '-sf', script, ...files, 'ua');
    await server.stop();
  });

  it('are not we ourselves, wherever we answer', async () => {
    const setting: ServerSetting = {
      mode: 'reservation',
      interfaces: [{ name: 'eth0', address: address(1), netmask: '255.255.255.0' }],
      machines: {},
    };
    const [mac] =
      /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await network.run('us', 'ip', '-o', 'link', 'show', 'ua')) ?? [];
    assert.ok(mac);
    const reservation = { mac, address: '10.78.1.9', nameServers: [], timeServers: [] };
    setting.machines[mac] = { name: 'us', reservation };
    const server = network.start<ServerLine>('a', 'dhcp-server.ts', setting);
    await server.told((line) => 'bound' in line);
    assert.equal((await round({ interfaces: ['ua'], own: [] })).servers.length, 1);
    assert.deepEqual((await round({ interfaces: ['ua'], own: [address(1)] })).servers, []);
    await server.stop();
  });

  it('are told of when they come, and when they have gone', async (t) => {
    const prober = network.start<ProberLine>('us', 'prober.ts', { interfaces: ['ua'], own: [], every: 100 });
    await prober.told((line) => 'ended' in line);
    assert.equal(
      prober.lines.some((line) => 'appeared' in line),
      false,
    );
    const server = await foreignServer(
      t,
      network,
      'a',
      'eth0',
      'dnsmasq',
      dnsmasq(1, ['no-ping', 'dhcp-range=NET.50,NET.60,1h']),
    );
    const came = await prober.told((line) => 'appeared' in line);
    assert.ok('appeared' in came && came.appeared.mac === MAC.dnsmasq);
    await server.stop();
    const left = await prober.told((line) => 'gone' in line);
    assert.ok('gone' in left && left.gone.address === address(1));
    await prober.stop();
  });
});
