import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { address, Option, readAddress } from '../../../src/boots/dhcp/options.ts';
import { type DhcpPacket, encode } from '../../../src/boots/dhcp/packet.ts';
import { type DhcpNote, type DhcpOptions, type DhcpServer, startDhcp } from '../../../src/boots/dhcp/sockets.ts';
import { TinsmithError } from '../../../src/errors.ts';
import { packetOf } from './captured.ts';
import { aFile, MAC, network, request, reservation } from './requests.ts';

// The loopback interface stands in for a network card; its address is not the sender's, so that a packet from the test
// is not one from the server itself.
const loopback = { name: 'lo', address: '127.0.0.2', netmask: '255.0.0.0' };
const known = { reservation, machineName: 'node1', boot: () => aFile, declined: false };
const log = pino({ level: 'silent' });

async function listening(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

async function freePort(): Promise<number> {
  const { socket, port } = await listening();
  socket.close();
  await once(socket, 'close');
  return port;
}

describe('DHCP sockets', () => {
  let client: { socket: Socket; port: number };
  let server: DhcpServer;
  let contextFor: DhcpOptions['contextFor'];
  let note: (entry: DhcpNote) => void;
  const notes = new EventEmitter<{ note: [DhcpNote] }>();

  const options = (changes: Partial<DhcpOptions>): DhcpOptions => ({
    interfaces: [loopback],
    networkOf: () => network(),
    port67: 0,
    proxyPort4011: 0,
    clientPort: client.port,
    relayPort: client.port,
    contextFor: (...heard) => contextFor(...heard),
    note: (_mac, made) => note(made()),
    log,
    ...changes,
  });

  before(async () => {
    client = await listening();
    server = await startDhcp(options({}));
  });

  after(async () => {
    await server.stop();
    client.socket.close();
  });

  function reset(): void {
    contextFor = () => known;
    note = (entry) => notes.emit('note', entry);
  }

  /** Sends bytes to the server's port that serves as `role`, and waits for the note. */
  async function tell(bytes: Buffer, role: 67 | 4011 = 67): Promise<DhcpNote> {
    const noted = once(notes, 'note');
    const port = server.bound.find((bound) => bound.role === role)?.port;
    client.socket.send(bytes, port, '127.0.0.1');
    return (await noted)[0];
  }

  async function ask(packet: DhcpPacket, role: 67 | 4011 = 67): Promise<{ reply: DhcpPacket; entry: DhcpNote }> {
    const answered = once(client.socket, 'message');
    const entry = await tell(encode(packet, 1472).bytes, role);
    return { reply: packetOf((await answered)[0]), entry };
  }

  it('binds what was asked for, and says so', () => {
    assert.deepEqual(
      server.bound.map(({ interface: name, address: own, role }) => ({ name, own, role })),
      [
        { name: 'lo', own: '127.0.0.2', role: 67 },
        { name: 'lo', own: '127.0.0.2', role: 4011 },
      ],
    );
    for (const { port } of server.bound) assert.notEqual(port, 0);
  });

  it('answers by broadcast, and notes it', async () => {
    reset();
    const { reply, entry } = await ask(request('DISCOVER'));
    assert.equal(reply.yiaddr, '10.77.0.60');
    assert.equal(readAddress(reply.options, Option.SERVER_IDENTIFIER), '127.0.0.2');
    assert.equal(entry.mac, MAC);
    assert.equal(entry.what, 'DISCOVER');
    assert.equal(entry.outcome, 'answered');
    assert.equal(entry.reason, 'address-offered');
    assert.equal(entry.details.interface, 'lo');
    assert.equal(entry.details.address, '10.77.0.60');
    assert.equal(entry.details.reply, 'OFFER');
    assert.equal(entry.details.to, 'broadcast');
  });

  it('answers the address of a client, and a relay agent', async () => {
    reset();
    const reserved = { ...known, reservation: { ...reservation, address: '127.0.0.1' } };
    contextFor = () => reserved;
    const renewed = await ask(request('REQUEST', { ciaddr: '127.0.0.1' }));
    assert.equal(renewed.entry.details.to, '127.0.0.1');
    const relayed = await ask(request('DISCOVER', { giaddr: '127.0.0.1' }, { 82: Buffer.of(1, 1, 7) }));
    assert.deepEqual(relayed.reply.options.get(82), Buffer.of(1, 1, 7));
  });

  it('answers on 4011 the port that asked', async () => {
    reset();
    const firmware = { 60: Buffer.from('PXEClient:Arch:00007:UNDI:003000'), 93: Buffer.of(0, 7) };
    const { reply, entry } = await ask(request('REQUEST', { ciaddr: '127.0.0.9' }, firmware), 4011);
    assert.equal(reply.file, 'snponly.efi');
    assert.equal(entry.details.port, 4011);
    assert.equal(entry.details.to, 'sender');
    assert.equal(entry.details.architecture, '7');
  });

  it('notes a NAK as refused', async () => {
    reset();
    const { entry } = await ask(request('REQUEST', {}, { 50: address('10.77.0.99') }));
    assert.equal(entry.outcome, 'refused');
    assert.equal(entry.reason, 'address-refused');
  });

  it('notes what is not answered: garbage, nothing at all, unknown machines, a declined address', async () => {
    reset();
    const garbage = await tell(Buffer.from('garbage'));
    assert.deepEqual(
      [garbage.mac, garbage.what, garbage.outcome, garbage.reason],
      ['', 'malformed', 'ignored', 'too-short'],
    );
    assert.equal((await tell(Buffer.alloc(0))).reason, 'too-short');
    contextFor = () => ({ ...known, machineName: undefined, reservation: undefined });
    const unknown = await tell(encode(request('DISCOVER'), 1472).bytes);
    assert.deepEqual([unknown.mac, unknown.outcome, unknown.reason], [MAC, 'ignored', 'unknown-machine']);
    contextFor = () => known;
    const declined = await tell(encode(request('DECLINE', {}, { 50: address('10.77.0.60') }), 1472).bytes);
    assert.deepEqual([declined.outcome, declined.details.address], ['noted', '10.77.0.60']);
  });

  it('shows no control characters of a client', async () => {
    reset();
    const { entry } = await ask(request('DISCOVER', {}, { 60: Buffer.from('\x1b[2Jx') }));
    assert.equal(entry.details.vendorClass, '?[2Jx');
  });

  it('serves the next packet after a failure of what is asked of it', async () => {
    reset();
    contextFor = () => {
      throw new Error('the store is gone');
    };
    const failed = await tell(encode(request('DISCOVER'), 1472).bytes);
    assert.equal(failed.reason, 'internal-error');
    assert.match(failed.sentence, /the store is gone/);
    contextFor = () => known;
    note = (entry) => {
      notes.emit('note', entry);
      throw new Error('the trace is gone');
    };
    await ask(request('DISCOVER'));
    await ask(request('DISCOVER'));
  });

  it('serves the next packet after a reply that cannot be sent', async () => {
    reset();
    await tell(encode(request('DISCOVER', { giaddr: '255.255.255.254' }), 1472).bytes);
    assert.equal((await ask(request('DISCOVER'))).entry.outcome, 'answered');
  });

  it('notes a reply that the system does not take as failed', async () => {
    reset();
    // Nothing can be sent to port 0.
    const alone = await startDhcp(options({ relayPort: 0, proxyPort4011: undefined }));
    const noted = once(notes, 'note');
    const relayed = encode(request('DISCOVER', { giaddr: '127.0.0.1' }), 1472).bytes;
    client.socket.send(relayed, alone.bound[0]?.port, '127.0.0.1');
    const [{ outcome, reason, sentence, details }] = await noted;
    await alone.stop();
    assert.deepEqual([outcome, reason, details.reply, details.error], ['failed', 'not-sent', 'OFFER', 'EINVAL']);
    assert.match(
      sentence,
      /^the answer could not be sent to 127\.0\.0\.1: EINVAL; it was to say: offered 10\.77\.0\.60 to node1/,
    );
  });

  it('ignores what it sent itself', async () => {
    reset();
    const port = await freePort();
    const own = { ...loopback, address: '127.0.0.1' };
    const alone = await startDhcp(
      options({ interfaces: [own], port67: port, relayPort: port, proxyPort4011: undefined }),
    );
    const heard: string[] = [];
    const twice = new Promise<void>((done) => {
      note = ({ reason }) => {
        if (heard.push(reason) === 2) done();
      };
    });
    client.socket.send(encode(request('DISCOVER', { giaddr: '127.0.0.1' }), 1472).bytes, port, '127.0.0.1');
    await twice;
    assert.deepEqual(heard, ['address-offered', 'own-packet']);
    await alone.stop();
  });

  it('says that a port is taken, and leaves nothing bound', async () => {
    const taken = server.bound[0]?.port ?? 0;
    const free = await freePort();
    const refused = startDhcp(options({ port67: free, proxyPort4011: taken }));
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof TinsmithError);
      assert.equal(error.code, 'PORT_TAKEN');
      assert.match(error.message, new RegExp(`UDP port ${taken} on interface lo`));
      assert.ok(error.next);
      return true;
    });
    const again = await startDhcp(options({ port67: free, proxyPort4011: undefined }));
    await again.stop();
  });

  it('says that an interface does not exist', async () => {
    const nowhere = startDhcp(options({ interfaces: [{ ...loopback, name: 'nowhere0' }] }));
    await assert.rejects(nowhere, { code: 'UNAVAILABLE', message: /nowhere0: there is no such interface/ });
  });
});
