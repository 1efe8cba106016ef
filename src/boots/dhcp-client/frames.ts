/**
 * Ethernet frames with a UDP datagram over IPv4 in them (RFC 791, RFC 768). A client without an address cannot use the
 * system's own UDP: it writes and reads whole frames. Pure.
 */

const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;
const ETHERNET = 14;
const IPV4 = 20;
const UDP = 8;
const TTL = 64;
/** Offset of the first fragment of a datagram, and its bit "more fragments": neither is set in a whole one. */
const FRAGMENT = 0x3fff;

/** The Ethernet address that means everybody. */
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

/** A UDP datagram as it lies on an Ethernet. MAC addresses lower case with colons, IP addresses dotted. */
export interface Frame {
  sourceMac: string;
  destinationMac: string;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  payload: Buffer;
}

/** The bytes of a frame, with its checksums. */
export function writeFrame(frame: Frame): Buffer {
  const { payload } = frame;
  const bytes = Buffer.alloc(ETHERNET + IPV4 + UDP + payload.length);
  writeMac(bytes, frame.destinationMac, 0);
  writeMac(bytes, frame.sourceMac, 6);
  bytes.writeUInt16BE(ETHERTYPE_IPV4, 12);
  const ip = bytes.subarray(ETHERNET, ETHERNET + IPV4);
  ip[0] = 0x45;
  ip.writeUInt16BE(IPV4 + UDP + payload.length, 2);
  ip[8] = TTL;
  ip[9] = PROTOCOL_UDP;
  writeIp(ip, frame.source, 12);
  writeIp(ip, frame.destination, 16);
  ip.writeUInt16BE(checksum(sumOf(ip)), 10);
  const udp = bytes.subarray(ETHERNET + IPV4);
  udp.writeUInt16BE(frame.sourcePort, 0);
  udp.writeUInt16BE(frame.destinationPort, 2);
  udp.writeUInt16BE(UDP + payload.length, 4);
  payload.copy(udp, UDP);
  // A sum of 0 is sent as its other form: 0 means that there is none (RFC 768).
  udp.writeUInt16BE(checksum(udpSum(ip, udp)) || 0xffff, 6);
  return bytes;
}

/**
 * Reads a frame, or undefined where it is not a whole UDP datagram. The UDP checksum is not looked at: on a virtual
 * cable the kernel leaves it to a network card that is not there.
 */
export function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < ETHERNET + IPV4 + UDP || bytes.readUInt16BE(12) !== ETHERTYPE_IPV4) return undefined;
  const ip = bytes.subarray(ETHERNET);
  const header = ((ip[0] ?? 0) & 0xf) * 4;
  const length = ip.readUInt16BE(2);
  if ((ip[0] ?? 0) >> 4 !== 4 || header < IPV4 || length > ip.length || header + UDP > length) return undefined;
  if (ip[9] !== PROTOCOL_UDP || (ip.readUInt16BE(6) & FRAGMENT) !== 0) return undefined;
  const udp = ip.subarray(header, length);
  const said = udp.readUInt16BE(4);
  if (said < UDP || said > udp.length) return undefined;
  return {
    destinationMac: readMac(bytes, 0),
    sourceMac: readMac(bytes, 6),
    source: readIp(ip, 12),
    destination: readIp(ip, 16),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: udp.subarray(UDP, said),
  };
}

/** `52:54:00:12:34:56` of the six bytes at `at`. */
export function readMac(bytes: Buffer, at: number): string {
  return bytes.toString('hex', at, at + 6).replace(/..(?!$)/g, '$&:');
}

function writeMac(bytes: Buffer, mac: string, at: number): void {
  bytes.write(mac.replaceAll(':', ''), at, 6, 'hex');
}

function readIp(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.');
}

function writeIp(bytes: Buffer, dotted: string, at: number): void {
  bytes.set(dotted.split('.').map(Number), at);
}

/** RFC 1071: the sum of 16-bit words, not folded yet; an odd last byte counts as the high one. */
function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length % 2 === 0 ? sum : sum + (bytes[bytes.length - 1] ?? 0) * 256;
}

function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** With the pseudo header: addresses, protocol, length. */
function udpSum(ip: Buffer, udp: Buffer): number {
  return sumOf(ip.subarray(12, 20)) + PROTOCOL_UDP + udp.length + sumOf(udp);
}
