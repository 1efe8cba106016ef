/** The command line, where what it sends to the appliance's address is swallowed, as firewalls do. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { it } from 'node:test';
import { needTools, TestNetwork } from './dhcp-network.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

it('gives up a connection that does not come about, and says to where', async (t) => {
  needTools({ ip: 'iproute2' });
  const network = new TestNetwork();
  t.after(() => network.remove());
  network.add('c', 'o');
  network.cable({ in: 'c', device: 'eth0', address: '10.99.0.1/24' }, { in: 'o', device: 'eth0' });
  network.ip('c', 'neigh', 'add', '10.99.0.2', 'lladdr', '52:54:00:00:00:01', 'dev', 'eth0');
  await assert.rejects(
    network.run('c', process.execPath, MAIN, '--server', 'http://10.99.0.2:8080', 'machine', 'list'),
    /No appliance answers at http:\/\/10\.99\.0\.2:8080: no connection within 10 s\.\nSee that the address is right/,
  );
});
