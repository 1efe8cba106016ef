/** What option 82 says of where a request came in, and from whom it counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cameInOf } from '../../../src/boots/dhcp/came-in.ts';
import { address, subOptions, text } from '../../../src/boots/dhcp/options.ts';
import { request } from './requests.ts';

const eth0 = { name: 'eth0', address: '10.77.0.1', netmask: '255.255.0.0' };
const CIRCUIT = text('port 7');
const REMOTE = text('switch 2');
const agent = subOptions([
  [1, CIRCUIT],
  [2, REMOTE],
  [5, address('10.88.0.0')],
  [11, address('10.88.0.1')],
]);
const ciaddr = '10.88.0.10';
const giaddr = '10.88.0.1';

describe('option 82', () => {
  it('of a relay agent says the link and the server identifier, also in a renewal (RFC 5107)', () => {
    for (const fields of [{ giaddr }, { giaddr, ciaddr }]) {
      const { interface: on, ...said } = cameInOf(request('REQUEST', fields, { 82: agent }), eth0);
      assert.equal(on, eth0);
      assert.deepEqual(said, {
        ...{ giaddr, circuitId: CIRCUIT, remoteId: REMOTE },
        ...{ linkSelection: '10.88.0.0', serverIdentifier: '10.88.0.1' },
      });
    }
  });

  it('without a relay agent says the port of a switch, and nothing that only a relay agent may say', () => {
    for (const fields of [{}, { ciaddr }]) {
      const { interface: _, ...said } = cameInOf(request('REQUEST', fields, { 82: agent }), eth0);
      assert.deepEqual(said, {
        ...{ giaddr: undefined, circuitId: CIRCUIT, remoteId: REMOTE },
        ...{ linkSelection: undefined, serverIdentifier: undefined },
      });
    }
  });
});
