/** Pool mode with clients and a relay agent that we did not write. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { dhclient, udhcpc, udhcpcForLong } from './dhcp-clients.ts';
import { needTools, type Teller, TestNetwork } from './dhcp-network.ts';
import { dhcrelay } from './dhcp-relay-agents.ts';
import { isNote, type ServerLine, type ServerSetting } from './dhcp-server.ts';

const MAC = {
  a: '52:54:00:e1:00:01',
  b: '52:54:00:e1:00:02',
  r: '52:54:00:e1:00:03',
  u: '52:54:00:e1:00:04',
  n: '52:54:00:e1:00:05',
};
const USED = '10.77.1.119';
const isFrom = (address: string | undefined, first: number, last: number, network = '10.77.1'): boolean => {
  const [, host = ''] = address?.split(`${network}.`) ?? [];
  return Number(host) >= first && Number(host) <= last;
};

describe('pool mode with clients that we did not write', () => {
  let network: TestNetwork;
  let server: Teller<ServerLine>;
  let setting: ServerSetting;

  const noted = (mac: string, reason: string) =>
    server.told((line) => isNote(line) && line.mac === mac && line.reason === reason);
  const start = async () => {
    server = network.start('s', 'dhcp-server.ts', setting);
    await server.told((line) => 'bound' in line);
  };

  before(async () => {
    needTools({
      ...{ ip: 'iproute2', dhclient: 'isc-dhcp-client', udhcpc: 'udhcpc' },
      dhcrelay: 'isc-dhcp-relay',
    });
    network = new TestNetwork();
    network.add('s', 'w', 'a', 'u', 'b', 'r', 'c');
    // A switch with the server, a client, and a computer that has given itself an address.
    network.ip('w', 'link', 'add', 'switch', 'type', 'bridge');
    network.ip('w', 'link', 'set', 'switch', 'up');
    network.cable({ in: 's', device: 'sa', address: '10.77.1.1/24' }, { in: 'w', device: 'port1' });
    network.cable({ in: 'a', device: 'eth0', mac: MAC.a }, { in: 'w', device: 'port2' });
    network.cable({ in: 'u', device: 'eth0', mac: MAC.u, address: `${USED}/24` }, { in: 'w', device: 'port3' });
    for (const port of ['port1', 'port2', 'port3']) network.ip('w', 'link', 'set', port, 'master', 'switch');
    network.cable({ in: 's', device: 'sb', address: '10.77.2.1/24' }, { in: 'b', device: 'eth0', mac: MAC.b });
    network.cable(
      { in: 's', device: 'sr', address: '10.77.3.1/24' },
      { in: 'r', device: 'upstream', address: '10.77.3.2/24' },
    );
    network.cable({ in: 'r', device: 'downstream', address: '10.88.0.1/24' }, { in: 'c', device: 'eth0', mac: MAC.r });
    network.ip('s', 'route', 'add', '10.88.0.0/24', 'via', '10.77.3.2');
    await network.run('r', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const data = join(network.directory, 'data');
    mkdirSync(data);
    setting = {
      mode: 'pool',
      interfaces: [
        { name: 'sa', address: '10.77.1.1', netmask: '255.255.255.0' },
        { name: 'sb', address: '10.77.2.1', netmask: '255.255.255.0' },
        { name: 'sr', address: '10.77.3.1', netmask: '255.255.255.0' },
      ],
      machines: {},
      network: { leaseTime: 600, nameServers: ['10.77.0.53'] },
      more: [
        {
          ...{ name: 'rack', address: '10.88.0.0', prefix: 24, mode: 'pool', routers: ['10.88.0.1'] },
          ranges: [{ first: '10.88.0.100', last: '10.88.0.119' }],
          routes: [{ address: '192.168.7.0', prefix: 24, via: '10.88.0.2' }],
        },
      ],
      pool: {
        data,
        ranges: [
          { first: '10.77.1.100', last: '10.77.1.119' },
          { first: '10.77.2.100', last: '10.77.2.119' },
        ],
      },
    };
    await start();
  });

  after(() => network?.remove());
  afterEach(() => {
    for (const each of ['a', 'b', 'c']) network.ip(each, 'address', 'flush', 'dev', 'eth0');
  });

  it('dhclient and udhcpc on two interfaces at once get an address each of its own network', async () => {
    const [a, b] = await Promise.all([dhclient(network, 'a', 'eth0'), udhcpc(network, 'b', 'eth0')]);
    assert.ok(isFrom(a.address, 100, 119), a.address);
    assert.ok(isFrom(b.address, 100, 119, '10.77.2'), b.address);
    assert.deepEqual([a.server, b.server], ['10.77.1.1', '10.77.2.1']);
    assert.deepEqual([a.leaseTime, a.netmask, a.nameServers], [600, '255.255.255.0', ['10.77.0.53']]);
  });

  it('udhcpc and dhclient keep it over a restart of the server, renew it by unicast, and give it back', async () => {
    const first = await udhcpc(network, 'b', 'eth0');
    await server.stop();
    await start();
    const again = await udhcpcForLong(network, 'b', 'eth0');
    assert.equal(again.address, first.address);
    const renewed = await noted(MAC.b, 'lease-renewed');
    assert.equal(isNote(renewed) && renewed.details.from, `${first.address}:68`);
    await noted(MAC.b, 'address-released');
    const before = await dhclient(network, 'a', 'eth0', true);
    await noted(MAC.a, 'address-released');
    assert.equal((await dhclient(network, 'a', 'eth0')).address, before.address);
  });

  it('a client behind ISC dhcrelay gets one of the relay’s network, with its routes, and renews it', async (t) => {
    const relay = await dhcrelay(network, 'r', { downstream: 'downstream', upstream: 'upstream', server: '10.77.3.1' });
    t.after(relay.stop);
    const given = await udhcpcForLong(network, 'c', 'eth0');
    assert.ok(isFrom(given.address, 100, 119, '10.88.0'), given.address);
    assert.deepEqual([given.router, given.netmask], ['10.88.0.1', '255.255.255.0']);
    const offered = await noted(MAC.r, 'address-offered');
    assert.equal(isNote(offered) && offered.details.giaddr, '10.88.0.1');
    const renewed = await noted(MAC.r, 'lease-renewed');
    assert.equal(isNote(renewed) && renewed.reason, 'lease-renewed');
    const dh = await dhclient(network, 'c', 'eth0');
    assert.ok(isFrom(dh.address, 100, 119, '10.88.0'), dh.address);
    // Somebody in the relay's network uses an address: asked by ICMP.
    network.ip('r', 'address', 'add', '10.88.0.110/32', 'dev', 'downstream');
    network.ip('c', 'link', 'set', 'eth0', 'address', MAC.n);
    const other = await udhcpc(network, 'c', 'eth0', ['-r', '10.88.0.110']);
    assert.notEqual(other.address, '10.88.0.110');
    const conflict = await noted(MAC.n, 'address-in-use');
    assert.match(isNote(conflict) ? conflict.sentence : '', /another computer uses it/);
  });

  it('an address that somebody uses is not offered, and the trace says who has it', async () => {
    // It has had no address here yet: it would get the same again.
    network.ip('a', 'link', 'set', 'eth0', 'address', MAC.n);
    const given = await udhcpc(network, 'a', 'eth0', ['-r', USED]);
    network.ip('a', 'link', 'set', 'eth0', 'address', MAC.a);
    assert.notEqual(given.address, USED);
    const conflict = await server.told(
      (line) => isNote(line) && line.mac === MAC.n && line.details.usedBy !== undefined,
    );
    assert.ok(isNote(conflict));
    assert.equal(conflict.details.usedBy, MAC.u);
    assert.match(
      conflict.sentence,
      /^did not offer 10\.77\.1\.119 to 52:54:00:e1:00:05: 52:54:.* uses it; it is given to nobody until/,
    );
  });

  it('a VLAN interface is served like any other', async (t) => {
    const vlan = ['type', 'vlan', 'id', '10'];
    try {
      network.ip('s', 'link', 'add', 'link', 'sa', 'name', 'sa.10', ...vlan);
    } catch {
      return t.skip('the kernel here has no VLANs (8021q)');
    }
    network.ip('a', 'link', 'add', 'link', 'eth0', 'name', 'eth0.10', ...vlan);
    network.ip('s', 'address', 'add', '10.77.10.1/24', 'dev', 'sa.10');
    for (const [namespace, device] of [
      ['s', 'sa.10'],
      ['a', 'eth0.10'],
    ] as const)
      network.ip(namespace, 'link', 'set', device, 'up');
    setting.interfaces.push({ name: 'sa.10', address: '10.77.10.1', netmask: '255.255.255.0' });
    setting.pool?.ranges.push({ first: '10.77.10.100', last: '10.77.10.119' });
    await server.stop();
    await start();
    const [tagged, plain] = await Promise.all([udhcpc(network, 'a', 'eth0.10'), dhclient(network, 'a', 'eth0')]);
    assert.ok(isFrom(tagged.address, 100, 119, '10.77.10'), tagged.address);
    assert.ok(isFrom(plain.address, 100, 119), plain.address);
  });
});
