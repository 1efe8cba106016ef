// A relay agent of the test's own (RFC 1542, RFC 3046), which loses a part of what it should pass on. Shares no code
// with the server's codec. Takes its setting as JSON in the first parameter; tells each datagram as a line of JSON.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { bindToInterface } from '../../src/boots/interface-socket.ts';

export interface RelaySetting {
  /** Interface towards the clients, and its address. */
  clients: { device: string; address: string };
  /** Interface towards the server, and the server's address. */
  server: { device: string; address: string };
  /** Part of the datagrams to lose, 0 to 1. */
  loss: number;
  /** Seed of the losses, so that each run loses the same ones. */
  seed: number;
}

export type RelayLine = { ready: true } | { to: 'server' | 'client'; lost: boolean; echoed?: boolean };

const END = 255;
const AGENT = Buffer.from([82, 8, 1, 6, ...Buffer.from('port 7')]);

async function relay(setting: RelaySetting): Promise<void> {
  const tell = (line: RelayLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
  let state = setting.seed;
  const lose = (): boolean => {
    // Lehmer's generator with Park and Miller's constants.
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff < setting.loss;
  };
  const clients = await open(setting.clients.device);
  const server = await open(setting.server.device);
  clients.on('message', (bytes) => {
    if (bytes[0] !== 1) return;
    const lost = lose();
    tell({ to: 'server', lost });
    if (!lost) server.send(marked(bytes, setting.clients.address), 67, setting.server.address);
  });
  server.on('message', (bytes) => {
    if (bytes[0] !== 2) return;
    const at = bytes.indexOf(AGENT, 240);
    const lost = lose();
    tell({ to: 'client', lost, echoed: at > 0 });
    if (lost) return;
    if (at > 0) bytes.fill(0, at, at + AGENT.length);
    clients.send(bytes, 68, '255.255.255.255');
  });
  tell({ ready: true });
}

async function open(interfaceName: string): Promise<Socket> {
  const socket = createSocket('udp4');
  const listening = once(socket, 'listening');
  socket.bind({ fd: bindToInterface({ interfaceName, port: 67 }) });
  await listening;
  socket.setBroadcast(true);
  return socket;
}

/** A request with one hop more, the relay agent's address, and its option 82 in front of END. */
function marked(request: Buffer, address: string): Buffer {
  let end = 240;
  while (end < request.length && request[end] !== END) {
    end += request[end] === 0 ? 1 : 2 + (request[end + 1] ?? 0);
  }
  const bytes = Buffer.concat([request.subarray(0, end), AGENT, Buffer.of(END)]);
  bytes[3] = (bytes[3] ?? 0) + 1;
  bytes.set(address.split('.').map(Number), 24);
  return bytes;
}

if (import.meta.main) await relay(JSON.parse(process.argv[2] ?? ''));
