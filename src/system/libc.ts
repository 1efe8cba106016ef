/**
 * The system calls that Node has no door to: options of sockets that must be set before they are bound, and what need not
 * wait or be copied. The values are Linux's, the same on x86-64 and arm64.
 */
import koffi from 'koffi';

const AF_INET = 2;
const AF_PACKET = 17;
export const SOL_SOCKET = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
const TCP_CORK = 3;
const SIOCOUTQ = 0x5411;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** Of struct sockaddr_in. */
export const SOCKET_ADDRESS_BYTES = 16;
/** Of struct sockaddr_ll. */
export const LINK_ADDRESS_BYTES = 20;
const RWF_NOWAIT = 8;

/** struct iovec: where the bytes go, and how many. */
const piece = Buffer.alloc(16);
/** struct iovec of one byte, which comes behind it: in one piece, and never moved, as its address is kept. */
const probe = Buffer.from(new ArrayBuffer(17));
probe.writeBigUInt64LE(koffi.address(probe) + 16n, 0);
probe.writeBigUInt64LE(1n, 8);
/** Where {@link sendFile} begins to read, as off_t: its lower and its upper half. */
const offset = new Uint32Array(2);
/** An int, in or out. */
const int = Buffer.alloc(4);

/**
 * Memory that never moves, and where it is. A call that is told that, and not a Buffer, takes half as long, where the kernel
 * has little to do for it.
 */
export class Pinned {
  readonly bytes: Buffer;
  readonly address: number;

  /** @param length bytes; all zero */
  constructor(length: number) {
    // Small Buffers lie in the heap, or in a pool of Node's.
    this.bytes = Buffer.from(new ArrayBuffer(length));
    this.address = Number(koffi.address(this.bytes));
  }
}

/** libc's own functions: -1, with {@link errno}, where they fail. */
interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  /** Told where in memory the value goes, and where its length is: in and out. */
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  /** Told where in memory, as {@link Pinned} knows it; writes where it came from, and has the length of that in and out. */
  recvfrom(fd: number, bytes: number, room: number, flags: number, address: number, addressLength: number): number;
  /** Told where in memory the struct mmsghdr are. */
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  sendto(fd: number, bytes: Buffer, length: number, flags: number, address: Buffer, addressLength: number): number;
  sendtoAt(fd: number, bytes: number, length: number, flags: number, address: number, addressLength: number): number;
  recv(fd: number, bytes: Buffer, length: number, flags: number): number;
  preadv2(fd: number, pieces: Buffer, count: number, position: number, flags: number): number;
  sendfile(to: number, from: number, position: Uint32Array, length: number): number;
  memfd_create(name: string, flags: number): number;
  malloc_trim(keep: number): number;
  usleep(microseconds: number): number;
  /** syscall(2), with the number of openat2. Told where in memory the struct open_how is. */
  openat2(number: number, directory: number, path: string, how: number, length: number): number;
  /** Told where in memory the path is, and where the struct statx goes. */
  statx(directory: number, path: number, flags: number, mask: number, status: number): number;
  /** Told where in memory the struct pollfd are, and the time-out. */
  ppoll(entries: number, count: number, timeout: number, mask: number): number;
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
      getsockopt: library.func('int getsockopt(int, int, int, uintptr_t, uintptr_t)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      recvfrom: library.func('long recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)'),
      recvmmsg: library.func('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)'),
      sendmmsg: library.func('int sendmmsg(int, uintptr_t, uint32_t, int)'),
      ioctl: library.func('int ioctl(int, unsigned long, void *)'),
      sendto: library.func('long sendto(int, const void *, size_t, int, const void *, uint32_t)'),
      sendtoAt: library.func('long sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)'),
      recv: library.func('long recv(int, void *, size_t, int)'),
      preadv2: library.func('long preadv2(int, const void *, int, long, int)'),
      sendfile: library.func('long sendfile(int, int, void *, size_t)'),
      ppoll: library.func('int ppoll(uintptr_t, unsigned long, uintptr_t, uintptr_t)'),
      openat2: library.func('long syscall(long, int, const char *, uintptr_t, size_t)'),
      statx: library.func('int statx(int, uintptr_t, int, uint32_t, uintptr_t)'),
      memfd_create: library.func('int memfd_create(const char *, uint32_t)'),
      usleep: library.func('int usleep(uint32_t)'),
      malloc_trim: library.func('int malloc_trim(size_t)'),
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

/** A socket for ICMP over IPv4 that hears with IP header and speaks without, or -1. Needs CAP_NET_RAW. */
export function icmpSocket(): number {
  return libc().socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
}

