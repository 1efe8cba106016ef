import { placeOptions } from './option-places.ts';
import { addressAt, Option, type Options, writeAddress } from './options.ts';

/** `op` of a packet from a client. */
export const BOOTREQUEST = 1;
/** `op` of a packet from a server. */
export const BOOTREPLY = 2;
/** Bit of `flags` with which a client asks for replies by broadcast (RFC 2131 figure 2). */
export const BROADCAST_FLAG = 0x8000;

/** A DHCP message: the fields of RFC 2131 figure 1, numbers unsigned, addresses dotted. */
export interface DhcpPacket {
  op: number;
  htype: number;
  hops: number;
  xid: number;
  secs: number;
  flags: number;
  ciaddr: string;
  yiaddr: string;
  siaddr: string;
  giaddr: string;
  /** Hardware address as lower-case hexadecimal pairs with colons, as many as `hlen` says; for Ethernet the MAC. */
  chaddr: string;
  /** Server name up to its NUL, a byte a character (latin1); empty where the field carries options. */
  sname: string;
  /** Boot file name up to its NUL, a byte a character (latin1); empty where the field carries options. */
  file: string;
  /** Options by number, joined where they came in parts (RFC 3396), without PAD, END and OVERLOAD. */
  options: Map<number, Buffer>;
}

/** What can be wrong with the bytes of a packet. */
export type MalformedReason = 'too-short' | 'no-magic-cookie' | 'bad-hardware-length' | 'option-overrun';

/** What the bytes of a datagram are. */
export type Decoded =
  | { kind: 'packet'; packet: DhcpPacket }
  | { kind: 'malformed'; reason: MalformedReason; sentence: string };

/** The bytes of a packet, and the options that had to stay out. */
export interface Encoded {
  bytes: Buffer;
  /** Numbers of the options for which there was no room. */
  dropped: readonly number[];
}

const CHADDR = 28;
const SNAME = 44;
const FILE = 108;
const COOKIE = 236;
const OPTIONS = 240;
const MAGIC_COOKIE = 0x63825363;
const CHADDR_BYTES = 16;
/** Hardware type, and length of `chaddr` in characters. */
const ETHERNET = 1;
const MAC_CHARACTERS = 17;
/** RFC 1542 section 2.1: relay agents may drop shorter messages. */
const MINIMUM_BYTES = 300;
const IP_UDP_HEADERS = 28;
/** RFC 2132 section 9.10: the least that option 57 may say, and what holds where it is absent. */
const MINIMUM_DATAGRAM = 576;
/** EDK2 says 65280 in a REQUEST; a reply is to fit into one Ethernet frame all the same. */
const MAXIMUM_DATAGRAM = 1500;

/** The MAC address of the client, or undefined where its hardware address is not of Ethernet. */
export function macOf(packet: DhcpPacket): string | undefined {
  return packet.htype === ETHERNET && packet.chaddr.length === MAC_CHARACTERS ? packet.chaddr : undefined;
}

/** Reads a datagram. Never throws. A missing END is tolerated; an option that runs past its field is not. */
export function decode(bytes: Buffer): Decoded {
  if (bytes.length < OPTIONS) {
    return malformed('too-short', `the datagram has ${bytes.length} bytes; a DHCP message has at least ${OPTIONS}`);
  }
  if (bytes.readUInt32BE(COOKIE) !== MAGIC_COOKIE) {
    return malformed('no-magic-cookie', 'the message does not carry the DHCP magic cookie 99.130.83.99');
  }
  const hlen = bytes.readUInt8(2);
  if (hlen > CHADDR_BYTES) {
    return malformed('bad-hardware-length', `the hardware address is said to be ${hlen} bytes long; 16 is the most`);
  }
  const found = new OptionCollector();
  let overrun = found.collect(bytes, OPTIONS, bytes.length);
  const overload = found.overload();
  // RFC 3396 section 5: options, then file, then sname.
  if (overload & 1) overrun ??= found.collect(bytes, FILE, COOKIE);
  if (overload & 2) overrun ??= found.collect(bytes, SNAME, FILE);
  if (overrun !== undefined) return malformed('option-overrun', `option ${overrun} runs past the end of the message`);
  const packet: DhcpPacket = {
    op: bytes.readUInt8(0),
    htype: bytes.readUInt8(1),
    hops: bytes.readUInt8(3),
    xid: bytes.readUInt32BE(4),
    secs: bytes.readUInt16BE(8),
    flags: bytes.readUInt16BE(10),
    ciaddr: addressAt(bytes, 12),
    yiaddr: addressAt(bytes, 16),
    siaddr: addressAt(bytes, 20),
    giaddr: addressAt(bytes, 24),
    chaddr: hardwareAddress(bytes, hlen),
    sname: overload & 2 ? '' : textUntilNul(bytes, SNAME, FILE),
    file: overload & 1 ? '' : textUntilNul(bytes, FILE, COOKIE),
    options: found.options(),
  };
  return { kind: 'packet', packet };
}

/**
 * Writes a packet, padded to the 300 bytes of BOOTP. Values over 255 bytes are split (RFC 3396). Where `maxSize`
 * (bytes of the UDP payload, see `replySize`) does not suffice, the fields for server name and boot file take what they
 * can, if they are empty (RFC 2132 section 9.3); what is left then are the least important options, and never message
 * type, server identifier and lease time.
 *
 * @throws RangeError for a server name or boot file name too long for its field, or a `maxSize` too small for
 *   the three options that every reply has: mistakes of the caller
 */
