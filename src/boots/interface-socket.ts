import { getSystemErrorMessage } from 'node:util';
import koffi from 'koffi';

// Linux constants of <sys/socket.h>, the same on x86-64 and arm64.
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SOCKADDR_IN_BYTES = 16;

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  close(fd: number): number;
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded === undefined) {
    const library = koffi.load('libc.so.6');
    loaded = {
      socket: library.func('int socket(int, int, int)'),
      setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      close: library.func('int close(int)'),
    };
  }
  return loaded;
}

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
  const { socket, setsockopt, bind, close } = libc();
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('socket', interfaceName, port);
  const device = Buffer.from(`${interfaceName}\0`);
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.length) < 0) {
    const error = systemError('setsockopt', interfaceName, port);
    close(fd);
    throw error;
  }
  const address = Buffer.alloc(SOCKADDR_IN_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  if (bind(fd, address, address.length) < 0) {
    const error = systemError('bind', interfaceName, port);
    close(fd);
    throw error;
  }
  return fd;
}

/** The error of the call just made; must be made before any other system call overwrites errno. */
function systemError(syscall: string, interfaceName: string, port: number): Error {
  const errno = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `ERRNO_${errno}`;
  const error = new Error(
    `${syscall} ${code}: ${getSystemErrorMessage(-errno)}, interface ${interfaceName} port ${port}`,
  );
  return Object.assign(error, { code, errno: -errno, syscall, port });
}
