import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Option,
  readAddress,
  readAddresses,
  readText,
  readU32,
  subOptions,
  text,
  u8,
} from '../../../src/boots/dhcp/options.ts';
import { encode, replySize } from '../../../src/boots/dhcp/packet.ts';
import { respond } from '../../../src/boots/dhcp/responder.ts';
import { captured } from './captured.ts';
import {
  aFile,
  alter,
  aUrl,
  context,
  fate,
  MAC,
  NO_ADDRESS,
  replyTo,
  request,
  requestedAddress,
  reservation,
  SERVER,
  serverIdentifier,
} from './requests.ts';

const OURS = serverIdentifier(SERVER);
const OTHER = serverIdentifier('10.77.0.9');
const RIGHT = requestedAddress('10.77.0.60');
const WRONG = requestedAddress('10.77.0.61');
const relayed = { giaddr: '10.88.0.1' };

describe('reservation mode: an address of another network', () => {
  const there = { elsewhere: (address: string) => (address === reservation.address ? 'eth1' : undefined) };

  it('is not given, nor refused: the server may hear one client on two interfaces', () => {
    for (const asked of [request('DISCOVER'), request('REQUEST', {}, RIGHT), request('REQUEST', {}, WRONG)])
      assert.equal(fate(asked, there), 'ignored other-network');
    const { sentence } = respond(request('DISCOVER'), context(there));
    assert.match(sentence, /its 10\.77\.0\.60 is of the network at eth1, from which it does not ask$/);
    assert.equal(fate(request('INFORM', { ciaddr: '10.77.0.70' }), there), 'ACK configuration-given');
  });
});

