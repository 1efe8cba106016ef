/**
 * What is received in a turn of the event loop: dgram hands over the first datagram, and takes about as long for that as the
 * kernel to send one. So what follows goes past it. On a busy processor the ACK of a block is often there when sending the
 * block returns: the kernel lets the client, which waits for it, go first. With many transfers, others have one.
 */
import { performance } from 'node:perf_hooks';

/** How long other things of the event loop wait for this at most, ms. */
const LONGEST_TURN = 2;

/** A socket, of which datagrams are received, and then given to those who answer. */
export interface Source {
  /** @returns whether there is something to give, of now or before */
  receive(): boolean;
  give(): void;
}

export class Turns {
  readonly #sources: Source[] = [];
  readonly #now: () => number;
  /** Whose turn it is. */
  #next = 0;
  /** What dgram has handed over since this turn has had its share. */
  #later: (() => void)[] | undefined;

  /** @param now ms since any moment */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(source: Source): void {
    this.#sources.push(source);
  }

  /**
   * Has `first` give what dgram has handed over, then takes what has come to any of the sources, and what comes meanwhile, for
   * a while.
   */
  take(first: () => void): void {
    if (this.#later) {
      // Its answer would soon be followed by the next datagram, and dgram goes on with a socket while there is one.
      this.#later.push(first);
      return;
    }
    first();
    this.#takeMore();
  }

  /** Nothing is received any more. */
  close(): void {
    this.#sources.length = 0;
  }

  #takeMore(): void {
    const until = this.#now() + LONGEST_TURN;
    for (let idle = 0; idle < this.#sources.length; ) {
      const source = this.#sources[this.#next];
      if (source?.receive() === true) {
        if (this.#now() > until) {
          this.#goOnLater();
          return;
        }
        source.give();
        idle = 0;
      } else idle++;
      this.#next = (this.#next + 1) % this.#sources.length;
    }
  }

  /** Goes on when the event loop has done what else there is. */
  #goOnLater(): void {
    // What waits now, dgram would hand over, at several times the cost. Unanswered, its senders send no more.
    for (const source of this.#sources) source.receive();
    const later: (() => void)[] = [];
    this.#later = later;
    setImmediate(() => {
      this.#later = undefined;
      for (const each of later) each();
      this.#takeMore();
    });
  }
}
