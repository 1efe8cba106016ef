import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { arpProbe, arpSender, echoRequest, echoSender } from '../../../src/boots/dhcp/probe-packets.ts';

const OWN = Buffer.from('525400000001', 'hex');

describe('packets that ask whether an address is in use', () => {
  it('are ARP probes from no address (RFC 5227), answered by the one who has it', () => {
    const probe = arpProbe(OWN, '10.0.0.7');
    assert.equal(probe.toString('hex'), '0001080006040001525400000001000000000000000000000a000007');
    assert.equal(arpSender(probe), undefined, 'who only asks has no address');
    const reply = Buffer.from('00010800060400025254000000990a00000752540000000100000000', 'hex');
    assert.deepEqual(arpSender(reply), { address: '10.0.0.7', mac: '52:54:00:00:00:99' });
  });

  it('are echo requests with a checksum, answered with the same identifier', () => {
    const asked = echoRequest(0x1234, 0x10007);
    assert.equal(asked.toString('hex'), '0800e5c4123400070000000000000000');
    const answer = Buffer.concat([Buffer.alloc(20), asked]);
    answer[0] = 0x45;
    answer.set([10, 0, 0, 7], 12);
    answer[20] = 0;
    assert.equal(echoSender(answer, 0x1234), '10.0.0.7');
    assert.equal(echoSender(answer, 0x1235), undefined);
  });

  it('are read from any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        arpSender(Buffer.from(bytes));
        echoSender(Buffer.from(bytes), 1);
      }),
    );
  });
});
