/** A UDP relay in front of a TFTP server that loses datagrams, both ways. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seeded } from '../boots/tftp/simulation.ts';

export type Relay = { port: number; lost: () => number; close: () => void };

/** What carries one client's transfer: towards the client from a port of its own, as the server would. */
type Pair = { down: Socket; up: Socket; transfer: number | undefined };

/**
 * Relays requests to `target`, and each transfer between its two ports. Every datagram is lost with chance `loss`, drawn
 * from `seed`. All on 127.0.0.1.
 */
export async function startLossyRelay(target: number, loss: number, seed: number): Promise<Relay> {
  const random = seeded(seed);
  const pairs = new Map<number, Promise<Pair>>();
  const sockets: Socket[] = [];
  let lost = 0;

  async function bound(): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    sockets.push(socket);
    const listening = once(socket, 'listening');
    socket.bind(0, '127.0.0.1');
    await listening;
    return socket;
  }

  const carry = (socket: Socket, bytes: Buffer, port: number) => {
    if (random() < loss) lost++;
    else socket.send(bytes, port, '127.0.0.1');
  };

  async function pairFor(client: number): Promise<Pair> {
    const pair: Pair = { down: await bound(), up: await bound(), transfer: undefined };
    pair.up.on('message', (bytes, from) => {
      if (from.port !== target) pair.transfer = from.port;
      carry(pair.down, bytes, client);
    });
    pair.down.on('message', (bytes) => {
      if (pair.transfer !== undefined) carry(pair.up, bytes, pair.transfer);
    });
    return pair;
  }

  const front = await bound();
  front.on('message', async (bytes, { port: client }) => {
    const pair = pairs.get(client) ?? pairFor(client);
    pairs.set(client, pair);
    carry((await pair).up, bytes, target);
  });
  return {
    port: front.address().port,
    lost: () => lost,
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
