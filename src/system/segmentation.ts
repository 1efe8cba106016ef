/**
 * UDP segmentation offload (UDP_SEGMENT, udp(7), since Linux 4.18): a window goes to the kernel as one message, which it cuts
 * into datagrams of one block each. What is on the wire is the same; the way through the kernel was most of a transfer's cost.
 */
import { libc } from './libc.ts';

// <linux/udp.h>
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;

/** Most datagrams the kernel cuts from one message (UDP_MAX_SEGMENTS), and the most bytes one has. */
const MOST_SEGMENTS = 64;
const MOST_BYTES = 65_507;

/** How many segments of so many bytes one message takes. */
export function segmentsPerMessage(segment: number): number {
  return Math.max(Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / segment)), 1);
}

/** Whether the kernel cuts what a UDP socket sends. One that does not know how would send it whole. */
export function canSegment(fd: number): boolean {
  const none = Buffer.alloc(4);
  return libc().setsockopt(fd, SOL_UDP, UDP_SEGMENT, none, none.length) >= 0;
}