describe('reservation mode: what each message gets', () => {
  const table: [what: string, got: string, expected: string][] = [
    ['DISCOVER', fate(request('DISCOVER')), 'OFFER address-offered'],
    ['DISCOVER that wishes for another address', fate(request('DISCOVER', {}, WRONG)), 'OFFER address-offered'],
    ['DISCOVER with a stray server identifier', fate(request('DISCOVER', {}, OTHER)), 'OFFER address-offered'],
    ['selecting us', fate(request('REQUEST', {}, { ...OURS, ...RIGHT })), 'ACK address-confirmed'],
    ['selecting us with a wrong address', fate(request('REQUEST', {}, { ...OURS, ...WRONG })), 'NAK address-refused'],
    ['selecting another server', fate(request('REQUEST', {}, { ...OTHER, ...WRONG })), 'ignored other-server'],
    ['init-reboot', fate(request('REQUEST', {}, RIGHT)), 'ACK address-confirmed'],
    ['init-reboot with a wrong address', fate(request('REQUEST', {}, WRONG)), 'NAK address-refused'],
    ['renewing', fate(request('REQUEST', { ciaddr: '10.77.0.60' })), 'ACK lease-renewed'],
    ['renewing a wrong address', fate(request('REQUEST', { ciaddr: '10.77.0.61' })), 'NAK address-refused'],
    ['rebinding, broadcast', fate(request('REQUEST', { ciaddr: '10.77.0.60', flags: 0x8000 })), 'ACK lease-renewed'],
    ['REQUEST that names neither address nor server', fate(request('REQUEST')), 'ACK address-confirmed'],
    ['INFORM', fate(request('INFORM', { ciaddr: '10.77.0.70' })), 'ACK configuration-given'],
    ['RELEASE', fate(request('RELEASE', { ciaddr: '10.77.0.60' }, OURS)), 'noted address-released'],
    ['RELEASE to another server', fate(request('RELEASE', { ciaddr: '10.77.0.60' }, OTHER)), 'ignored other-server'],
    ['DECLINE', fate(request('DECLINE', {}, { ...OURS, ...RIGHT })), 'noted address-declined'],
    ['DECLINE of the address that we gave', fate(request('DECLINE', {}, OURS)), 'noted address-declined'],
    ['DECLINE of another address', fate(request('DECLINE', {}, { ...OURS, ...WRONG })), 'ignored not-our-address'],
    ['DECLINE to another server', fate(request('DECLINE', {}, { ...OTHER, ...RIGHT })), 'ignored other-server'],
    ['OFFER from a client', fate(request('OFFER')), 'ignored message-of-a-server'],
    ['a message of type 13', fate(request('DISCOVER', {}, { 53: u8(13) })), 'ignored unsupported-message'],
    ['BOOTP', fate(request('DISCOVER', {}, { 53: undefined })), 'ignored no-message-type'],
    ['a message type of two bytes', fate(request('DISCOVER', {}, { 53: Buffer.of(1, 1) })), 'ignored no-message-type'],
    ['a reply', fate(request('DISCOVER', { op: 2 })), 'ignored not-a-request'],
    ['another hardware type', fate(request('DISCOVER', { htype: 32 })), 'ignored not-ethernet'],
    ['a short hardware address', fate(request('DISCOVER', { chaddr: '52:54' })), 'ignored not-ethernet'],
  ];
  for (const [what, got, expected] of table) it(`${what}: ${expected}`, () => assert.equal(got, expected));

  const unknown = { machineName: undefined, reservation: undefined };
  for (const type of ['DISCOVER', 'REQUEST', 'RELEASE', 'DECLINE', 'INFORM'] as const) {
    it(`${type} of an unknown machine: ignored, naming its MAC address`, () => {
      const outcome = respond(request(type, {}, WRONG), context(unknown));
      assert.equal(outcome.kind, 'ignored');
      assert.equal(outcome.reason, 'unknown-machine');
      assert.match(outcome.sentence, new RegExp(MAC));
    });
  }

  it('ignores a machine without an address, and one for which DHCP is switched off', () => {
    assert.equal(fate(request('DISCOVER'), { reservation: undefined }), 'ignored no-address');
    const disabled = { disabled: true };
    assert.equal(fate(request('DISCOVER'), disabled), 'ignored dhcp-disabled');
  });

  it('does not offer an address that the client declined', () => {
    assert.equal(fate(request('DISCOVER'), { declined: true }), 'ignored address-in-use');
    assert.equal(fate(request('REQUEST', {}, RIGHT), { declined: true }), 'ignored address-in-use');
    assert.equal(fate(request('RELEASE', { ciaddr: '10.77.0.60' }), { declined: true }), 'noted address-released');
  });

  it('does not give the address of this server itself, and says so', () => {
    const ours = { isOurs: (address: string) => address === '10.77.0.60' };
    assert.equal(fate(request('DISCOVER'), ours), 'ignored address-in-use');
    for (const fields of [{}, { ciaddr: '10.77.0.60' }])
      assert.equal(fate(request('REQUEST', fields), ours), 'ignored address-in-use');
    assert.equal(fate(request('INFORM', { ciaddr: '10.77.0.70' }), ours), 'ACK configuration-given');
    assert.equal(fate(request('DECLINE', {}, { ...OURS, ...RIGHT }), ours), 'noted address-declined');
    assert.equal(fate(request('DISCOVER'), { isOurs: (address) => address === SERVER }), 'OFFER address-offered');
    const { sentence } = respond(request('DISCOVER'), context(ours));
    assert.match(sentence, /its 10\.77\.0\.60 is an address of this server itself; reserve another for it/);
  });

  it('says which address was declined or released', () => {
    const declined = respond(request('DECLINE', {}, { ...OURS, ...RIGHT }), context());
    assert.equal(declined.kind === 'noted' && declined.address, '10.77.0.60');
    const released = respond(request('RELEASE', { ciaddr: '10.77.0.60' }, OURS), context());
    assert.equal(released.kind === 'noted' && released.address, '10.77.0.60');
  });

  it('keys on the hardware address, whatever the client identifier says', () => {
    const packet = request('DISCOVER', {}, { 61: text('\x00another') });
    const { packet: reply } = replyTo(packet);
    assert.equal(reply.yiaddr, '10.77.0.60');
    assert.deepEqual(reply.options.get(Option.CLIENT_IDENTIFIER), text('\x00another'));
  });
});

