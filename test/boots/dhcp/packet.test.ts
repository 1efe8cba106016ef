import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Option, readAddress, readText, readU16, readU16List, readU32 } from '../../../src/boots/dhcp/options.ts';
import { type DhcpPacket, decode, encode, macOf, replySize } from '../../../src/boots/dhcp/packet.ts';
import { captured, capturedBytes, capturedNames, packetOf } from './captured.ts';
import { alter } from './requests.ts';

const LARGEST = 65_507;

const byte = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join('.'));
const latin1 = (maxLength: number) =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes));
const value = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
const code = fc.integer({ min: 1, max: 254 }).filter((number) => number !== Option.OPTION_OVERLOAD);

const packets: fc.Arbitrary<DhcpPacket> = fc.record({
  op: byte,
  htype: byte,
  hops: byte,
  xid: fc.integer({ min: 0, max: 0xffffffff }),
  secs: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  ciaddr: address,
  yiaddr: address,
  siaddr: address,
  giaddr: address,
  chaddr: fc
    .uint8Array({ maxLength: 16 })
    .map((bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(':')),
  sname: latin1(64),
  file: latin1(128),
  options: fc.array(fc.tuple(code, value), { maxLength: 20 }).map((entries) => new Map(entries)),
});

function sorted(packet: DhcpPacket): DhcpPacket {
  return { ...packet, options: new Map([...packet.options].sort(([a], [b]) => a - b)) };
}

/** A request with the options given as raw bytes, and `file` and `sname` filled at will. */
function raw(options: number[], { file = [], sname = [] }: { file?: number[]; sname?: number[] } = {}): Buffer {
  const bytes = Buffer.alloc(240 + options.length);
  bytes.set([1, 1, 6, 0], 0);
  bytes.set(sname, 44);
  bytes.set(file, 108);
  bytes.writeUInt32BE(0x63825363, 236);
  bytes.set(options, 240);
  return bytes;
}

describe('DHCP packet codec', () => {
  it('reads back what it wrote, whatever the fields and options', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const { bytes, dropped } = encode(packet, LARGEST);
        assert.deepEqual(dropped, []);
        assert.deepEqual(sorted(packetOf(bytes)), sorted(packet));
      }),
    );
  });

  it('stays within the size allowed, and keeps message type, server and lease whatever else must go', () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 300, max: 1472 }), (packet, maxSize) => {
        packet.options
          .set(53, Buffer.of(5))
          .set(54, Buffer.of(10, 0, 0, 1))
          .set(51, Buffer.of(0, 0, 14, 16));
        const { bytes, dropped } = encode(packet, maxSize);
        assert.ok(bytes.length <= maxSize, `${bytes.length} > ${maxSize}`);
        const { options } = packetOf(bytes);
        for (const essential of [53, 54, 51]) assert.ok(options.has(essential));
        assert.deepEqual([...options.keys(), ...dropped].sort(), [...packet.options.keys()].sort());
      }),
    );
  });

  it('reads any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        const decoded = decode(Buffer.from(bytes));
        assert.ok(decoded.kind === 'packet' || decoded.sentence.length > 0);
      }),
    );
  });

  it('reads captured packets with bytes changed or cut off without throwing', () => {
    const mutations = fc.array(fc.tuple(fc.nat({ max: 420 }), byte), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom(...capturedNames), mutations, fc.nat({ max: 420 }), (name, changes, cut) => {
        const bytes = capturedBytes(name);
        for (const [at, to] of changes) if (at < bytes.length && (at < 236 || at > 239)) bytes[at] = to;
        assert.doesNotThrow(() => decode(bytes.subarray(0, Math.max(cut, 240))));
      }),
      { numRuns: 500 },
    );
  });

  it('reads what EDK2 sends', () => {
    const packet = captured('edk2-pxe-request');
    assert.equal(packet.flags, 0x8000);
    assert.equal(macOf(packet), '52:54:00:77:00:01');
    assert.equal(readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER), 'PXEClient:Arch:00007:UNDI:003000');
    assert.deepEqual(readU16List(packet.options, Option.CLIENT_SYSTEM_ARCHITECTURE), [7]);
    assert.equal(readU16(packet.options, Option.MAXIMUM_DHCP_MESSAGE_SIZE), 65280);
    assert.equal(readAddress(packet.options, Option.REQUESTED_IP_ADDRESS), '10.77.0.60');
    assert.equal(packet.options.has(Option.CLIENT_IDENTIFIER), false);
  });

  it('reads what dnsmasq answers', () => {
    const packet = captured('dnsmasq-offer');
    assert.equal(packet.op, 2);
    assert.equal(packet.yiaddr, '10.77.0.60');
    assert.equal(readU32(packet.options, Option.IP_ADDRESS_LEASE_TIME), 3600);
    assert.equal(readText(packet.options, Option.BOOTFILE_NAME), 'http://10.77.0.1:8080/boot.ipxe');
  });

  it('steps over each pad byte, and over no more', () => {
    const packet = packetOf(raw([0, 53, 1, 1, 0, 0, 0, 12, 1, 65, 255]));
    assert.deepEqual([...packet.options.keys()], [53, 12]);
  });

  it('joins options sent in parts in their order (RFC 3396)', () => {
    const packet = packetOf(raw([12, 2, 65, 66, 53, 1, 1, 12, 1, 67, 12, 0, 255]));
    assert.equal(readText(packet.options, Option.HOST_NAME), 'ABC');
  });

  it('reads options in file and sname, in that order, when option 52 says so', () => {
    const fields = { file: [12, 1, 66, 255], sname: [12, 1, 67, 255] };
    const both = packetOf(raw([52, 1, 3, 12, 1, 65, 255], fields));
    assert.equal(readText(both.options, Option.HOST_NAME), 'ABC');
    assert.equal(both.file, '');
    assert.equal(both.sname, '');
    assert.equal(both.options.has(Option.OPTION_OVERLOAD), false);
    const file = packetOf(raw([12, 1, 65, 52, 1, 1, 255], fields));
    assert.equal(readText(file.options, Option.HOST_NAME), 'AB');
    assert.equal(file.sname, '\f\x01C\xff');
  });

  it('tolerates a missing END', () => {
    assert.deepEqual([...packetOf(raw([53, 1, 1])).options.keys()], [53]);
  });

  const refused = {
    'too-short': raw([]).subarray(0, 239),
    'no-magic-cookie': Buffer.alloc(300),
    'bad-hardware-length': Buffer.from(raw([255])).fill(17, 2, 3),
    'option-overrun': raw([53, 1, 1, 12, 9, 65]),
  };
  for (const [reason, bytes] of Object.entries(refused)) {
    it(`refuses bytes that are ${reason}`, () => {
      const decoded = decode(bytes);
      assert.equal(decoded.kind === 'malformed' && decoded.reason, reason);
    });
  }

  it('refuses an option whose length byte is cut off, and one that leaves the file field', () => {
    assert.equal(decode(raw([53, 1, 1, 12])).kind, 'malformed');
    const file = new Array<number>(128).fill(0);
    file.splice(126, 2, 12, 1);
    assert.equal(decode(raw([52, 1, 1, 255], { file })).kind, 'malformed');
  });

  it('reads 20,000 parts of one option in no time', () => {
    const bytes = raw(new Array<number[]>(20_000).fill([12, 1, 65]).flat());
    const start = process.cpuUsage();
    assert.equal(packetOf(bytes).options.get(12)?.length, 20_000);
    assert.ok(process.cpuUsage(start).user < 500_000);
  });

  it('pads to 300 bytes, and writes option 82 last', () => {
    const packet = captured('udhcpc-discover');
    packet.options = new Map([
      [82, Buffer.of(1, 1, 7)],
      [12, Buffer.from('node1')],
      [53, Buffer.of(2)],
    ]);
    const { bytes } = encode(packet, 548);
    assert.equal(bytes.length, 300);
    assert.deepEqual([...packetOf(bytes).options.keys()], [53, 12, 82]);
  });

  it('takes option 57 as the size of the IP datagram, between 576 and an Ethernet frame', () => {
    const said = (size: number | undefined) => {
      const packet = captured('udhcpc-discover');
      packet.options.delete(57);
      if (size !== undefined) packet.options.set(57, Buffer.of(size >>> 8, size & 255));
      return replySize(packet);
    };
    assert.equal(said(undefined), 548);
    assert.equal(said(100), 548);
    assert.equal(said(1000), 972);
    assert.equal(said(65280), 1472);
  });
});