/** A socket for one protocol of Ethernet, without the frames' headers, or -1. Needs CAP_NET_RAW. */
export function packetSocket(etherType: number): number {
  return libc().socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, networkOrder(etherType));
}

/** A socket for whole Ethernet frames, or -1. It hears nothing until it is bound. Needs CAP_NET_RAW. */
export function frameSocket(): number {
  return libc().socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/** struct sockaddr_ll (packet(7)): an interface, and where a frame goes. @param mac bytes; undefined: to bind only */
export function linkAddress(etherType: number, interfaceIndex: number, mac?: Buffer): Buffer {
  const bytes = Buffer.alloc(LINK_ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_PACKET, 0);
  bytes.writeUInt16BE(etherType, 2);
  bytes.writeInt32LE(interfaceIndex, 4);
  if (mac) {
    bytes[11] = mac.length;
    mac.copy(bytes, 12);
  }
  return bytes;
}

/** The index of the interface that a packet came in by, from the address that a packet socket gives with it. */
export function interfaceOf(linkAddress: Buffer): number {
  return linkAddress.readInt32LE(4);
}

function networkOrder(number: number): number {
  return ((number & 0xff) << 8) | (number >>> 8);
}

/**
 * Sends one datagram, or what the socket cuts into datagrams, at once: the bytes are the caller's again when it returns.
 * dgram's send costs five times as much before it comes to the same call.
 *
 * @param to as {@link socketAddress} writes it
 * @returns undefined, or the code of the error: EAGAIN where the link takes nothing more now
 */
export function sendNow(fd: number, bytes: Buffer, to: Buffer): string | undefined {
  return libc().sendto(fd, bytes, bytes.length, 0, to, to.length) < 0 ? errno().code : undefined;
}

/** As {@link sendNow}, from memory that never moves. @param at where the datagram begins in it, and how many bytes it has */
export function sendPinned(
  fd: number,
  from: Pinned,
  { start, length }: { start: number; length: number },
  to: Pinned,
): string | undefined {
  const sent = libc().sendtoAt(fd, from.address + start, length, 0, to.address, SOCKET_ADDRESS_BYTES);
  return sent < 0 ? errno().code : undefined;
}

/**
 * Reads from a file what the kernel has of it in memory, and never waits for a disk. Since Linux 4.14; some file systems can
 * not do it.
 *
 * @returns whether all `length` bytes are in `target` now
 */
export function readCached(fd: number, target: Buffer, length: number, position: number): boolean {
  piece.writeBigUInt64LE(koffi.address(target), 0);
  piece.writeBigUInt64LE(BigInt(length), 8);
  return libc().preadv2(fd, piece, 1, position, RWF_NOWAIT) === length;
}

/** Whether the kernel has the page of a file with the byte at `position` in memory. As for {@link readCached}. */
export function isCached(fd: number, position: number): boolean {
  return libc().preadv2(fd, probe, 1, position, RWF_NOWAIT) === 1;
}

/** Numbers of errors, the same on x86-64 and arm64. */
export const EINTR = 4;
export const EAGAIN = 11;

/**
 * Sends a part of a file to a socket that does not block, without a copy: what the file's pages become before the network
 * has taken them is what goes out. May wait for the disk.
 *
 * @returns how many bytes the socket has taken, 0 where the file ends before; or the number of the error, negative
 */
export function sendFile(socket: number, file: number, position: number, length: number): number {
  offset[0] = position % 2 ** 32;
  offset[1] = Math.floor(position / 2 ** 32);
  const sent = libc().sendfile(socket, file, offset, length);
  return sent < 0 ? -koffi.errno() : sent;
}

/** Has a TCP socket send full packets only, until it is told not to or 200 ms are over. */
export function cork(socket: number, isOn: boolean): void {
  int.writeInt32LE(isOn ? 1 : 0);
  libc().setsockopt(socket, IPPROTO_TCP, TCP_CORK, int, int.length);
}

/** Bytes that a TCP socket has taken and its peer's system has not yet: all that {@link sendFile} gave it may still change. */
export function untakenBytes(socket: number): number {
  return libc().ioctl(socket, SIOCOUTQ, int) < 0 ? 0 : int.readInt32LE();
}

/** Gives back to the system what the C library keeps of memory that was freed, wherever it lies (malloc_trim(3)). */
export function trimPools(): void {
  libc().malloc_trim(0);
}

/** An address and port of UDP over IPv4. */
export type Endpoint = { address: string; port: number };

/** What a struct sockaddr_in says. */
export function endpointOf(address: Buffer): Endpoint {
  return { address: address.subarray(4, 8).join('.'), port: address.readUInt16BE(2) };
}

/** struct sockaddr_in of an IPv4 address and port. */
export function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(SOCKET_ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}
