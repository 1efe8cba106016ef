/**
 * The system calls that Node has no door to: options of sockets that must be set before they are bound. The values are
 * Linux's, the same on x86-64 and arm64.
 */
import koffi from 'koffi';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOCKADDR_IN_BYTES = 16;

/** libc's own functions: -1, with {@link errno}, where they fail. */
interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  close(fd: number): number;
}

let loaded: Libc | undefined;

/** @throws Error where there is no glibc */
export function libc(): Libc {
  if (loaded === undefined) {
    const library = koffi.load('libc.so.6');
    loaded = {
      socket: library.func('int socket(int, int, int)'),
      setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      ioctl: library.func('int ioctl(int, unsigned long, void *)'),
      close: library.func('int close(int)'),
    };
  }
  return loaded;
}

/** Code and number of the error of the call just made: ask before any other call overwrites it. */
export function errno(): { code: string; number: number } {
  const number = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `ERRNO_${number}`;
  return { code, number };
}

/** A UDP socket over IPv4, non-blocking and close-on-exec, or -1. */
export function udpSocket(): number {
  return libc().socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/** struct sockaddr_in of an IPv4 address and port. */
export function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(SOCKADDR_IN_BYTES);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}