export function encode(packet: DhcpPacket, maxSize: number): Encoded {
  if (packet.sname.length > 64) throw new RangeError('sname has more than 64 bytes');
  if (packet.file.length > 128) throw new RangeError('file has more than 128 bytes');
  const { chosen, dropped, inFile, inSname, size, overload } = placeOptions(packet, maxSize - OPTIONS - 1);
  const bytes = Buffer.allocUnsafe(Math.max(OPTIONS + size + 1, MINIMUM_BYTES)).fill(0);
  bytes[0] = packet.op;
  bytes[1] = packet.htype;
  bytes[2] = writeHardwareAddress(bytes, packet.chaddr);
  bytes[3] = packet.hops;
  bytes.writeUInt32BE(packet.xid, 4);
  bytes.writeUInt16BE(packet.secs, 8);
  bytes.writeUInt16BE(packet.flags, 10);
  writeAddress(bytes, packet.ciaddr, 12);
  writeAddress(bytes, packet.yiaddr, 16);
  writeAddress(bytes, packet.siaddr, 20);
  writeAddress(bytes, packet.giaddr, 24);
  if (packet.sname !== '') bytes.write(packet.sname, SNAME, 'latin1');
  if (packet.file !== '') bytes.write(packet.file, FILE, 'latin1');
  bytes.writeUInt32BE(MAGIC_COOKIE, COOKIE);
  let at = OPTIONS;
  if (overload !== 0) at = writeOption(bytes, at, Option.OPTION_OVERLOAD, Buffer.of(overload));
  bytes[writeOptions(bytes, at, chosen, packet.options)] = Option.END;
  writeField(bytes, FILE, inFile, packet.options);
  writeField(bytes, SNAME, inSname, packet.options);
  return { bytes, dropped };
}

/** @returns how many bytes it has */
function writeHardwareAddress(bytes: Buffer, address: string): number {
  let to = CHADDR;
  for (let at = 0; at + 1 < address.length; at += 3)
    bytes[to++] = (nibble(address.charCodeAt(at)) << 4) | nibble(address.charCodeAt(at + 1));
  return to - CHADDR;
}

const NINE = 57;

/** The value of a hexadecimal digit. Without the texts that parsing them would make. */
function nibble(code: number): number {
  return (code & 0xf) + (code > NINE ? 9 : 0);
}

/** Bytes of UDP payload that the sender of `request` takes in reply (option 57 counts the IP and UDP headers). */
export function replySize(request: DhcpPacket): number {
  const value = request.options.get(Option.MAXIMUM_DHCP_MESSAGE_SIZE);
  const said = value?.length === 2 ? value.readUInt16BE(0) : MINIMUM_DATAGRAM;
  return Math.min(Math.max(said, MINIMUM_DATAGRAM), MAXIMUM_DATAGRAM) - IP_UDP_HEADERS;
}

function malformed(reason: MalformedReason, sentence: string): Decoded {
  return { kind: 'malformed', reason, sentence };
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hardwareAddress(bytes: Buffer, length: number): string {
  let text = '';
  for (let at = CHADDR; at < CHADDR + length; at++) text += (at === CHADDR ? '' : ':') + HEX[bytes[at] ?? 0];
  return text;
}

function textUntilNul(bytes: Buffer, start: number, end: number): string {
  if (bytes[start] === 0) return '';
  const nul = bytes.indexOf(0, start);
  return bytes.toString('latin1', start, nul === -1 || nul > end ? end : nul);
}

/** Gathers options of several fields. Parts of one option are joined once, at the end: joining at each would be slow. */
class OptionCollector {
  readonly #first = new Map<number, Buffer>();
  #parts: Map<number, Buffer[]> | undefined;

  /** Reads the options between two offsets; returns the number of the one that runs past the end, if any. */
  collect(bytes: Buffer, start: number, end: number): number | undefined {
    let at = start;
    while (at < end) {
      const code = bytes[at] ?? 0;
      if (code === Option.END) return undefined;
      if (code === Option.PAD) {
        at += 1;
        continue;
      }
      if (at + 1 >= end) return code;
      const next = at + 2 + bytes.readUInt8(at + 1);
      if (next > end) return code;
      this.#add(code, bytes.subarray(at + 2, next));
      at = next;
    }
    return undefined;
  }

  /** Bit 1: the file field carries options too; bit 2: sname does (RFC 2132 section 9.3). */
  overload(): number {
    return this.#first.get(Option.OPTION_OVERLOAD)?.[0] ?? 0;
  }

  options(): Map<number, Buffer> {
    if (this.#parts) for (const [code, parts] of this.#parts) this.#first.set(code, Buffer.concat(parts));
    this.#first.delete(Option.OPTION_OVERLOAD);
    return this.#first;
  }

  #add(code: number, value: Buffer): void {
    const first = this.#first.get(code);
    if (first === undefined) {
      this.#first.set(code, value);
      return;
    }
    this.#parts ??= new Map();
    const parts = this.#parts.get(code);
    if (parts === undefined) this.#parts.set(code, [first, value]);
    else parts.push(value);
  }
}

const EMPTY = Buffer.alloc(0);

function writeField(bytes: Buffer, start: number, codes: readonly number[], options: Options): void {
  if (codes.length > 0) bytes[writeOptions(bytes, start, codes, options)] = Option.END;
}

function writeOptions(bytes: Buffer, start: number, codes: readonly number[], options: Options): number {
  let at = start;
  for (const code of codes) at = writeOption(bytes, at, code, options.get(code) ?? EMPTY);
  return at;
}

function writeOption(bytes: Buffer, start: number, code: number, value: Buffer): number {
  let at = start;
  let from = 0;
  do {
    const length = Math.min(value.length - from, 255);
    bytes[at] = code;
    bytes[at + 1] = length;
    value.copy(bytes, at + 2, from, from + length);
    at += 2 + length;
    from += length;
  } while (from < value.length);
  return at;
}
