/** The memory that recvmmsg and sendmmsg are told of: the same on x86-64 and arm64. */
import { type Endpoint, endpointOf, Pinned, SOCKET_ADDRESS_BYTES, socketAddress } from './libc.ts';
import { SOL_UDP, UDP_SEGMENT } from './segmentation.ts';

/** struct mmsghdr, and where its fields are: a struct msghdr, and the length of the datagram. */
export const MESSAGE_HEADER_BYTES = 64;
const NAME = 0;
const NAME_LENGTH = 8;
const PIECES = 16;
const PIECE_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const LENGTH = 56;
/** struct iovec: where, and how many bytes. */
const PIECE_BYTES = 16;
/** struct cmsghdr with a uint16_t: its length without and with what aligns the next, and where its fields are. */
const SEGMENT_LENGTH = 18;
const SEGMENT_BYTES = 24;
const LEVEL = 8;
const TYPE = 12;
const VALUE = 16;

/**
 * An address and port of UDP over IPv4 as one number, to look up by: as struct sockaddr_in has them, read as numbers, the
 * address by 65,536 and the port.
 */
export type EndpointNumber = number;

export function endpointNumber({ address, port }: Endpoint): EndpointNumber {
  const inOrder = address.split('.').reduceRight((sum, byte) => sum * 256 + Number(byte), 0);
  return inOrder * 65_536 + (((port & 0xff) << 8) | (port >>> 8));
}

export function endpointOfNumber(number: EndpointNumber): Endpoint {
  const bytes = Buffer.alloc(SOCKET_ADDRESS_BYTES);
  bytes.writeUInt16LE(number % 65_536, 2);
  bytes.writeUInt32LE(Math.floor(number / 65_536), 4);
  return endpointOf(bytes);
}

/** What is said of each of so many datagrams: whose it is, where it is, how long, and whether it is to be cut. */
export class MessageHeaders {
  readonly count: number;
  readonly #words: Uint32Array;
  readonly #address: number;
  readonly #names: number;
  readonly #pieces: number;
  readonly #controls: number;

  constructor(count: number) {
    this.count = count;
    this.#names = count * MESSAGE_HEADER_BYTES;
    this.#pieces = this.#names + count * SOCKET_ADDRESS_BYTES;
    this.#controls = this.#pieces + count * PIECE_BYTES;
    const { bytes, address } = new Pinned(this.#controls + count * SEGMENT_BYTES);
    this.#words = new Uint32Array(bytes.buffer);
    this.#address = address;
    const any = socketAddress('0.0.0.0', 0).readUInt32LE(0);
    for (let index = 0; index < count; index++) {
      const header = index * MESSAGE_HEADER_BYTES;
      const control = this.#controls + index * SEGMENT_BYTES;
      this.#set(this.#names + index * SOCKET_ADDRESS_BYTES, any);
      this.#setPointer(header + NAME, this.nameAddress(index));
      // What the kernel writes there on receiving is the same again.
      this.#set(header + NAME_LENGTH, SOCKET_ADDRESS_BYTES);
      this.#setPointer(header + PIECES, address + this.#pieces + index * PIECE_BYTES);
      this.#set(header + PIECE_COUNT, 1);
      this.#setPointer(header + CONTROL, address + control);
      this.#set(control, SEGMENT_LENGTH);
      this.#set(control + LEVEL, SOL_UDP);
      this.#set(control + TYPE, UDP_SEGMENT);
    }
  }

  /** Where in memory the header of a datagram is, before those of the following. */
  headerAddress(index: number): number {
    return this.#address + index * MESSAGE_HEADER_BYTES;
  }

  /** Where in memory the struct sockaddr_in of a datagram is. */
  nameAddress(index: number): number {
    return this.#address + this.#names + index * SOCKET_ADDRESS_BYTES;
  }

  /** Whom a datagram came from. */
  endpoint(index: number): EndpointNumber {
    const at = (this.#names + index * SOCKET_ADDRESS_BYTES) >> 2;
    return this.#word(at + 1) * 65_536 + (this.#word(at) >>> 16);
  }

  /** Whom a datagram goes to. */
  setEndpoint(index: number, number: EndpointNumber): void {
    const at = (this.#names + index * SOCKET_ADDRESS_BYTES) >> 2;
    const address = Math.floor(number / 65_536);
    this.#words[at] = (this.#word(at) & 0xffff) | ((number - address * 65_536) << 16);
    this.#words[at + 1] = address;
  }

  /** Where in memory the bytes of a datagram are, and how many there are or may come. */
  setPiece(index: number, address: number, length: number): void {
    const at = this.#pieces + index * PIECE_BYTES;
    this.#setPointer(at, address);
    this.#set(at + 8, length);
  }

  /** Has the kernel cut a datagram into segments of so many bytes. 0: leave it whole. */
  setSegment(index: number, bytes: number): void {
    this.#set(index * MESSAGE_HEADER_BYTES + CONTROL_LENGTH, bytes === 0 ? 0 : SEGMENT_BYTES);
    if (bytes !== 0) this.#set(this.#controls + index * SEGMENT_BYTES + VALUE, bytes);
  }

  /** How many bytes came. */
  received(index: number): number {
    return this.#word((index * MESSAGE_HEADER_BYTES + LENGTH) >> 2);
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #set(at: number, value: number): void {
    this.#words[at >> 2] = value;
  }

  #setPointer(at: number, address: number): void {
    this.#set(at, address % 2 ** 32);
    this.#set(at + 4, Math.floor(address / 2 ** 32));
  }
}
