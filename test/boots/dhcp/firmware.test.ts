import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firmwareOf } from '../../../src/boots/dhcp/firmware.ts';
import { Option, readSubOptions, readUserClasses, subOptions, u16 } from '../../../src/boots/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/boots/dhcp/packet.ts';
import { captured } from './captured.ts';

const UUID = '11223344-5566-7788-99aa-bbccddeeff00';

function changed(name: string, changes: Record<number, Buffer | string | undefined>): DhcpPacket {
  const packet = captured(name);
  for (const [code, value] of Object.entries(changes)) {
    if (value === undefined) packet.options.delete(Number(code));
    else packet.options.set(Number(code), Buffer.from(value));
  }
  return packet;
}

describe('firmware, as it names itself', () => {
  it('knows iPXE in BIOS', () => {
    assert.deepEqual(firmwareOf(captured('ipxe-bios-discover')), {
      kind: 'ipxe',
      architectures: [0],
      uuid: UUID,
      userClass: 'iPXE',
      vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
    });
  });

  it('knows the PXE of EDK2', () => {
    assert.deepEqual(firmwareOf(captured('edk2-pxe-discover')), {
      kind: 'pxe',
      architectures: [7],
      uuid: UUID,
      userClass: undefined,
      vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
    });
  });

  it('knows UEFI HTTP Boot', () => {
    const client = firmwareOf(captured('edk2-http-discover'));
    assert.equal(client?.kind, 'http');
    assert.deepEqual(client?.architectures, [16]);
  });

  it('takes no operating system for firmware', () => {
    assert.equal(firmwareOf(captured('udhcpc-discover')), undefined);
  });

  const cases: { what: string; packet: DhcpPacket; kind: string | undefined }[] = [
    {
      what: 'iPXE with its user class length-prefixed (RFC 3004)',
      packet: changed('ipxe-bios-discover', { 77: '\x04iPXE' }),
      kind: 'ipxe',
    },
    {
      what: 'iPXE among other user classes',
      packet: changed('ipxe-bios-discover', { 77: '\x03lab\x04iPXE' }),
      kind: 'ipxe',
    },
    { what: 'iPXE by option 175 alone', packet: changed('ipxe-bios-discover', { 77: undefined }), kind: 'ipxe' },
    {
      what: 'another user class beside option 175',
      packet: changed('ipxe-bios-discover', { 77: 'PlainPXE' }),
      kind: 'pxe',
    },
    {
      what: 'iPXE whose vendor class was changed',
      packet: changed('ipxe-bios-discover', { 60: undefined, 93: undefined }),
      kind: 'ipxe',
    },
    { what: 'PXE without option 94', packet: changed('edk2-pxe-discover', { 94: undefined }), kind: 'pxe' },
    { what: 'PXE without option 97', packet: changed('edk2-pxe-discover', { 97: undefined }), kind: 'pxe' },
    { what: 'PXE without option 93', packet: changed('edk2-pxe-discover', { 93: undefined }), kind: undefined },
    {
      what: 'an option 97 of another length',
      packet: changed('edk2-pxe-discover', { 97: Buffer.alloc(16) }),
      kind: undefined,
    },
    {
      what: 'an option 97 of another type',
      packet: changed('edk2-pxe-discover', { 97: Buffer.alloc(17, 1) }),
      kind: undefined,
    },
    { what: 'another vendor class', packet: changed('edk2-pxe-discover', { 60: 'MSFT 5.0' }), kind: undefined },
    { what: 'no vendor class', packet: changed('edk2-pxe-discover', { 60: undefined }), kind: undefined },
  ];
  for (const { what, packet, kind } of cases) {
    it(`${what}: ${kind ?? 'not firmware'}`, () => assert.equal(firmwareOf(packet)?.kind, kind));
  }

  it('takes every architecture named, in order', () => {
    const several = Buffer.concat([u16(16), u16(7), Buffer.of(0)]);
    assert.deepEqual(firmwareOf(changed('edk2-pxe-discover', { 93: several }))?.architectures, [16, 7]);
  });
});

describe('encapsulated options', () => {
  it('reads user classes in both forms', () => {
    const read = (value: string) => readUserClasses(new Map([[Option.USER_CLASS, Buffer.from(value)]]));
    assert.deepEqual(read('iPXE'), ['iPXE']);
    assert.deepEqual(read('\x04iPXE\x02ab'), ['iPXE', 'ab']);
    assert.deepEqual(read('\x00iPXE'), ['\x00iPXE']);
    assert.deepEqual(read(''), []);
  });

  it('reads sub-options, with pads and END where the option has them', () => {
    const bytes = Buffer.concat([Buffer.of(0), subOptions([[6, Buffer.of(8)]]), Buffer.of(255, 9, 9)]);
    const vendor = readSubOptions(new Map([[43, bytes]]), 43);
    assert.deepEqual([...vendor], [[6, Buffer.of(8)]]);
    const relay = readSubOptions(
      new Map([
        [
          82,
          subOptions([
            [0, Buffer.of(1)],
            [255, Buffer.of(2)],
          ]),
        ],
      ]),
      82,
    );
    assert.deepEqual([...relay.keys()], [0, 255]);
    assert.deepEqual([...readSubOptions(new Map([[43, Buffer.of(6, 9, 8)]]), 43)], []);
  });

  it('reads the features of iPXE', () => {
    const features = readSubOptions(captured('ipxe-bios-discover').options, Option.IPXE);
    assert.deepEqual(features.get(19), Buffer.of(1));
    assert.deepEqual(features.get(235), Buffer.of(1, 0, 0));
  });
});
