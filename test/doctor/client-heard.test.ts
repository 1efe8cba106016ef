/** Whose answers count for the firmware that is played. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '../../src/boots/dhcp/index.ts';
import { address, Option, u8 } from '../../src/boots/dhcp/options.ts';
import { Heard } from '../../src/doctor/client/heard.ts';

const MAC = '52:54:00:00:00:01';

/** An offer, as it comes from a server. */
function offer(server: string, xid: number) {
  const payload = encode(
    {
      ...{ op: 2, htype: 1, hops: 0, xid, secs: 0, flags: 0, ciaddr: '0.0.0.0', yiaddr: '10.0.0.50' },
      ...{ siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: MAC, sname: '', file: '' },
      options: new Map([
        [Option.DHCP_MESSAGE_TYPE, u8(2)],
        [Option.SERVER_IDENTIFIER, address(server)],
      ]),
    },
    1472,
  ).bytes;
  return {
    ...{ sourceMac: '02:00:00:00:00:99', destinationMac: 'ff:ff:ff:ff:ff:ff', source: server },
    ...{ destination: '255.255.255.255', sourcePort: 67, destinationPort: 68, payload },
  };
}

describe('an answer', () => {
  it('counts of every server, unless one is named', () => {
    const heard = new Heard(undefined);
    for (const server of ['10.0.0.1', '10.0.0.2']) heard.take(offer(server, 7));
    assert.deepEqual([heard.of(7).length, heard.of(8).length, heard.othersOf(7)], [2, 0, []]);
  });

  it('of another server than the one that is named is only known to have come', () => {
    const heard = new Heard('10.0.0.1');
    for (const [server, xid] of [['10.0.0.2', 7] as const, ['10.0.0.2', 7] as const, ['10.0.0.1', 8] as const])
      heard.take(offer(server, xid));
    assert.deepEqual([heard.of(7), heard.othersOf(7)], [[], ['10.0.0.2']]);
    assert.deepEqual([heard.of(8).map(({ server }) => server), heard.othersOf(8)], [['10.0.0.1'], []]);
  });
});