describe('reservation mode: what a reply says', () => {
  it('gives address, lease, T1, T2 and everything that was asked for', () => {
    const { packet, sentence } = replyTo(request('DISCOVER', { xid: 0xdeadbeef, secs: 7 }));
    assert.equal(packet.op, 2);
    assert.equal(packet.xid, 0xdeadbeef);
    assert.equal(packet.chaddr, MAC);
    assert.equal(packet.yiaddr, '10.77.0.60');
    const { options } = packet;
    assert.equal(readAddress(options, Option.SERVER_IDENTIFIER), SERVER);
    assert.equal(readU32(options, Option.IP_ADDRESS_LEASE_TIME), 3600);
    assert.equal(readU32(options, Option.RENEWAL_TIME), 1800);
    assert.equal(readU32(options, Option.REBINDING_TIME), 3150);
    assert.equal(readAddress(options, Option.SUBNET_MASK), '255.255.255.0');
    assert.equal(readAddress(options, Option.ROUTER), '10.77.0.254');
    assert.deepEqual(readAddresses(options, Option.DOMAIN_NAME_SERVER), ['10.77.0.2', '10.77.0.3']);
    assert.equal(readText(options, Option.HOST_NAME), 'node1');
    assert.equal(readText(options, Option.DOMAIN_NAME), 'lab.example');
    assert.equal(readAddress(options, Option.BROADCAST_ADDRESS), '10.77.0.255');
    assert.deepEqual(readAddresses(options, Option.NTP_SERVERS), ['10.77.0.4']);
    assert.equal(packet.siaddr, NO_ADDRESS);
    assert.equal(packet.file, '');
    assert.equal(sentence, `offered 10.77.0.60 to node1 (${MAC})`);
  });

  it('gives the optional ones only to those who ask', () => {
    const { options } = replyTo(request('DISCOVER', {}, { 55: Buffer.of(1, 15) })).packet;
    assert.deepEqual(
      [...options.keys()].sort((a, b) => a - b),
      [1, 3, 15, 51, 53, 54, 58, 59, 61],
    );
  });

  it('gives them all to a client without a parameter request list', () => {
    const { options } = replyTo(request('DISCOVER', {}, { 55: undefined, 61: undefined })).packet;
    assert.deepEqual(
      [...options.keys()].sort((a, b) => a - b),
      [1, 3, 6, 12, 15, 28, 42, 51, 53, 54, 58, 59],
    );
  });

  it('leaves out what the reservation does not have, and takes the netmask of the interface', () => {
    const bare = { mac: MAC, address: '10.77.0.60', nameServers: [], timeServers: [] };
    const { options } = replyTo(request('DISCOVER'), { reservation: bare }).packet;
    assert.deepEqual(
      [...options.keys()].sort((a, b) => a - b),
      [1, 28, 51, 53, 54, 58, 59, 61],
    );
    assert.equal(readAddress(options, Option.SUBNET_MASK), '255.255.0.0');
    assert.equal(readAddress(options, Option.BROADCAST_ADDRESS), '10.77.255.255');
    assert.equal(readU32(options, Option.IP_ADDRESS_LEASE_TIME), 86400);
  });

  it('names no broadcast address of a network of two addresses, or of one', () => {
    for (const netmask of ['255.255.255.254', '255.255.255.255']) {
      const small = { mac: MAC, address: '10.77.0.60', netmask, nameServers: [], timeServers: [] };
      const { options } = replyTo(request('DISCOVER'), { reservation: small }).packet;
      assert.deepEqual(
        [readAddress(options, Option.SUBNET_MASK), options.has(Option.BROADCAST_ADDRESS)],
        [netmask, false],
      );
    }
  });

  it('gives an infinite lease with infinite T1 and T2', () => {
    const { options } = replyTo(request('DISCOVER'), { reservation: { ...reservation, leaseTime: 0xffffffff } }).packet;
    assert.equal(readU32(options, Option.RENEWAL_TIME), 0xffffffff);
    assert.equal(readU32(options, Option.REBINDING_TIME), 0xffffffff);
  });

  it('answers INFORM without address and lease', () => {
    const { packet, to } = replyTo(request('INFORM', { ciaddr: '10.77.0.70' }));
    assert.deepEqual(to, { kind: 'client', address: '10.77.0.70' });
    assert.equal(packet.ciaddr, '10.77.0.70');
    assert.equal(packet.yiaddr, NO_ADDRESS);
    for (const code of [51, 58, 59]) assert.equal(packet.options.has(code), false);
    assert.equal(readAddress(packet.options, Option.ROUTER), '10.77.0.254');
  });

  it('refuses with the reason, and nothing else', () => {
    const { packet, sentence } = replyTo(request('REQUEST', { ciaddr: '10.77.0.61' }));
    assert.deepEqual(
      [...packet.options.keys()].sort((a, b) => a - b),
      [53, 54, 56, 61],
    );
    assert.equal(packet.yiaddr, NO_ADDRESS);
    assert.equal(packet.ciaddr, NO_ADDRESS);
    assert.equal(sentence, `refused 10.77.0.61 to node1 (${MAC}): its address is 10.77.0.60`);
  });
});

