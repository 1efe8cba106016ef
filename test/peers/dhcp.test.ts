import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Reservation } from '../../src/boots/dhcp/index.ts';
import { dhclient, type Given, udhcpc, udhcpcForLong } from './dhcp-clients.ts';
import { needTools, type Teller, TestNetwork } from './dhcp-network.ts';
import { isNote, type ServerLine, type ServerSetting } from './dhcp-server.ts';

const MAC_A = '52:54:00:aa:00:01';
const MAC_B = '52:54:00:bb:00:01';
const MAC_STRANGER = '52:54:00:cc:00:01';

function reservation(mac: string, network: string): Reservation {
  return {
    mac,
    address: `${network}.60`,
    netmask: '255.255.255.0',
    gateway: `${network}.254`,
    hostname: 'node1',
    domainName: 'lab.example',
    nameServers: [`${network}.2`, `${network}.3`],
    timeServers: [`${network}.4`],
    leaseTime: 7200,
  };
}

function expected(network: string): Given {
  return {
    address: `${network}.60`,
    netmask: '255.255.255.0',
    router: `${network}.254`,
    nameServers: [`${network}.2`, `${network}.3`],
    leaseTime: 7200,
    server: `${network}.1`,
    hostname: 'node1',
    domain: 'lab.example',
  };
}

describe('DHCP clients that we did not write', () => {
  let network: TestNetwork;
  let server: Teller<ServerLine>;

  /** The note of a packet that a machine sent, past or to come. */
  const noted = (mac: string, reason: string) =>
    server.told((line) => isNote(line) && line.mac === mac && line.reason === reason);

  before(async () => {
    needTools({ ip: 'iproute2', dhclient: 'isc-dhcp-client', udhcpc: 'udhcpc' });
    network = new TestNetwork();
    network.add('s', 'a', 'b', 'c');
    network.cable({ in: 's', device: 'sa', address: '10.77.1.1/24' }, { in: 'a', device: 'eth0', mac: MAC_A });
    network.cable({ in: 's', device: 'sb', address: '10.77.2.1/24' }, { in: 'b', device: 'eth0', mac: MAC_B });
    network.cable({ in: 's', device: 'sc', address: '10.77.3.1/24' }, { in: 'c', device: 'eth0', mac: MAC_STRANGER });
    const setting: ServerSetting = {
      mode: 'reservation',
      interfaces: ['sa', 'sb', 'sc'].map((name, index) => ({
        name,
        address: `10.77.${index + 1}.1`,
        netmask: '255.255.255.0',
      })),
      machines: {
        [MAC_A]: { name: 'node-a', reservation: reservation(MAC_A, '10.77.1') },
        [MAC_B]: { name: 'node-b', reservation: reservation(MAC_B, '10.77.2') },
      },
    };
    server = network.start('s', 'dhcp-server.ts', setting);
    await server.told((line) => 'bound' in line);
  });

  after(() => network?.remove());

  it('dhclient gets exactly what is reserved, and gives it back', async () => {
    assert.deepEqual(await dhclient(network, 'a', 'eth0', true), expected('10.77.1'));
    const released = await noted(MAC_A, 'address-released');
    assert.equal(isNote(released) && released.details.address, '10.77.1.60');
  });

  it('udhcpc gets exactly what is reserved, from the interface that it is on', async () => {
    assert.deepEqual(await udhcpc(network, 'b', 'eth0'), expected('10.77.2'));
    const offered = await noted(MAC_B, 'address-offered');
    assert.equal(isNote(offered) && offered.details.interface, 'sb');
  });

  it('udhcpc renews its lease by unicast, and gives it back', async () => {
    assert.deepEqual(await udhcpcForLong(network, 'b', 'eth0'), expected('10.77.2'));
    const renewed = await noted(MAC_B, 'lease-renewed');
    assert.equal(isNote(renewed) && renewed.details.from, '10.77.2.60:68');
    await noted(MAC_B, 'address-released');
  });

  it('two clients on two interfaces at once get each its own', async () => {
    const [a, b] = await Promise.all([dhclient(network, 'a', 'eth0'), udhcpc(network, 'b', 'eth0')]);
    assert.deepEqual(a, expected('10.77.1'));
    assert.deepEqual(b, expected('10.77.2'));
  });

  it('the client of the npm package dhcp gets exactly what is reserved', async () => {
    network.ip('a', 'address', 'add', '169.254.9.9/16', 'dev', 'eth0');
    network.ip('a', 'route', 'add', 'default', 'dev', 'eth0');
    const program = join(import.meta.dirname, 'dhcp-npm-client.ts');
    const lease = JSON.parse(await network.run('a', process.execPath, program, MAC_A));
    assert.equal(lease.address, '10.77.1.60');
    assert.equal(lease.server, '10.77.1.1');
    assert.equal(lease.leasePeriod, 7200);
    assert.equal(lease.options.netmask, '255.255.255.0');
    assert.deepEqual([lease.options.router].flat(), ['10.77.1.254']);
    assert.deepEqual([lease.options.dns].flat(), ['10.77.1.2', '10.77.1.3']);
  });

  it('a machine that is not known gets nothing, and is noted', async () => {
    const script = network.script('stranger.sh', 'exit 0\n');
    const asking = ['-f', '-q', '-n', '-t', '1', '-T', '1', '-i', 'eth0', '-s', script];
    await assert.rejects(network.run('c', 'udhcpc', ...asking), /no lease/);
    const line = await noted(MAC_STRANGER, 'unknown-machine');
    assert.equal(isNote(line) && line.details.interface, 'sc');
  });
});
