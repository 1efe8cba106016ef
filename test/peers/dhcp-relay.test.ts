import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dhclient, udhcpc } from './dhcp-clients.ts';
import { needTools, type Teller, TestNetwork } from './dhcp-network.ts';
import type { RelayLine, RelaySetting } from './dhcp-relay.ts';
import { isNote, type ServerLine, type ServerSetting } from './dhcp-server.ts';

const MAC = '52:54:00:dd:00:01';
const LOSS = 0.05;
const UDHCPC_RUNS = 30;
const DHCLIENT_RUNS = 5;

describe('DHCP through a relay agent', () => {
  let network: TestNetwork;
  let server: Teller<ServerLine>;

  before(async () => {
    needTools({ ip: 'iproute2', dhclient: 'isc-dhcp-client', udhcpc: 'udhcpc' });
    network = new TestNetwork();
    network.add('s', 'r', 'c');
    network.cable(
      { in: 's', device: 's0', address: '10.77.0.1/24' },
      { in: 'r', device: 'upstream', address: '10.77.0.254/24' },
    );
    network.cable({ in: 'r', device: 'downstream', address: '10.88.0.1/24' }, { in: 'c', device: 'eth0', mac: MAC });
    network.ip('s', 'route', 'add', '10.88.0.0/24', 'via', '10.77.0.254');
    const reservation = {
      mac: MAC,
      address: '10.88.0.60',
      netmask: '255.255.255.0',
      gateway: '10.88.0.1',
      hostname: 'node1',
      nameServers: ['10.88.0.2'],
      timeServers: [],
      leaseTime: 7200,
    };
    const setting: ServerSetting = {
      mode: 'reservation',
      interfaces: [{ name: 's0', address: '10.77.0.1', netmask: '255.255.255.0' }],
      machines: { [MAC]: { name: 'node1', reservation } },
    };
    server = network.start('s', 'dhcp-server.ts', setting);
    await server.told((line) => 'bound' in line);
  });

  after(() => network?.remove());

  async function startRelay(loss: number): Promise<Teller<RelayLine>> {
    const setting: RelaySetting = {
      clients: { device: 'downstream', address: '10.88.0.1' },
      server: { device: 'upstream', address: '10.77.0.1' },
      loss,
      seed: 20260,
    };
    const relay = network.start<RelayLine>('r', 'dhcp-relay.ts', setting);
    await relay.told((line) => 'ready' in line);
    return relay;
  }

  const expected = {
    address: '10.88.0.60',
    netmask: '255.255.255.0',
    router: '10.88.0.1',
    nameServers: ['10.88.0.2'],
    leaseTime: 7200,
    server: '10.77.0.1',
    hostname: 'node1',
    domain: undefined,
  };

  it('reaches dhclient and udhcpc, with option 82 sent back each time', async () => {
    const relay = await startRelay(0);
    assert.deepEqual(await dhclient(network, 'c', 'eth0'), expected);
    assert.deepEqual(await udhcpc(network, 'c', 'eth0'), expected);
    const replies = relay.lines.filter((line) => 'to' in line && line.to === 'client');
    assert.ok(replies.length >= 4);
    for (const reply of replies) assert.equal('echoed' in reply && reply.echoed, true);
    const offered = server.lines.find((line) => isNote(line) && line.reason === 'address-offered');
    assert.equal(offered && isNote(offered) && offered.details.giaddr, '10.88.0.1');
    await relay.stop();
  });

  it(`reaches both every time where ${LOSS * 100} % of the datagrams are lost`, async () => {
    const relay = await startRelay(LOSS);
    for (let run = 0; run < UDHCPC_RUNS; run++) assert.deepEqual(await udhcpc(network, 'c', 'eth0'), expected);
    for (let run = 0; run < DHCLIENT_RUNS; run++) assert.deepEqual(await dhclient(network, 'c', 'eth0'), expected);
    const lost = relay.lines.filter((line) => 'lost' in line && line.lost);
    assert.ok(lost.length > 0, 'nothing was lost: the test has shown nothing');
    await relay.stop();
  });
});
