/**
 * Many transfers at once. dgram takes about as long to hand over a datagram as the kernel takes to send one, so while there are many
 * transfers, the first datagram of a turn of the event loop is followed by all that have come meanwhile, past dgram.
 */
import { performance } from 'node:perf_hooks';
import { libc, socketAddress } from '../libc.ts';

// <sys/epoll.h>
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** struct epoll_event is packed on x86-64 only. */
const DATA_AT = process.arch === 'x64' ? 4 : 8;
const EVENT_BYTES = DATA_AT + 8;

const EVENTS = 64;
/** The longest datagram that means something to a transfer is an ERROR; of a longer one, its begin says enough. Bytes. */
const LONGEST = 2048;
const ADDRESS_BYTES = 16;
/** With fewer sockets than this it costs more to ask than it saves. */
const FEW = 8;
/** How long other things of the event loop wait for this at most, ms. */
const LONGEST_TURN = 1;

/** Takes a datagram; `from` is the struct sockaddr_in of its sender. Both are overwritten by the next. */
export type Taker = (bytes: Buffer, from: Buffer) => void;

export class ReadySockets {
  readonly #takers = new Map<number, Taker>();
  readonly #events = Buffer.alloc(EVENTS * EVENT_BYTES);
  readonly #bytes = Buffer.alloc(LONGEST);
  readonly #from = socketAddress('0.0.0.0', 0);
  readonly #fromLength = Buffer.alloc(4);
  #epoll = -1;
  #isTaking = false;

  /** Takes a socket in, of which `take` gets datagrams from now on. dgram may read it too. */
  add(fd: number, take: Taker): void {
    if (this.#epoll < 0) this.#epoll = libc().epoll_create1(EPOLL_CLOEXEC);
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeUInt32LE(fd, DATA_AT);
    // Where it fails, dgram reads all there is.
    if (libc().epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, event) >= 0) this.#takers.set(fd, take);
  }

  /** To be called before the socket is closed, which takes it out of the kernel's list. */
  remove(fd: number): void {
    this.#takers.delete(fd);
  }

  /** Takes what has come to any of the sockets, and what comes meanwhile, for a while. */
  takeAll(): void {
    if (this.#isTaking || this.#takers.size < FEW) return;
    this.#isTaking = true;
    const { epoll_wait } = libc();
    const until = performance.now() + LONGEST_TURN;
    try {
      for (;;) {
        const ready = epoll_wait(this.#epoll, this.#events, EVENTS, 0);
        for (let index = 0; index < ready; index++) {
          this.#take(this.#events.readUInt32LE(index * EVENT_BYTES + DATA_AT));
        }
        if (ready <= 0 || performance.now() > until) return;
      }
    } finally {
      this.#isTaking = false;
    }
  }

  /** Gives the descriptor of the list back. */
  close(): void {
    if (this.#epoll >= 0) libc().close(this.#epoll);
    this.#epoll = -1;
    this.#takers.clear();
  }

  #take(fd: number): void {
    // It may have been closed by a datagram before.
    const take = this.#takers.get(fd);
    if (take === undefined) return;
    this.#fromLength.writeUInt32LE(ADDRESS_BYTES);
    const length = libc().recvfrom(fd, this.#bytes, LONGEST, 0, this.#from, this.#fromLength);
    if (length >= 0) take(this.#bytes.subarray(0, length), this.#from);
  }
}
