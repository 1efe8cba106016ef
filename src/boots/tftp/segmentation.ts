/**
 * UDP segmentation offload (UDP_SEGMENT, udp(7), since Linux 4.18): a window goes to the kernel in one call, which cuts it
 * into datagrams of one block each. What is on the wire is the same; the calls were most of a transfer's cost. Node can not
 * set the option.
 */
import { libc } from '../../system/libc.ts';

// <linux/udp.h>
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** Most datagrams the kernel cuts from one call (UDP_MAX_SEGMENTS), and the most bytes one call takes. */
const MOST_SEGMENTS = 64;
const MOST_BYTES = 65_507;

/** How many segments of so many bytes one call takes. */
export function segmentsPerCall(segment: number): number {
  return Math.max(Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / segment)), 1);
}

/**
 * Has a UDP socket cut what it sends into datagrams of `segment` bytes, the last one shorter. Returns false where the kernel
 * can not: send datagrams one by one then.
 */
export function startSegmenting(fd: number, segment: number): boolean {
  return setSegment(fd, segment) >= 0;
}

/** The socket sends datagrams as they are from now on. */
export function stopSegmenting(fd: number): void {
  setSegment(fd, 0);
}

function setSegment(fd: number, bytes: number): number {
  const value = Buffer.alloc(4);
  value.writeInt32LE(bytes);
  return libc().setsockopt(fd, SOL_UDP, UDP_SEGMENT, value, value.length);
}
