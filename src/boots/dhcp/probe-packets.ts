/** The packets that ask whether an address is in use: ARP (RFC 826, probes of RFC 5227) and ICMP echo (RFC 792). */
import { addressAt, writeAddress } from './options.ts';

export const ETHERTYPE_ARP = 0x0806;
const ETHERNET = 1;
const ETHERTYPE_IPV4 = 0x0800;
const ARP_BYTES = 28;
const ARP_REQUEST = 1;

/**
 * An ARP probe: a request from an address that is none, so that nobody's table is changed by it (RFC 5227 section 2.1.1).
 * @param mac six bytes, of the interface that it leaves by
 */
export function arpProbe(mac: Buffer, target: string): Buffer {
  const bytes = Buffer.alloc(ARP_BYTES);
  bytes.writeUInt16BE(ETHERNET, 0);
  bytes.writeUInt16BE(ETHERTYPE_IPV4, 2);
  bytes[4] = 6;
  bytes[5] = 4;
  bytes.writeUInt16BE(ARP_REQUEST, 6);
  mac.copy(bytes, 8);
  writeAddress(bytes, target, 24);
  return bytes;
}

/** Who says by an ARP packet, whether asked or not, that it has which address; undefined where nobody does. */
export function arpSender(bytes: Buffer): { address: string; mac: string } | undefined {
  if (bytes.length < ARP_BYTES || bytes.readUInt16BE(0) !== ETHERNET || bytes.readUInt16BE(2) !== ETHERTYPE_IPV4)
    return undefined;
  if (bytes[4] !== 6 || bytes[5] !== 4) return undefined;
  const address = addressAt(bytes, 14);
  if (address === '0.0.0.0') return undefined;
  return { address, mac: bytes.toString('hex', 8, 14).replace(/..(?!$)/g, '$&:') };
}

const ICMP_BYTES = 16;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;

/** An echo request. */
export function echoRequest(identifier: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(ICMP_BYTES);
  bytes[0] = ECHO_REQUEST;
  bytes.writeUInt16BE(identifier, 4);
  bytes.writeUInt16BE(sequence & 0xffff, 6);
  bytes.writeUInt16BE(checksum(bytes), 2);
  return bytes;
}

/** The address that an IP datagram with the reply to one of our echo requests comes from. */
export function echoSender(datagram: Buffer, identifier: number): string | undefined {
  if (datagram.length < 20) return undefined;
  const header = (datagram.readUInt8(0) & 0x0f) * 4;
  if (datagram.length < header + 8 || datagram[header] !== ECHO_REPLY) return undefined;
  return datagram.readUInt16BE(header + 4) === identifier ? addressAt(datagram, 12) : undefined;
}

/** RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
