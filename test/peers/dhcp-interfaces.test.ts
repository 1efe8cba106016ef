/** Pool mode on interfaces that are no cards: a bridge, a macvlan, and one with a name as VLANs have it. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { udhcpc } from './dhcp-clients.ts';
import { needTools, TestNetwork } from './dhcp-network.ts';
import { isNote, type ServerLine, type ServerSetting } from './dhcp-server.ts';

const MAC = '52:54:00:e2:00:01';

/** `s` with a cable to `c`, and on it what the test makes of it. */
function made(t: TestContext, device: string, make: (network: TestNetwork) => void) {
  needTools({ ip: 'iproute2', udhcpc: 'udhcpc' });
  const network = new TestNetwork();
  t.after(() => network.remove());
  network.add('s', 'c');
  network.cable({ in: 's', device: 'port' }, { in: 'c', device: 'eth0', mac: MAC });
  make(network);
  network.ip('s', 'address', 'add', '10.77.1.1/24', 'dev', device);
  network.ip('s', 'link', 'set', device, 'up');
  const data = join(network.directory, 'data');
  mkdirSync(data);
  const setting: ServerSetting = {
    mode: 'pool',
    interfaces: [{ name: device, address: '10.77.1.1', netmask: '255.255.255.0' }],
    machines: {},
    pool: { data, ranges: [{ first: '10.77.1.100', last: '10.77.1.100' }] },
  };
  return { network, server: network.start<ServerLine>('s', 'dhcp-server.ts', setting) };
}

describe('pool mode', () => {
  for (const [what, device, make] of [
    [
      'a bridge',
      'br0',
      (network: TestNetwork) => {
        network.ip('s', 'link', 'add', 'br0', 'type', 'bridge');
        network.ip('s', 'link', 'set', 'port', 'master', 'br0');
      },
    ],
    [
      'a macvlan',
      'mv0',
      (network: TestNetwork) => network.ip('s', 'link', 'add', 'link', 'port', 'name', 'mv0', 'type', 'macvlan'),
    ],
    [
      'an interface with the name of a VLAN',
      'eth0.10',
      (network: TestNetwork) => {
        network.ip('s', 'link', 'set', 'port', 'down');
        network.ip('s', 'link', 'set', 'port', 'name', 'eth0.10');
      },
    ],
  ] as const)
    it(`gives addresses on ${what}`, async (t) => {
      const { network, server } = made(t, device, make);
      await server.told((line) => 'bound' in line);
      const given = await udhcpc(network, 'c', 'eth0');
      assert.deepEqual([given.address, given.server], ['10.77.1.100', '10.77.1.1']);
      const notes = server.lines.filter(isNote).filter(({ mac }) => mac === MAC);
      assert.ok(notes.length >= 2);
      for (const { details } of notes) assert.equal(details.interface, device);
    });
});
