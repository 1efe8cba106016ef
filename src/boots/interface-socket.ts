import { getSystemErrorMessage } from 'node:util';
import { errno, libc, SOL_SOCKET, socketAddress, udpSocket } from '../system/libc.ts';

// <sys/socket.h>
const SO_BINDTODEVICE = 25;

/**
 * Opens a UDP socket that hears and speaks on one network interface only: bound to the device, 0.0.0.0 and `port`
 * (0: a free one). Node cannot do this itself, and a broadcast's interface cannot be told otherwise.
 *
 * SO_REUSEADDR is left off on purpose: a second server on the port must be noticed.
 *
 * @returns the file descriptor, non-blocking and close-on-exec, for `dgram.createSocket('udp4').bind({ fd })`
 * @throws Error with `code` as Node's own (`EADDRINUSE`, `EACCES`, `ENODEV`, …), `syscall` and `port`
 */
export function bindToInterface({ interfaceName, port }: { interfaceName: string; port: number }): number {
  const { setsockopt, bind, close } = libc();
  const fd = udpSocket();
  if (fd < 0) throw systemError('socket', interfaceName, port);
  const device = Buffer.from(`${interfaceName}\0`);
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.length) < 0) {
    const error = systemError('setsockopt', interfaceName, port);
    close(fd);
    throw error;
  }
  const address = socketAddress('0.0.0.0', port);
  if (bind(fd, address, address.length) < 0) {
    const error = systemError('bind', interfaceName, port);
    close(fd);
    throw error;
  }
  return fd;
}

function systemError(syscall: string, interfaceName: string, port: number): Error {
  const { code, number } = errno();
  const error = new Error(
    `${syscall} ${code}: ${getSystemErrorMessage(-number)}, interface ${interfaceName} port ${port}`,
  );
  return Object.assign(error, { code, errno: -number, syscall, port });
}
