/** Frames as a client writes and reads them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Frame, readFrame, writeFrame } from '../../../src/boots/dhcp-client/index.ts';

const byte = fc.integer({ min: 0, max: 255 });
const mac = fc.array(byte, { minLength: 6, maxLength: 6 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:'),
);
const ip = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'));
const port = fc.integer({ min: 0, max: 65_535 });
const frame: fc.Arbitrary<Frame> = fc.record(
  {
    sourceMac: mac,
    destinationMac: mac,
    source: ip,
    destination: ip,
    sourcePort: port,
    destinationPort: port,
    payload: fc.uint8Array({ maxLength: 1472 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);

/** The Internet checksum of bytes that have theirs in them is 0 (RFC 1071). */
function folded(...parts: Buffer[]): number {
  let sum = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) sum += (part[at] ?? 0) * 256 + (part[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

describe('frames', () => {
  it('are read as they were written, whatever stands behind them', () => {
    fc.assert(
      fc.property(frame, fc.uint8Array({ maxLength: 46 }), (one, padding) => {
        assert.deepEqual(readFrame(Buffer.concat([writeFrame(one), padding])), one);
      }),
    );
  });

  it('have checksums that are right', () => {
    fc.assert(
      fc.property(frame, (one) => {
        const bytes = writeFrame(one);
        const ipHeader = bytes.subarray(14, 34);
        const udp = bytes.subarray(34);
        assert.equal(folded(ipHeader), 0);
        assert.equal(folded(ipHeader.subarray(12, 20), Buffer.of(0, 17, udp.length >> 8, udp.length & 0xff), udp), 0);
      }),
    );
  });

  it('are refused, without an error, when they are something else, cut or mutated', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.nat(), byte, (one, cut, at, value) => {
        const bytes = writeFrame(one);
        assert.equal(readFrame(bytes.subarray(0, cut % bytes.length)), undefined);
        bytes[at % bytes.length] = value;
        readFrame(bytes);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void readFrame(Buffer.from(bytes))));
    const fragment = writeFrame({
      ...{ sourceMac: '02:00:00:00:00:01', destinationMac: '02:00:00:00:00:02', source: '10.0.0.1' },
      ...{ destination: '10.0.0.2', sourcePort: 67, destinationPort: 68, payload: Buffer.alloc(300) },
    });
    fragment[20] = 0x20;
    assert.equal(readFrame(fragment), undefined);
  });
});
