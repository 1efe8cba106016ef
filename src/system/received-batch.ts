import { libc, Pinned, SOCKET_ADDRESS_BYTES } from './libc.ts';
import { type EndpointNumber, MessageHeaders } from './message-headers.ts';

/**
 * Where many datagrams are received in one call (recvmmsg), in the place of those before. For short ones the way into the
 * kernel and back costs as much as what is done there.
 */
export class ReceivedBatch {
  readonly #headers: MessageHeaders;
  readonly #room: Pinned;
  readonly #longest: number;
  /** The usual ones are given without a Buffer of their own. */
  readonly #usual: readonly Buffer[];
  readonly #usualLength: number;
  readonly #nameLength = new Pinned(4);
  /** Bytes of the one that was received by itself. */
  #single: number | undefined;

  /** @param most datagrams a call @param longest bytes that are kept of one @param usualLength bytes that most have */
  constructor(most: number, longest: number, usualLength: number) {
    this.#headers = new MessageHeaders(most);
    this.#room = new Pinned(most * longest);
    this.#longest = longest;
    this.#usualLength = usualLength;
    const { bytes, address } = this.#room;
    this.#usual = Array.from({ length: most }, (_, index) => {
      this.#headers.setPiece(index, address + index * longest, longest);
      return bytes.subarray(index * longest, index * longest + usualLength);
    });
  }

  /** Receives what waits in a socket. @returns how many datagrams that were */
  receive(fd: number): number {
    this.#single = undefined;
    return Math.max(libc().recvmmsg(fd, this.#headers.headerAddress(0), this.#headers.count, 0, 0), 0);
  }

  /** As {@link receive}, one at most: which costs less where there is one. */
  receiveSingle(fd: number): number {
    this.#nameLength.bytes.writeUInt32LE(SOCKET_ADDRESS_BYTES);
    const name = this.#headers.nameAddress(0);
    this.#single = libc().recvfrom(fd, this.#room.address, this.#longest, 0, name, this.#nameLength.address);
    return this.#single < 0 ? 0 : 1;
  }

  bytes(index: number): Buffer {
    const length = this.#single ?? this.#headers.received(index);
    const usual = this.#usual[index];
    if (length === this.#usualLength && usual !== undefined) return usual;
    const start = index * this.#longest;
    return this.#room.bytes.subarray(start, start + length);
  }

  from(index: number): EndpointNumber {
    return this.#headers.endpoint(index);
  }
}
