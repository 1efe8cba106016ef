import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResponderContext } from '../../../src/boots/dhcp/exchange.ts';
import { Option, readAddress, readSubOptions, readText, text, u8 } from '../../../src/boots/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/boots/dhcp/packet.ts';
import { captured } from './captured.ts';
import { alter, fate, NO_ADDRESS, network, replyTo, request, SERVER, serverIdentifier } from './requests.ts';

const on67: Partial<ResponderContext> = { network: network('proxy'), port: 67, reservation: undefined };
const on4011: Partial<ResponderContext> = { ...on67, port: 4011 };
const INFORM = { [Option.DHCP_MESSAGE_TYPE]: u8(8) };
const OTHER = serverIdentifier('10.77.0.9');

const discover = captured('edk2-pxe-discover');
const toOther = alter(captured('edk2-pxe-request'), {}, OTHER);
const toUs = captured('edk2-pxe-request');
const bios = alter(captured('ipxe-bios-discover'), {}, { 77: undefined, 175: undefined });

describe('proxy mode: what each message gets', () => {
  const table: [what: string, got: string, expected: string][] = [
    ['DISCOVER of UEFI PXE', fate(discover, on67), 'OFFER boot-offered'],
    ['DISCOVER of BIOS PXE', fate(bios, on67), 'OFFER boot-offered'],
    ['DISCOVER of iPXE', fate(captured('ipxe-efi-discover'), on67), 'OFFER boot-offered'],
    ['DISCOVER of UEFI HTTP Boot', fate(captured('edk2-http-discover'), on67), 'OFFER boot-offered'],
    ['DISCOVER of an operating system', fate(request('DISCOVER'), on67), 'ignored not-firmware'],
    ['REQUEST to the other server', fate(toOther, on67), 'ignored other-server'],
    ['REQUEST without server identifier', fate(alter(toUs, {}, { 54: undefined }), on67), 'ignored other-server'],
    ['REQUEST that names us', fate(toUs, on67), 'ACK boot-confirmed'],
    ['INFORM on 67', fate(alter(discover, {}, INFORM), on67), 'ignored other-server'],
    ['RELEASE', fate(alter(discover, {}, { 53: u8(7) }), on67), 'ignored other-server'],
    ['DECLINE', fate(alter(discover, {}, { 53: u8(4) }), on67), 'ignored other-server'],
    ['REQUEST on 4011', fate(alter(toUs, {}, { 54: undefined }), on4011), 'ACK boot-confirmed'],
    ['REQUEST on 4011 that names the other server', fate(toOther, on4011), 'ACK boot-confirmed'],
    ['INFORM on 4011', fate(alter(discover, {}, INFORM), on4011), 'ACK boot-confirmed'],
    ['DISCOVER on 4011', fate(discover, on4011), 'ignored other-server'],
    ['REQUEST on 4011 of an operating system', fate(request('REQUEST'), on4011), 'ignored not-firmware'],
    ['an unknown machine', fate(discover, { ...on67, machineName: undefined }), 'ignored unknown-machine'],
    [
      'an interface for which DHCP is switched off',
      fate(discover, { ...on67, disabled: true }),
      'ignored dhcp-disabled',
    ],
  ];
  for (const [what, got, expected] of table) it(`${what}: ${expected}`, () => assert.equal(got, expected));

  it('stays silent where there is nothing to boot', () => {
    const boot = () => ({ answer: 'none', reason: 'no-work', sentence: 'it has no work' }) as const;
    assert.equal(fate(discover, { ...on67, boot }), 'ignored no-work');
  });
});

describe('a Raspberry Pi', () => {
  const menu = (packet: DhcpPacket): Map<number, Buffer> =>
    readSubOptions(replyTo(packet, on67).packet.options, Option.VENDOR_SPECIFIC_INFORMATION);
  const pi = { chaddr: 'DC:A6:32:00:00:01' };

  it('is offered the one menu that its boot program takes, by its address and as a BIOS PC only', () => {
    const offered = menu(alter(bios, pi));
    assert.deepEqual([...offered.keys()], [6, 9, 10]);
    assert.deepEqual(offered.get(9), Buffer.from('\0\0\x11Raspberry Pi Boot', 'latin1'));
    assert.deepEqual(offered.get(10), Buffer.from('\0PXE', 'latin1'));
    assert.deepEqual([...menu(bios).keys()], [6]);
    assert.deepEqual([...menu(alter(bios, pi, { 93: Buffer.of(0, 11) })).keys()], [6], 'with UEFI firmware');
  });
});

describe('proxy mode: what a reply says', () => {
  it('offers the boot file without address, lease and network', () => {
    const { packet, to } = replyTo(discover, on67);
    assert.deepEqual(to, { kind: 'broadcast' });
    assert.equal(packet.yiaddr, NO_ADDRESS);
    assert.equal(packet.siaddr, SERVER);
    assert.equal(packet.file, 'snponly.efi');
    assert.equal(readAddress(packet.options, Option.SERVER_IDENTIFIER), SERVER);
    assert.equal(readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER), 'PXEClient');
    assert.deepEqual(packet.options.get(97), discover.options.get(97));
    for (const code of [1, 3, 6, 51, 58, 59]) assert.equal(packet.options.has(code), false);
  });

  it('is known to iPXE as a proxy, and does not switch proxies off', () => {
    const { packet } = replyTo(captured('ipxe-efi-discover'), on67);
    assert.equal(readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER), 'PXEClient');
    assert.equal(packet.file, 'http://10.77.0.1:8080/boot.ipxe');
    assert.equal(packet.options.has(Option.IPXE), false);
  });

  it('offers UEFI HTTP Boot its URL as HTTPClient', () => {
    const { packet } = replyTo(captured('edk2-http-discover'), on67);
    assert.equal(readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER), 'HTTPClient');
    assert.equal(packet.yiaddr, NO_ADDRESS);
  });

  it('answers on 4011 the sender itself, with its address kept', () => {
    const { packet, to } = replyTo(alter(toUs, { ciaddr: '10.77.0.133' }), on4011);
    assert.deepEqual(to, { kind: 'sender' });
    assert.equal(packet.ciaddr, '10.77.0.133');
    assert.equal(packet.file, 'snponly.efi');
  });

  it('names the item of the boot menu that was asked for', () => {
    const asked = alter(toUs, {}, { 43: Buffer.of(71, 4, 0x80, 0, 0, 0, 255) });
    const { packet } = replyTo(asked, on4011);
    assert.deepEqual(packet.options.get(43), Buffer.of(6, 1, 8, 71, 4, 0x80, 0, 0, 0, 255));
  });

  it('answers a relayed request through its relay agent', () => {
    const { packet, to } = replyTo(alter(discover, { giaddr: '10.88.0.1' }, { 82: text('x') }), on67);
    assert.deepEqual(to, { kind: 'relay', address: '10.88.0.1' });
    assert.deepEqual(packet.options.get(82), text('x'));
  });

  it('serves the boot service of 4011 in reservation mode too', () => {
    assert.equal(fate(toUs, { port: 4011 }), 'ACK boot-confirmed');
  });
});
