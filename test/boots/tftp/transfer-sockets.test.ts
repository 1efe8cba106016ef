import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Connected, Connection } from '../../../src/boots/tftp/connection.ts';
import { decode, encode } from '../../../src/boots/tftp/packet.ts';
import { SharedSocket } from '../../../src/boots/tftp/shared-socket.ts';
import { TransferSockets } from '../../../src/boots/tftp/transfer-sockets.ts';
import { Turns } from '../../../src/boots/tftp/turns.ts';
import type { Endpoint } from '../../../src/system/libc.ts';
import { endpointNumber } from '../../../src/system/message-headers.ts';
import { SendBatch } from '../../../src/system/send-batch.ts';
import { Peer } from '../../system/loopback.ts';

const LOCAL = '127.0.0.1';
const ACK = encode({ kind: 'ack', block: 1 });

/** What is told of a transfer, which answers each datagram with a copy of it. */
class Echo implements Connected {
  readonly slot = 516;
  readonly heard: string[] = [];
  connection: Connection | undefined;

  onMessage(bytes: Buffer): void {
    this.heard.push(bytes.toString());
    this.connection?.send(bytes);
  }

  write(): number {
    return 0;
  }

  onError(error: Error): void {
    assert.fail(error);
  }
}

function setUp(t: TestContext): { sockets: TransferSockets; strangers: Endpoint[]; peer: () => Peer } {
  const strangers: Endpoint[] = [];
  const sockets = new TransferSockets({ onStranger: (from) => strangers.push(from), onError: assert.fail });
  const peers: Peer[] = [];
  t.after(() => {
    sockets.close();
    for (const peer of peers) peer.close();
  });
  const peer = (): Peer => {
    const each = new Peer();
    peers.push(each);
    return each;
  };
  return { sockets, strangers, peer };
}

/** Begins a transfer to a peer. @returns it, and where it is served from */
async function begin(sockets: TransferSockets, peer: Peer): Promise<{ echo: Echo; server: Endpoint }> {
  const echo = new Echo();
  echo.connection = sockets.connect(LOCAL, peer.endpoint, echo);
  echo.connection.send(Buffer.from('begin'));
  const { bytes, from } = await peer.next();
  assert.equal(bytes.toString(), 'begin');
  return { echo, server: { address: from.address, port: from.port } };
}