describe('reservation mode: where a reply goes', () => {
  it('by broadcast to a client without an address, whatever its broadcast flag', () => {
    for (const flags of [0, 0x8000]) {
      const reply = replyTo(request('DISCOVER', { flags }));
      assert.deepEqual(reply.to, { kind: 'broadcast' });
      assert.equal(reply.packet.flags, flags);
    }
  });

  it('to the address of a client that renews', () => {
    const { to, packet } = replyTo(request('REQUEST', { ciaddr: '10.77.0.60' }));
    assert.deepEqual(to, { kind: 'client', address: '10.77.0.60' });
    assert.equal(packet.ciaddr, '10.77.0.60');
  });

  it('to the relay agent, with its option 82', () => {
    const information = subOptions([[1, text('port 7')]]);
    const { to, packet } = replyTo(request('DISCOVER', relayed, { 82: information }));
    assert.deepEqual(to, { kind: 'relay', address: '10.88.0.1' });
    assert.equal(packet.giaddr, '10.88.0.1');
    assert.deepEqual(packet.options.get(Option.RELAY_AGENT_INFORMATION), information);
  });

  it('a NAK by broadcast; a relayed one asks the relay agent to broadcast it', () => {
    assert.deepEqual(replyTo(request('REQUEST', { ciaddr: '10.77.0.61' })).to, { kind: 'broadcast' });
    const { to, packet } = replyTo(request('REQUEST', relayed, WRONG));
    assert.deepEqual(to, { kind: 'relay', address: '10.88.0.1' });
    assert.equal(packet.flags, 0x8000);
  });
});

