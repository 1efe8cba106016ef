/** TCP to a peer that is near. The values are Linux's, the same on x86-64 and arm64. */
import { IPPROTO_TCP, libc, Pinned } from './libc.ts';
import { forceSendBuffer } from './socket-buffers.ts';

const TCP_INFO = 11;
const TCP_CONGESTION = 13;
/** struct tcp_info up to tcpi_min_rtt, µs. */
const INFO_BYTES = 152;
const MIN_RTT = 148;
/** TCP_CA_NAME_MAX. */
const NAME_BYTES = 16;
/** A shorter round trip than this is near, µs. */
const NEAR = 1000;
/** More than a wire of 10 Gbit/s holds in that time, bytes. The kernel takes twice of it, for what it needs besides. */
const SEND_BUFFER = 1_000_000;

/** Every Linux has it, and lets everybody use it. */
const RENO = Buffer.from('reno');

const option = new Pinned(INFO_BYTES);
const length = new Pinned(4);

/** Reads an option into `option`. @returns how many bytes it has; 0 where there is none */
function read(socket: number, name: number, room: number): number {
  length.bytes.writeUInt32LE(room);
  const failed = libc().getsockopt(socket, IPPROTO_TCP, name, option.address, length.address) < 0;
  return failed ? 0 : length.bytes.readUInt32LE();
}

/**
 * Has a TCP socket send to a peer that is near as that takes it; to others it sends as the system has it.
 *
 * - BBR lets packets go by timers, at the rate that it takes the way to have. Over some microseconds both are too coarse: on
 *   the loopback a fifth of what is possible, at three times the cost. Where the system has BBR, this socket has Reno.
 * - A send buffer that grows to 4 MB with each of many clients is more than the processor's cache holds.
 *
 * @returns whether the peer is near
 */
export function tuneNear(socket: number): boolean {
  if (read(socket, TCP_INFO, INFO_BYTES) < INFO_BYTES || option.bytes.readUInt32LE(MIN_RTT) >= NEAR) return false;
  const [congestionControl] = option.bytes.toString('latin1', 0, read(socket, TCP_CONGESTION, NAME_BYTES)).split('\0');
  if (congestionControl === 'bbr') libc().setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, RENO, RENO.length);
  forceSendBuffer(socket, SEND_BUFFER);
  return true;
}