describe('the sockets of transfers', () => {
  it('give each of many transfers the datagrams of its client', async (t) => {
    const { sockets, peer, strangers } = setUp(t);
    const all = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const client = peer();
        return { client, ...(await begin(sockets, client)) };
      }),
    );
    assert.equal(new Set(all.map(({ server }) => server.port)).size, 8, 'few sockets');
    for (let round = 0; round < 3; round++) {
      for (const { client, server } of all) client.say(server, `${client.endpoint.port} ${round}`);
      for (const { client } of all) {
        assert.equal((await client.next()).bytes.toString(), `${client.endpoint.port} ${round}`);
      }
    }
    for (const { client, echo } of all) {
      assert.deepEqual(
        echo.heard,
        [0, 1, 2].map((round) => `${client.endpoint.port} ${round}`),
      );
    }
    assert.deepEqual(strangers, []);
  });

  it('serve the next transfer of a client from another one', async (t) => {
    const { sockets, peer } = setUp(t);
    const [client, other] = [peer(), peer()];
    let last = 0;
    for (let count = 0; count < 30; count++) {
      const { echo, server } = await begin(sockets, client);
      assert.notEqual(server.port, last);
      last = server.port;
      echo.connection?.close();
      // So that the next in turn is the same again.
      for (let more = 0; more < 7; more++) (await begin(sockets, other)).echo.connection?.close();
    }
  });

  it('answer a stranger with ERROR 5, but no ERROR', async (t) => {
    const { sockets, peer, strangers } = setUp(t);
    const [client, stranger] = [peer(), peer()];
    const { echo, server } = await begin(sockets, client);
    stranger.say(server, encode({ kind: 'error', code: 0, message: 'stop it' }));
    stranger.say(server, ACK);
    const { bytes, from } = await stranger.next();
    assert.deepEqual(decode(bytes), { kind: 'error', code: 5, message: 'Unknown transfer ID' });
    assert.equal(from.port, server.port);
    assert.deepEqual(strangers, [stranger.endpoint, stranger.endpoint]);
    assert.deepEqual(echo.heard, []);
  });

  it('leave a client unanswered whose transfer is over', async (t) => {
    const { sockets, peer, strangers } = setUp(t);
    const [client, stranger] = [peer(), peer()];
    const { echo, server } = await begin(sockets, client);
    echo.connection?.close();
    client.say(server, ACK);
    // Heard after it, by the same socket.
    stranger.say(server, ACK);
    await stranger.next();
    client.say(client.endpoint, 'nothing else');
    assert.equal((await client.next()).bytes.toString(), 'nothing else');
    assert.deepEqual(strangers, [stranger.endpoint]);
    assert.deepEqual(echo.heard, []);
  });

  it('say why there is none', (t) => {
    const { sockets } = setUp(t);
    const client = { address: LOCAL, port: 2070 };
    assert.throws(() => sockets.connect('192.0.2.77', client, new Echo()), /^Error: bind EADDRNOTAVAIL: /);
  });

  it('send nothing once they are closed', async (t) => {
    const { sockets, peer } = setUp(t);
    const client = peer();
    const { echo } = await begin(sockets, client);
    echo.connection?.close();
    sockets.close();
    echo.connection?.send(ACK);
    client.say(client.endpoint, 'nothing else');
    assert.equal((await client.next()).bytes.toString(), 'nothing else');
  });
});

describe('a shared socket', () => {
  function shared(t: TestContext, onReady: (give: () => void) => void): SharedSocket {
    const batch = new SendBatch(8, 4096);
    const socket = new SharedSocket({
      local: LOCAL,
      batch,
      onReady,
      onStranger: () => undefined,
      onError: assert.fail,
    });
    t.after(() => socket.close());
    return socket;
  }

  it('remembers a bounded number of clients', (t) => {
    const socket = shared(t, () => undefined);
    const clients = Array.from({ length: 600 }, (_, port) => endpointNumber({ address: LOCAL, port }));
    for (const client of clients) socket.connect(client, new Echo()).close();
    assert.equal(clients.filter((client) => socket.endedAt(client) > 0).length, 512);
    assert.deepEqual([socket.endedAt(clients[0] ?? 0), socket.endedAt(clients[599] ?? 0) > 0], [0, true]);
  });

  it('is read past dgram, turn after turn, while there is more', async (t) => {
    let now = 0;
    const turns = new Turns(() => {
      now += 0.1;
      return now;
    });
    let handedOver = 0;
    const socket = shared(t, (give) => {
      handedOver++;
      turns.take(give);
    });
    turns.add(socket);
    let given = 0;
    const clients = [new Peer(), new Peer(), new Peer()];
    const isOver = new Promise<void>((resolve) => {
      for (const client of clients) {
        const connection = socket.connect(endpointNumber(client.endpoint), {
          slot: 516,
          // As a client does that is answered.
          onMessage: () => {
            given++;
            if (given < 1000) client.say(server, ACK);
            else resolve();
          },
          write: () => 0,
          onError: assert.fail,
        });
        connection.send(Buffer.from('begin'));
      }
    });
    const [first] = clients;
    assert.ok(first);
    const { from } = await first.next();
    const server = { address: from.address, port: from.port };
    for (const client of clients) client.say(server, ACK);
    await isOver;
    // A thousand datagrams are dozens of turns.
    assert.ok(handedOver < 100, `${handedOver} were handed over by dgram`);
    for (const client of clients) client.close();
    turns.close();
  });
});
