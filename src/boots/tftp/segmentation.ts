/**
 * UDP segmentation offload (UDP_SEGMENT, udp(7), since Linux 4.18): a window goes to the kernel in one call, which cuts it
 * into datagrams of one block each. What is on the wire is the same; the calls were most of a transfer's cost. Node can not
 * set the option.
 */
import koffi from 'koffi';

// Linux constants, the same on x86-64 and arm64.
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const SOCKADDR_IN_BYTES = 16;

/** Most datagrams the kernel cuts from one call (UDP_MAX_SEGMENTS), and the most bytes one call takes. */
const MOST_SEGMENTS = 64;
const MOST_BYTES = 65_507;

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  close(fd: number): number;
}

let loaded: Libc | 'none' | undefined;

function libc(): Libc | 'none' {
  if (loaded === undefined) {
    try {
      const library = koffi.load('libc.so.6');
      loaded = {
        socket: library.func('int socket(int, int, int)'),
        setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
        bind: library.func('int bind(int, const void *, uint32_t)'),
        close: library.func('int close(int)'),
      };
    } catch {
      loaded = 'none';
    }
  }
  return loaded;
}

/** How many segments of so many bytes one call takes. */
export function segmentsPerCall(segment: number): number {
  return Math.max(Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / segment)), 1);
}

/**
 * Opens a UDP socket on a free port of `address` that cuts what it sends into datagrams of `segment` bytes, the last one
 * shorter. Returns its file descriptor, for dgram's `bind({ fd })`, or undefined where it can not be had: send datagrams
 * one by one then.
 */
export function openSegmenting(address: string, segment: number): number | undefined {
  const c = libc();
  if (c === 'none') return undefined;
  const fd = c.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const name = Buffer.alloc(SOCKADDR_IN_BYTES);
  name.writeUInt16LE(AF_INET, 0);
  name.set(address.split('.').map(Number), 4);
  if (setSegment(c, fd, segment) < 0 || c.bind(fd, name, name.length) < 0) {
    c.close(fd);
    return undefined;
  }
  return fd;
}

/** The socket sends datagrams as they are from now on. */
export function stopSegmenting(fd: number): void {
  const c = libc();
  if (c !== 'none') setSegment(c, fd, 0);
}

function setSegment(c: Libc, fd: number, bytes: number): number {
  return c.setsockopt(fd, SOL_UDP, UDP_SEGMENT, Int32Array.of(bytes), Int32Array.BYTES_PER_ELEMENT);
}
