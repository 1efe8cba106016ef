import { createSocket, type RemoteInfo } from 'node:dgram';
import { messageOf, TinsmithError } from '../../errors.ts';
import { sendNow, socketAddress } from '../../system/libc.ts';
import { forceReceiveBuffer } from '../../system/socket-buffers.ts';
import { bindToInterface } from '../interface-socket.ts';
import { WaitingDatagrams } from '../waiting-datagrams.ts';
import { Answering, type AnsweringOptions, type Post } from './answering.ts';
import type { Destination, DhcpPort, Reply } from './exchange.ts';
import { type DhcpPacket, encode, replySize } from './packet.ts';
import type { DhcpInterface } from './whereabouts.ts';

export type { DhcpLeases } from './answering.ts';
export type { DhcpNote } from './note.ts';
export type { DhcpInterface } from './whereabouts.ts';

/** A power-on storm outruns the kernel's default of 208 kB. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const LIMITED_BROADCAST = '255.255.255.255';

/** How DHCP is to be served. */
export interface DhcpOptions extends AnsweringOptions {
  /** Port of the DHCP server, 67 but for tests; 0: a free one. */
  port67: number;
  /** Port of the ProxyDHCP and boot service, 4011 but for tests; 0: a free one; undefined: not served. */
  proxyPort4011: number | undefined;
  /** Port that clients listen on, 68 but for tests. */
  clientPort?: number;
  /** Port that relay agents listen on, 67 but for tests. */
  relayPort?: number;
}

/** A socket that is being served. */
export interface BoundSocket {
  interface: string;
  address: string;
  /** The port it serves as. */
  role: DhcpPort;
  /** The port it is bound to. */
  port: number;
}

/** DHCP being served. */
export interface DhcpServer {
  bound: readonly BoundSocket[];
  /** Closes the sockets; resolves when they are closed. */
  stop(): Promise<void>;
}

/**
 * Serves DHCP on the interfaces given, one socket an interface and port, so that a reply leaves where its request came
 * in. Answers go out in the order in which their requests came, but for those that wait for a lease to be on the disk, or
 * for a probe.
 *
 * @throws TinsmithError PORT_TAKEN where another process has the port, FORBIDDEN where the right to bind it is lacking,
 *   UNAVAILABLE for other failures, such as an interface that is gone; nothing stays bound then
 */
export async function startDhcp(options: DhcpOptions): Promise<DhcpServer> {
  const opened: { close: () => Promise<void>; bound: BoundSocket }[] = [];
  const stop = async () => {
    await Promise.all(opened.splice(0).map(({ close }) => close()));
  };
  try {
    for (const from of options.interfaces) {
      opened.push(await open(options, from, 67, options.port67));
      if (options.proxyPort4011 !== undefined) opened.push(await open(options, from, 4011, options.proxyPort4011));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { bound: opened.map(({ bound }) => bound), stop };
}

async function open(options: DhcpOptions, from: DhcpInterface, role: DhcpPort, port: number) {
  const { log } = options;
  let fd: number;
  try {
    fd = bindToInterface({ interfaceName: from.name, port });
  } catch (error) {
    throw bindError(error, from, port);
  }
  const socket = createSocket('udp4');
  await new Promise<void>((listening, failed) => {
    socket.once('error', failed);
    socket.bind({ fd }, () => {
      socket.off('error', failed);
      listening();
    });
  });
  socket.on('error', (error) => log.error({ err: error, interface: from.name, port: role }, 'DHCP socket failed'));
  socket.setBroadcast(true);
  // Without the right to more, the limit of the system is taken as it is.
  if (!forceReceiveBuffer(fd, RECEIVE_BUFFER_BYTES)) socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  const bound: BoundSocket = { interface: from.name, address: from.address, role, port: socket.address().port };
  const answering = new Answering(options, { from, role, ownPort: bound.port, send: sender(options, from, fd) });
  const waiting = new WaitingDatagrams(fd);
  socket.on('message', (bytes, sentBy) => {
    answering.receive(bytes, sentBy);
    waiting.take((more, by) => answering.receive(more, by));
  });
  const close = (): Promise<void> => {
    answering.close();
    return new Promise((done) => void socket.close(() => done()));
  };
  return { close, bound };
}

/** Sends past dgram, whose send costs several times as much before it comes to the same call. */
function sender(options: DhcpOptions, from: DhcpInterface, fd: number): Post['send'] {
  /** Where the last reply went: mostly to everybody, or to one relay agent. */
  let last: { address: string; port: number; bytes: Buffer } = { address: '', port: 0, bytes: Buffer.alloc(0) };
  return (request: DhcpPacket, reply: Reply, sentBy) => {
    const { bytes, dropped } = encode(reply.packet, replySize(request));
    const { address, port } = addressOf(reply.to, sentBy, options);
    if (address !== last.address || port !== last.port) last = { address, port, bytes: socketAddress(address, port) };
    const code = sendNow(fd, bytes, last.bytes);
    if (code === undefined) return dropped;
    const to = { address, port };
    options.log.warn({ code, mac: request.chaddr, to, interface: from.name }, 'DHCP reply not sent');
    return { code, to: address };
  };
}

function addressOf(
  to: Destination,
  sender: Pick<RemoteInfo, 'address' | 'port'>,
  options: DhcpOptions,
): { address: string; port: number } {
  const { clientPort = 68, relayPort = 67 } = options;
  switch (to.kind) {
    case 'broadcast':
      return { address: LIMITED_BROADCAST, port: clientPort };
    case 'client':
      return { address: to.address, port: clientPort };
    case 'relay':
      return { address: to.address, port: relayPort };
    case 'sender':
      return { address: sender.address, port: sender.port };
  }
}

function bindError(error: unknown, from: DhcpInterface, port: number): TinsmithError {
  const where = `UDP port ${port} on interface ${from.name}`;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new TinsmithError('PORT_TAKEN', `DHCP cannot use ${where}: another process has it`, {
        next: `stop the other DHCP server ("ss -lunp sport = :${port}" names it), or serve DHCP on other interfaces`,
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new TinsmithError('FORBIDDEN', `DHCP cannot use ${where}: this needs root, or CAP_NET_BIND_SERVICE`, {
        next: 'run it with sudo',
        cause: error,
      });
    case 'ENODEV':
      return new TinsmithError('UNAVAILABLE', `DHCP cannot use ${where}: there is no such interface`, {
        next: '"ip -brief address" lists the interfaces',
        cause: error,
      });
    default:
      return new TinsmithError('UNAVAILABLE', `DHCP cannot use ${where}: ${messageOf(error)}`, { cause: error });
  }
}
