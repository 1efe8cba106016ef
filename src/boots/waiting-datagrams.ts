/**
 * Datagrams that wait in a socket when dgram has handed over the first. In a storm there are hundreds, and dgram takes as long
 * for each as deciding on its answer does.
 */
import { performance } from 'node:perf_hooks';
import { DatagramRoom } from '../system/datagram-room.ts';
import { type Endpoint, endpointOf, SOCKET_ADDRESS_BYTES } from '../system/libc.ts';

const LONGEST = 65_536;
/** How long other things of the event loop wait for this at most, ms. */
const LONGEST_TURN = 2;
/** Datagrams between two looks at the clock. */
const AT_ONCE = 16;

const room = new DatagramRoom(LONGEST, SOCKET_ADDRESS_BYTES);

export class WaitingDatagrams {
  readonly #fd: number;
  /** Who sent the last one: in a storm most come from one relay agent. */
  #bytes: Buffer = Buffer.alloc(0);
  #sender: Endpoint = { address: '', port: 0 };
  /** This turn of the event loop has had its share. */
  #isOver = false;

  /** @param fd of a socket that does not block */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Gives those that wait, and those that come meanwhile, for a while. The bytes are the taker's. dgram itself goes on with up
   * to 32 datagrams in one turn of the event loop: what is taken besides them is taken once.
   */
  take(taker: (bytes: Buffer, from: Endpoint) => void): void {
    if (this.#isOver) return;
    const until = performance.now() + LONGEST_TURN;
    do {
      for (let count = 0; count < AT_ONCE; count++) {
        const length = room.receive(this.#fd);
        if (length < 0) return;
        taker(Buffer.from(room.bytes.subarray(0, length)), this.#senderNow());
      }
    } while (performance.now() < until);
    this.#isOver = true;
    setImmediate(() => {
      this.#isOver = false;
    });
  }

  #senderNow(): Endpoint {
    const { from } = room;
    if (this.#bytes.equals(from)) return this.#sender;
    this.#bytes = Buffer.from(from);
    this.#sender = endpointOf(from);
    return this.#sender;
  }
}
