import { errno, libc, Pinned, SOCKET_ADDRESS_BYTES } from './libc.ts';
import { type EndpointNumber, MessageHeaders } from './message-headers.ts';

/** Whom messages are from. It is told when those of others have gone out. */
export interface Sender {
  /** One could not be sent, for another reason than that the link takes nothing more now. @param code of the error */
  onFault(code: string): void;
  /** One could not be cut, and has gone out in single datagrams: the next had better be those. */
  onUncut(): void;
}

/** A datagram or, where `segment` is not 0, what is cut into datagrams of so many bytes, the last one shorter. */
type Message = { start: number; length: number; segment: number; sender: Sender };

/**
 * Datagrams that go out together in one call (sendmmsg). What the link does not take now is left out: more packets in a queue
 * help nobody.
 */
export class SendBatch {
  readonly #headers: MessageHeaders;
  readonly #room: Pinned;
  #messages: Message[] = [];
  #fd = -1;
  /** Where the next message goes. */
  #end = 0;
  #isGathering = false;

  /** @param most messages a call @param bytes of all of them */
  constructor(most: number, bytes: number) {
    this.#headers = new MessageHeaders(most);
    this.#room = new Pinned(bytes);
  }

  /** Where messages are written. */
  get bytes(): Buffer {
    return this.#room.bytes;
  }

  /** Has what `run` adds go out together, when it returns or there is no more room. */
  gather(run: () => void): void {
    if (this.#isGathering) {
      run();
      return;
    }
    this.#isGathering = true;
    try {
      run();
    } finally {
      this.#isGathering = false;
      this.flush();
    }
  }

  /** Makes room for a message of a socket. @returns where in {@link bytes} it is to be written */
  room(fd: number, length: number): number {
    const isFull = this.#messages.length === this.#headers.count || this.#end + length > this.#room.bytes.length;
    if (isFull || fd !== this.#fd) this.flush();
    this.#fd = fd;
    return this.#end;
  }

  /** Takes the message in for which {@link room} was made just before. */
  add(to: EndpointNumber, length: number, segment: number, sender: Sender): void {
    const index = this.#messages.length;
    this.#headers.setEndpoint(index, to);
    if (!this.#isGathering && segment === 0) {
      // The cheapest there is for one.
      if (this.#sendPart(index, this.#end, length)) return;
      const { code } = errno();
      if (!isFull(code)) sender.onFault(code);
      return;
    }
    this.#headers.setPiece(index, this.#room.address + this.#end, length);
    this.#headers.setSegment(index, segment);
    this.#messages.push({ start: this.#end, length, segment, sender });
    this.#end += length;
    if (!this.#isGathering) this.flush();
  }

  /** Sends what was gathered so far. To be called before its socket is closed. */
  flush(): void {
    const messages = this.#messages;
    if (messages.length === 0) return;
    this.#messages = [];
    this.#end = 0;
    const told: (() => void)[] = [];
    for (let first = 0; first < messages.length; ) {
      const sent = libc().sendmmsg(this.#fd, this.#headers.headerAddress(first), messages.length - first, 0);
      if (sent > 0) {
        first += sent;
        continue;
      }
      const failed = messages[first++];
      if (failed === undefined) break;
      let fault: string | undefined = errno().code;
      if (failed.segment > 0 && !isFull(fault)) {
        told.push(() => failed.sender.onUncut());
        fault = this.#sendUncut(failed, first - 1);
      }
      if (fault === undefined) continue;
      if (isFull(fault)) break;
      const code = fault;
      told.push(() => failed.sender.onFault(code));
    }
    for (const each of told) each();
  }

  /** @returns the code of what went wrong */
  #sendUncut({ start, length, segment }: Message, index: number): string | undefined {
    for (let done = 0; done < length; done += segment) {
      if (!this.#sendPart(index, start + done, Math.min(segment, length - done))) return errno().code;
    }
    return undefined;
  }

  /** Sends a part of the room as one datagram to whom the message of that index goes. */
  #sendPart(index: number, start: number, length: number): boolean {
    const name = this.#headers.nameAddress(index);
    return libc().sendtoAt(this.#fd, this.#room.address + start, length, 0, name, SOCKET_ADDRESS_BYTES) >= 0;
  }
}

/** The link takes nothing more now. */
function isFull(code: string): boolean {
  return code === 'EAGAIN' || code === 'ENOBUFS';
}
