import { libc, Pinned } from './libc.ts';

/**
 * Where one datagram after another is received, each in the place of the one before. It never moves: to hand three Buffers over
 * costs as much as the rest of a call that has a short datagram to fetch.
 */
export class DatagramRoom {
  readonly #bytes: Pinned;
  readonly #from: Pinned;
  readonly #fromLength = new Pinned(4);

  /** @param longest bytes that are kept of a datagram @param addressBytes of the sender's address */
  constructor(longest: number, addressBytes: number) {
    this.#bytes = new Pinned(longest);
    this.#from = new Pinned(addressBytes);
  }

  get bytes(): Buffer {
    return this.#bytes.bytes;
  }

  /** The address of who sent the last one, as the system has it. */
  get from(): Buffer {
    return this.#from.bytes;
  }

  /** Receives a datagram that waits in a socket. @returns its length, in bytes; less than 0 where there is none */
  receive(fd: number): number {
    const { bytes, address } = this.#bytes;
    const { bytes: from, address: fromAddress } = this.#from;
    this.#fromLength.bytes.writeUInt32LE(from.length);
    return libc().recvfrom(fd, address, bytes.length, 0, fromAddress, this.#fromLength.address);
  }
}
