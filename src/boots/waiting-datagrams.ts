/**
 * Datagrams that wait in a socket when dgram has handed over the first. In a storm there are hundreds, and dgram takes as long
 * for each as deciding on its answer does.
 */
import { performance } from 'node:perf_hooks';
import { DatagramRoom } from '../system/datagram-room.ts';
import { type Endpoint, endpointOf, libc, SOCKET_ADDRESS_BYTES } from '../system/libc.ts';

const LONGEST = 65_536;
/** How long other things of the event loop wait for this at most, ms. */
const LONGEST_TURN = 2;
/** Datagrams between two looks at the clock. */
const AT_ONCE = 16;
/** Less time than this since the last one was taken is a storm, ms. */
const STORM = 1;
/**
 * How long it is waited for more in a storm, as long as that brings some, and how often in one turn: what wakes the event loop
 * costs as much as the answer to a datagram. µs
 */
const REST = 100;
const MOST_RESTS = 4;

const room = new DatagramRoom(LONGEST, SOCKET_ADDRESS_BYTES);

export class WaitingDatagrams {
  readonly #fd: number;
  /** Who sent the last one: in a storm most come from one relay agent. */
  #bytes: Buffer = Buffer.alloc(0);
  #sender: Endpoint = { address: '', port: 0 };
  /** This turn of the event loop has had its share. */
  #isOver = false;
  #takenAt = Number.NEGATIVE_INFINITY;
  readonly #rest: (microseconds: number) => unknown;
  readonly #now: () => number;

  /**
   * @param fd of a socket that does not block
   * @param rest keeps the event loop waiting
   * @param now ms since any moment
   */
  constructor(
    fd: number,
    rest: (microseconds: number) => unknown = (microseconds) => libc().usleep(microseconds),
    now: () => number = () => performance.now(),
  ) {
    this.#fd = fd;
    this.#rest = rest;
    this.#now = now;
  }

  /**
   * Gives those that wait, and those that come meanwhile, for a while; in a storm also those that come soon. The bytes are the
   * taker's. dgram itself goes on with up to 32 datagrams in one turn of the event loop: what is taken besides them is taken
   * once.
   */
  take(taker: (bytes: Buffer, from: Endpoint) => void): void {
    if (this.#isOver) return;
    const begun = this.#now();
    const isStorm = begun - this.#takenAt < STORM;
    let rests = 0;
    for (;;) {
      const taken = this.#takeSome(taker);
      this.#takenAt = this.#now();
      if (this.#takenAt - begun >= LONGEST_TURN) break;
      if (taken === AT_ONCE) continue;
      if (!isStorm || rests === MOST_RESTS || (rests > 0 && taken === 0)) return;
      this.#rest(REST);
      rests++;
    }
    this.#isOver = true;
    setImmediate(() => {
      this.#isOver = false;
    });
  }

  /** @returns how many there were */
  #takeSome(taker: (bytes: Buffer, from: Endpoint) => void): number {
    for (let taken = 0; taken < AT_ONCE; taken++) {
      const length = room.receive(this.#fd);
      if (length < 0) return taken;
      taker(Buffer.from(room.bytes.subarray(0, length)), this.#senderNow());
    }
    return AT_ONCE;
  }

  #senderNow(): Endpoint {
    const { from } = room;
    if (this.#bytes.equals(from)) return this.#sender;
    this.#bytes = Buffer.from(from);
    this.#sender = endpointOf(from);
    return this.#sender;
  }
}
