/** What a client asks, as our own server understands it; and what it reads from answers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode, encode, firmwareOf, respond } from '../../../src/boots/dhcp/index.ts';
import { address, Option, subOptions, text, u8, u32 } from '../../../src/boots/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/boots/dhcp/packet.ts';
import {
  askBootServer,
  discover,
  FIRMWARES,
  type Frame,
  firmwareNamed,
  readAnswer,
  request,
} from '../../../src/boots/dhcp-client/index.ts';
import { network } from '../dhcp/requests.ts';

const MAC = '52:54:00:00:00:01';
const SERVER = { address: '10.0.0.1', netmask: '255.255.255.0' };
const asker = { mac: MAC, xid: 7, secs: 1 };

function decoded(bytes: Buffer): DhcpPacket {
  const found = decode(bytes);
  return found.kind === 'packet' ? found.packet : assert.fail(found.sentence);
}

function framed(payload: Buffer, more: Partial<Frame> = {}): Frame {
  return {
    ...{ sourceMac: '02:00:00:00:00:99', destinationMac: 'ff:ff:ff:ff:ff:ff', source: SERVER.address },
    ...{ destination: '255.255.255.255', sourcePort: 67, destinationPort: 68, payload, ...more },
  };
}

function offered(options: [number, Buffer][], fields: Partial<DhcpPacket> = {}): Buffer {
  const packet: DhcpPacket = {
    ...{ op: 2, htype: 1, hops: 0, xid: 7, secs: 0, flags: 0, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0' },
    ...{ siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: MAC, sname: '', file: '', ...fields },
    options: new Map([[Option.DHCP_MESSAGE_TYPE, u8(2)], ...options]),
  };
  return encode(packet, 1472).bytes;
}

describe('a client', () => {
  for (const firmware of FIRMWARES)
    it(`is taken for what it plays: ${firmware.title}`, () => {
      const found = firmwareOf(decoded(discover({ ...asker, firmware })));
      assert.equal(found?.kind, firmware.kind);
      assert.deepEqual(found?.architectures, [firmware.architecture]);
      assert.match(found?.uuid ?? '', /^[0-9a-f-]{36}$/);
    });

  it('without firmware is a computer that boots nothing', () => {
    const packet = decoded(discover(asker));
    assert.equal(firmwareOf(packet), undefined);
    assert.equal(packet.flags, 0x8000);
  });

  it('can be any architecture by its number', () => {
    assert.equal(firmwareNamed('9')?.architecture, 9);
    assert.deepEqual(
      ['0', '6', '9', '11', '15', '16', '17', '18', '19', '20', '21', '25', '38'].map(
        (code) => firmwareNamed(code)?.kind,
      ),
      [...Array(4).fill('pxe'), ...Array(6).fill('http'), 'pxe', 'pxe', 'http'],
    );
    assert.match(
      String(
        decoded(discover({ ...asker, firmware: firmwareNamed('15') })).options.get(Option.VENDOR_CLASS_IDENTIFIER),
      ),
      /^HTTPClient:Arch:00015:/,
    );
    assert.equal(firmwareNamed('65536'), undefined);
    assert.equal(firmwareNamed('sparc'), undefined);
  });

  it('reads from our own server what that meant', () => {
    const boot = { answer: 'file', name: 'ipxe.efi', reason: 'r', sentence: 's' } as const;
    const context = { machineName: 'm', reservation: undefined, boot: () => boot, declined: false };
    const firmware = firmwareNamed('uefi');
    const asked = decoded(discover({ ...asker, firmware }));
    const outcome = respond(asked, { ...context, network: network('proxy'), port: 67, server: SERVER });
    assert.ok(outcome.kind === 'reply');
    const answer = readAnswer(framed(encode(outcome.packet, 1472).bytes));
    assert.deepEqual(
      [answer?.type, answer?.server, answer?.lease, answer?.boot],
      [
        'OFFER',
        SERVER.address,
        undefined,
        { vendorClass: 'PXEClient', file: 'ipxe.efi', fileServer: SERVER.address, useFile: true, menu: [] },
      ],
    );
    const again = decoded(askBootServer({ ...asker, firmware }, '10.0.0.9', 5));
    const confirmed = respond(again, { ...context, network: network('proxy'), port: 4011, server: SERVER });
    assert.equal(confirmed.kind === 'reply' && confirmed.reason, 'boot-confirmed');
  });

  it('asks for the address that it was offered, of the server that offered it', () => {
    const { options, ciaddr } = decoded(request(asker, { address: '10.0.0.9', server: '10.0.0.1' }));
    assert.equal(ciaddr, '0.0.0.0');
    assert.deepEqual(options.get(Option.REQUESTED_IP_ADDRESS), address('10.0.0.9'));
    assert.deepEqual(options.get(Option.SERVER_IDENTIFIER), address('10.0.0.1'));
  });
});

describe('an answer', () => {
  it('has its lease and the boot file from wherever it stands', () => {
    const bytes = offered(
      [
        [Option.SERVER_IDENTIFIER, address('10.0.0.2')],
        [Option.SUBNET_MASK, address('255.255.255.0')],
        [Option.ROUTER, address('10.0.0.254')],
        [Option.IP_ADDRESS_LEASE_TIME, u32(3600)],
        [Option.BOOTFILE_NAME, text('pxelinux.0\0')],
        [Option.TFTP_SERVER_NAME, text('boot.example')],
      ],
      { yiaddr: '10.0.0.50' },
    );
    const answer = readAnswer(framed(bytes));
    assert.deepEqual(answer?.lease, {
      ...{ address: '10.0.0.50', netmask: '255.255.255.0', router: '10.0.0.254', nameServers: [], seconds: 3600 },
    });
    assert.equal(answer?.server, '10.0.0.2');
    assert.equal(answer?.boot?.file, 'pxelinux.0');
    assert.equal(answer?.boot?.fileServer, 'boot.example');
  });

  it('of a router says nothing to boot, though it names itself as next server', () => {
    assert.equal(readAnswer(framed(offered([], { yiaddr: '10.0.0.50', siaddr: '10.0.0.1' })))?.boot, undefined);
  });

  it('has the items of a menu, the local disk left out', () => {
    const menu = Buffer.from([0, 0, 1, 0x78, 0x80, 0, 2, 0x79, 0x79, 0, 1, 9]);
    const vendor = subOptions([
      [6, u8(3)],
      [9, menu],
    ]);
    const bytes = offered([
      [Option.VENDOR_CLASS_IDENTIFIER, text('PXEClient')],
      [Option.VENDOR_SPECIFIC_INFORMATION, vendor],
    ]);
    const boot = readAnswer(framed(bytes))?.boot;
    assert.deepEqual(boot?.menu, [0x8000, 1]);
    assert.equal(boot?.useFile, false);
  });

  it('is none where the message is a request, malformed, or does not come from a server', () => {
    assert.equal(readAnswer(framed(discover(asker))), undefined);
    assert.equal(readAnswer(framed(Buffer.alloc(10))), undefined);
    assert.equal(readAnswer(framed(offered([]), { sourcePort: 5000 })), undefined);
  });

  it('never fails to be read, however it is mutated', () => {
    const whole = offered([[Option.VENDOR_SPECIFIC_INFORMATION, Buffer.from([9, 3, 0, 0, 200])]]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        readAnswer(framed(bytes));
      }),
    );
  });
});
