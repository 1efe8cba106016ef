/**
 * The datagrams that follow the first one of a turn of the event loop, past dgram, which takes about as long to hand one over as
 * the kernel takes to send one. On a busy processor the ACK of a block is often there when sending the block returns: the
 * kernel lets the client, which waits for it, go first. With many transfers, others have one.
 */
import { performance } from 'node:perf_hooks';
import { DatagramRoom } from '../../system/datagram-room.ts';
import { libc, SOCKET_ADDRESS_BYTES } from '../../system/libc.ts';

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
const ACK_BYTES = 4;
/** How long other things of the event loop wait for this at most, ms. */
const LONGEST_TURN = 2;

/** Takes a datagram; `from` is the struct sockaddr_in of its sender. Both are overwritten by the next. */
export type Taker = (bytes: Buffer, from: Buffer) => void;

export class ReadySockets {
  readonly #takers = new Map<number, Taker>();
  readonly #events = Buffer.alloc(EVENTS * EVENT_BYTES);
  readonly #room = new DatagramRoom(LONGEST, SOCKET_ADDRESS_BYTES);
  /** Almost all are ACKs: those are given without a Buffer of their own. */
  readonly #ack = this.#room.bytes.subarray(0, ACK_BYTES);
  #epoll = -1;
  readonly #now: () => number;
  #isTaking = false;
  /** What waits for the next turn of the event loop, while this one has had its share. */
  #later: (() => void)[] | undefined;

  /** @param now ms since any moment */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

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

  /**
   * Has `first` take what dgram has handed over of a socket, then takes what has come to any of them, and what comes
   * meanwhile, for a while.
   */
  take(fd: number, first: () => void): void {
    if (this.#later) {
      // Its answer would soon be followed by the next datagram, and dgram goes on with a socket while there is one.
      this.#later.push(first);
      return;
    }
    first();
    this.#takeMore(fd);
  }

  /** Gives the descriptor of the list back. */
  close(): void {
    if (this.#epoll >= 0) libc().close(this.#epoll);
    this.#epoll = -1;
    this.#takers.clear();
  }

  #takeMore(fd: number): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    const until = this.#now() + LONGEST_TURN;
    try {
      if (this.#takers.size > 1) this.#takeOfAll(fd, until);
      else this.#takeOf(fd, until);
    } finally {
      this.#isTaking = false;
    }
  }

  #takeOfAll(fd: number, until: number): void {
    while (this.#now() < until) if (this.#takeReady((_, take, bytes) => take(bytes, this.#room.from)) === 0) return;
    // What waits now, dgram would hand over, at several times the cost. Unanswered, its senders send no more.
    const waiting: (() => void)[] = [];
    const keep = (each: number, take: Taker, bytes: Buffer): void => {
      const own = Buffer.from(bytes);
      const from = Buffer.from(this.#room.from);
      waiting.push(() => this.#takers.get(each) === take && take(own, from));
    };
    for (let looked = 0; looked < this.#takers.size; looked += EVENTS) if (this.#takeReady(keep) === 0) break;
    this.#goOnLater(fd, waiting);
  }

  /** Gives one datagram of each socket that has some, of so many sockets at most. @returns how many there were */
  #takeReady(give: (fd: number, take: Taker, bytes: Buffer) => void): number {
    const ready = libc().epoll_wait(this.#epoll, this.#events, EVENTS, 0);
    for (let index = 0; index < ready; index++) {
      const fd = this.#events.readUInt32LE(index * EVENT_BYTES + DATA_AT);
      // It may have been closed by a datagram before.
      const take = this.#takers.get(fd);
      const bytes = take && this.#receive(fd);
      if (bytes) give(fd, take, bytes);
    }
    return Math.max(ready, 0);
  }

  #takeOf(fd: number, until: number): void {
    const take = this.#takers.get(fd);
    if (take === undefined) return;
    const isThere = (): boolean => this.#takers.get(fd) === take;
    while (isThere()) {
      const bytes = this.#receive(fd);
      if (bytes === undefined) return;
      if (this.#now() > until) {
        // Nothing is received before that.
        this.#goOnLater(fd, [() => isThere() && take(bytes, this.#room.from)]);
        return;
      }
      take(bytes, this.#room.from);
    }
  }

  /** Goes on when the event loop has done what else there is. */
  #goOnLater(fd: number, first: (() => void)[]): void {
    this.#later = first;
    setImmediate(() => {
      const waiting = this.#later ?? [];
      this.#later = undefined;
      for (const each of waiting) each();
      this.#takeMore(fd);
    });
  }

  #receive(fd: number): Buffer | undefined {
    const length = this.#room.receive(fd);
    if (length === ACK_BYTES) return this.#ack;
    return length < 0 ? undefined : this.#room.bytes.subarray(0, length);
  }
}
