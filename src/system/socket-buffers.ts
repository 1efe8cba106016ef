/** Buffers of sockets, of another size than the system would have them. The values are Linux's. */
import { libc, SOL_SOCKET } from './libc.ts';

const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;

/**
 * Gives a socket room for more than the system allows everybody (net.core.rmem_max, 208 kB on Debian): a few hundred small
 * datagrams. Needs CAP_NET_ADMIN.
 *
 * @returns whether it has that now
 */
export function forceReceiveBuffer(fd: number, bytes: number): boolean {
  return forceBuffer(fd, SO_RCVBUFFORCE, bytes);
}

/** As {@link forceReceiveBuffer}, for what the socket sends. */
export function forceSendBuffer(fd: number, bytes: number): boolean {
  return forceBuffer(fd, SO_SNDBUFFORCE, bytes);
}

function forceBuffer(fd: number, option: number, bytes: number): boolean {
  const value = Buffer.alloc(4);
  value.writeInt32LE(bytes);
  return libc().setsockopt(fd, SOL_SOCKET, option, value, value.length) === 0;
}
