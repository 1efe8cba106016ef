/** Waiting for sockets to take more, in a thread whose event loop has no door to that. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { libc, Pinned } from './libc.ts';

const POLLIN = 1;
const POLLOUT = 4;
/** Of struct pollfd: int fd, short events, short revents. */
const ENTRY = 8;
const EVENTS = 4;
const REVENTS = 6;

/**
 * The descriptor that a thread's event loop waits at (epoll(7)): it can be read as soon as there is something to do in the loop.
 *
 * @param watched a descriptor that this loop watches
 * @returns undefined where the kernel does not tell
 */
export function eventLoopDescriptor(watched: number): number | undefined {
  const target = new RegExp(`^tfd: *${watched} `, 'm');
  const watches = (descriptor: string): boolean => {
    try {
      const isLoop = readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:[eventpoll]';
      return isLoop && target.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'));
    } catch {
      return false; // closed meanwhile
    }
  };
  const found = readdirSync('/proc/self/fd').find(watches);
  return found === undefined ? undefined : Number(found);
}

/** Waits until one of many sockets takes more, or the event loop of this thread has something to do. */
export class Writable {
  #entries = new Pinned(64 * ENTRY);
  /** struct timespec. */
  readonly #timeout = new Pinned(16);
  /** Looked for once. */
  #eventLoop: { descriptor: number | undefined } | undefined;

  /**
   * @param sockets their descriptors, which the event loop watches; undefined: there is nothing to wait for at this place
   * @param microseconds how long at most; less than a second
   * @returns whether the event loop has something to do, where {@link isReady} knows of what sockets there is something to
   *   say; undefined, at once, where it cannot be waited for the event loop
   */
  wait(sockets: readonly (number | undefined)[], microseconds: number): boolean | undefined {
    const watched = sockets.find((socket) => socket !== undefined);
    if (watched !== undefined) this.#eventLoop ??= { descriptor: eventLoopDescriptor(watched) };
    if (this.#eventLoop?.descriptor === undefined) return undefined;
    const count = sockets.length + 1;
    if (this.#entries.bytes.length < count * ENTRY) this.#entries = new Pinned(2 * count * ENTRY);
    const { bytes, address } = this.#entries;
    let at = 0;
    for (const socket of sockets) {
      // The kernel passes over what is negative.
      bytes.writeInt32LE(socket ?? -1, at);
      bytes.writeInt32LE(POLLOUT, at + EVENTS);
      at += ENTRY;
    }
    bytes.writeInt32LE(this.#eventLoop.descriptor, at);
    bytes.writeInt32LE(POLLIN, at + EVENTS);
    this.#timeout.bytes.writeUInt32LE(Math.round(microseconds * 1000), 8);
    const found = libc().ppoll(address, count, this.#timeout.address, 0);
    // Where it was interrupted, there is a signal to be told of.
    return found < 0 || bytes.readUInt16LE(at + REVENTS) !== 0;
  }

  /** Whether the socket at `index` of the last wait takes more, or is at its end. */
  isReady(index: number): boolean {
    return this.#entries.bytes.readUInt16LE(index * ENTRY + REVENTS) !== 0;
  }
}
