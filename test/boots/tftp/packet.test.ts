import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type TftpPacket, writeDataHeader } from '../../../src/boots/tftp/packet.ts';

/** Records of the same prototype as those under test. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });

const word = fc.integer({ min: 0, max: 0xffff });
const text = (longest: number) =>
  fc.string({ unit: 'binary', maxLength: longest }).map((value) => value.replaceAll('\0', '').toWellFormed());
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const options = fc.array(plain({ name, value: fc.stringMatching(/^[ -~]{0,10}$/) }), { maxLength: 4 });
const request = (kind: 'read-request' | 'write-request') =>
  plain({ kind: fc.constant(kind), file: text(90), mode: fc.constantFrom('octet', 'netascii', 'mail'), options });

const packets: fc.Arbitrary<TftpPacket> = fc.oneof(
  request('read-request'),
  request('write-request'),
  plain({
    kind: fc.constant('data' as const),
    block: word,
    data: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  }),
  plain({ kind: fc.constant('ack' as const), block: word }),
  plain({ kind: fc.constant('error' as const), code: word, message: text(100) }),
  plain({ kind: fc.constant('oack' as const), options }),
);

/** A read request of these strings, each ended by a NUL. */
function rrq(...strings: string[]): Buffer {
  return Buffer.concat([Buffer.from([0, 1]), ...strings.map((string) => Buffer.from(`${string}\0`))]);
}

describe('TFTP packets', () => {
  it('come back as they were written', () => {
    fc.assert(fc.property(packets, (packet) => assert.deepEqual(decode(encode(packet)), packet)));
  });

  it('are read from any bytes without throwing', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.tuple(packets, fc.nat(), fc.nat(255)).map(([packet, at, byte]) => {
        const wire = encode(packet);
        wire[at % wire.length] = byte;
        return wire;
      }),
      fc.tuple(packets, fc.nat()).map(([packet, end]) => {
        const wire = encode(packet);
        return wire.subarray(0, end % (wire.length + 1));
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const packet = decode(Buffer.from(input));
        if (packet.kind === 'malformed') assert.notEqual(packet.sentence, '');
        else if (packet.kind === 'read-request') assert.ok(!packet.file.includes('\0') && packet.options.length <= 16);
      }),
      { numRuns: 2000 },
    );
  });

  it('have option names and modes in any case', () => {
    assert.deepEqual(decode(rrq('/ipxe.efi', 'OcTeT', 'BLKSIZE', '1468', 'WindowSize', '4')), {
      kind: 'read-request',
      file: '/ipxe.efi',
      mode: 'octet',
      options: [
        { name: 'blksize', value: '1468' },
        { name: 'windowsize', value: '4' },
      ],
    });
  });

  it('may be padded with zeros', () => {
    const packet = decode(Buffer.concat([rrq('a', 'octet', 'tsize', '0'), Buffer.alloc(40)]));
    assert.deepEqual(packet.kind === 'read-request' && packet.options, [{ name: 'tsize', value: '0' }]);
  });

  it('write the low 16 bits of a block number', () => {
    const bytes = Buffer.alloc(6);
    writeDataHeader(bytes, 2, 65_536 + 258);
    assert.deepEqual([...bytes], [0, 0, 0, 3, 1, 2]);
  });

  const malformed: [string, Buffer, string, boolean][] = [
    ['nothing', Buffer.alloc(0), 'too-short', false],
    ['one byte', Buffer.from([0]), 'too-short', false],
    ['an opcode of the future', Buffer.from([0, 7, 0, 0]), 'unknown-opcode', false],
    ['an ACK without a number', Buffer.from([0, 4, 1]), 'too-short', false],
    ['DATA without a number', Buffer.from([0, 3]), 'too-short', false],
    ['an ERROR without a code', Buffer.from([0, 5, 0]), 'too-short', false],
    ['DATA over 65464 bytes', Buffer.concat([Buffer.from([0, 3, 0, 1]), Buffer.alloc(65_465)]), 'too-long', false],
    ['a bare request', Buffer.from([0, 1]), 'unterminated-string', true],
    ['a name without end', Buffer.from('\0\x01ipxe.efi'), 'unterminated-string', true],
    ['a mode without end', Buffer.from('\0\x01ipxe.efi\0octet'), 'unterminated-string', true],
    ['an option without a value', rrq('a', 'octet', 'tsize'), 'option-without-value', true],
    ['an option without end', Buffer.concat([rrq('a', 'octet'), Buffer.from('tsize')]), 'unterminated-string', true],
    ['a value without end', Buffer.concat([rrq('a', 'octet', 'tsize'), Buffer.from('0')]), 'unterminated-string', true],
    ['a request over 512 bytes', rrq('a'.repeat(510), 'octet'), 'too-long', true],
    ['17 options', rrq('a', 'octet', ...Array<string>(34).fill('x')), 'too-many-options', true],
  ];
  for (const [what, bytes, reason, isRequest] of malformed) {
    it(`are malformed as ${what}`, () => {
      const packet = decode(bytes);
      assert.equal(packet.kind, 'malformed');
      assert.equal(packet.kind === 'malformed' && packet.reason, reason);
      assert.equal(packet.kind === 'malformed' && packet.request, isRequest);
    });
  }
});