describe('a reply that is too long for its client', () => {
  const reply = (more: Record<number, Buffer>, fields: Partial<Omit<DhcpPacket, 'options'>> = {}): DhcpPacket => {
    const bare = alter(captured('udhcpc-discover'), { op: 2, ...fields }, more);
    for (const code of bare.options.keys()) if (!(code in more) && code !== 53) bare.options.delete(code);
    return bare;
  };
  const LIMIT = 548;
  const big = { 6: Buffer.alloc(200, 1), 15: Buffer.alloc(80, 97), 42: Buffer.alloc(60, 2), 82: Buffer.of(1, 1, 7) };

  it('uses the fields for boot file and server name, and is read again as it was', () => {
    const packet = reply({ ...big, 54: Buffer.of(1, 2, 3, 4) });
    const { bytes, dropped } = encode(packet, LIMIT);
    assert.deepEqual(dropped, []);
    assert.ok(bytes.length <= LIMIT);
    assert.deepEqual(new Map([...packetOf(bytes).options].sort()), new Map([...packet.options].sort()));
    assert.equal(bytes[242], 1);
  });

  it('leaves the boot file where it is, and says what had no room', () => {
    const packet = reply(big, { file: 'ipxe.efi', sname: '10.0.0.1' });
    const { bytes, dropped } = encode(packet, LIMIT);
    assert.deepEqual(dropped, [42]);
    assert.equal(packetOf(bytes).file, 'ipxe.efi');
    const inSname = encode(reply(big, { file: 'ipxe.efi' }), LIMIT);
    assert.deepEqual(inSname.dropped, []);
    assert.equal(packetOf(inSname.bytes).file, 'ipxe.efi');
    assert.ok(packetOf(inSname.bytes).options.has(42));
  });

  it('sends the identifier of its client back before all that could be left out (RFC 6842)', () => {
    const identifier = Buffer.alloc(255, 7);
    const more = { 1: Buffer.alloc(4, 255), 54: Buffer.alloc(4, 9), 61: identifier, 100: Buffer.alloc(99, 3) };
    const packet = reply({ ...big, ...more, 114: Buffer.alloc(9, 4) }, { file: 'ipxe.efi', sname: '10.0.0.1' });
    const { bytes, dropped } = encode(packet, LIMIT);
    assert.deepEqual(packetOf(bytes).options.get(61), identifier);
    assert.deepEqual(packetOf(bytes).options.get(1), more[1]);
    assert.ok(dropped.includes(6) && dropped.includes(100));
  });

  it('keeps the relay agent’s option last of the options proper', () => {
    const { bytes } = encode(reply(big), LIMIT);
    const at = bytes.indexOf(Buffer.of(82, 3, 1, 1, 7, 255));
    assert.ok(at >= 240);
  });
});