describe('reservation mode: what firmware gets to boot', () => {
  it('PXE: the file by TFTP, told to look no further', () => {
    for (const name of ['edk2-pxe-discover', 'edk2-pxe-request']) {
      const packet = captured(name);
      const { packet: reply, sentence } = replyTo(packet);
      assert.equal(reply.yiaddr, '10.77.0.60');
      assert.equal(reply.siaddr, SERVER);
      assert.equal(reply.sname, SERVER);
      assert.equal(reply.file, 'snponly.efi');
      assert.equal(readText(reply.options, Option.TFTP_SERVER_NAME), SERVER);
      assert.equal(readText(reply.options, Option.BOOTFILE_NAME), 'snponly.efi');
      assert.equal(readText(reply.options, Option.VENDOR_CLASS_IDENTIFIER), 'PXEClient');
      assert.deepEqual(reply.options.get(Option.VENDOR_SPECIFIC_INFORMATION), Buffer.of(6, 1, 8, 255));
      assert.deepEqual(reply.options.get(97), packet.options.get(97));
      assert.equal(reply.options.has(Option.IPXE), false);
      assert.match(sentence, /; it installs$/);
    }
  });

  it('PXE that does not ask for 66 and 67: the file in its field alone', () => {
    const { packet } = replyTo(alter(captured('edk2-pxe-discover'), {}, { 55: Buffer.of(1, 3) }));
    assert.equal(packet.file, 'snponly.efi');
    assert.equal(packet.options.has(66) || packet.options.has(67), false);
  });

  it('UEFI HTTP Boot: the URL, with HTTPClient, without which EDK2 takes no offer', () => {
    const { packet } = replyTo(captured('edk2-http-discover'));
    assert.equal(packet.file, 'http://10.77.0.1:8080/boot.ipxe');
    assert.equal(readText(packet.options, Option.BOOTFILE_NAME), 'http://10.77.0.1:8080/boot.ipxe');
    assert.equal(readText(packet.options, Option.VENDOR_CLASS_IDENTIFIER), 'HTTPClient');
    assert.equal(packet.options.has(Option.VENDOR_SPECIFIC_INFORMATION), false);
  });

  it('iPXE: the URL of its script, told not to wait for a proxy', () => {
    const { packet } = replyTo(captured('ipxe-bios-discover'));
    assert.equal(packet.file, 'http://10.77.0.1:8080/boot.ipxe');
    assert.deepEqual(packet.options.get(Option.IPXE), Buffer.of(176, 1, 1));
    assert.equal(packet.options.has(60) || packet.options.has(43), false);
  });

  it('a URL too long for its field: in option 67 whether asked for or not', () => {
    const url = `http://10.77.0.1:8080/${'x'.repeat(120)}`;
    const packet = alter(captured('ipxe-bios-discover'), {}, { 55: Buffer.of(1) });
    const { packet: reply } = replyTo(packet, { boot: () => ({ ...aUrl, url }) });
    assert.equal(reply.file, '');
    assert.equal(readText(reply.options, Option.BOOTFILE_NAME), url);
  });

  it('nothing to boot: the address alone', () => {
    const nothing = { answer: 'none', reason: 'no-work', sentence: 'it has no work' } as const;
    const { packet, sentence } = replyTo(captured('edk2-pxe-discover'), { boot: () => nothing });
    assert.equal(packet.yiaddr, '10.77.0.60');
    assert.equal(packet.siaddr, NO_ADDRESS);
    assert.equal(packet.file, '');
    assert.equal(packet.options.has(60) || packet.options.has(43) || packet.options.has(67), false);
    assert.match(sentence, /; it has no work$/);
  });

  it('not to be answered: silence, for the reason that the boot plan gives', () => {
    const silence = { answer: 'ignore', reason: 'boots-from-disk', sentence: 'it is to boot from its disk' } as const;
    const outcome = respond(captured('edk2-pxe-discover'), context({ boot: () => silence }));
    assert.deepEqual(outcome, { kind: 'ignored', reason: 'boots-from-disk', sentence: 'it is to boot from its disk' });
  });

  it('is not asked of the boot plan for an operating system', () => {
    const boot = () => assert.fail('asked');
    assert.equal(fate(request('DISCOVER'), { boot }), 'OFFER address-offered');
  });

  it('fits with everything in it into the 548 bytes that any client takes', () => {
    const packet = alter(
      captured('edk2-pxe-discover'),
      {},
      { 57: undefined, 82: Buffer.alloc(60), 61: Buffer.alloc(19) },
    );
    const { packet: reply } = replyTo(packet, { boot: () => aFile });
    assert.deepEqual(encode(reply, replySize(packet)).dropped, []);
  });
});
