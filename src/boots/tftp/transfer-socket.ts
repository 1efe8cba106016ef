/**
 * The socket of one transfer: a free port of the address that was asked, the server's transfer identifier. dgram receives;
 * sending goes past it, because its send cost as much as everything else that a block in lock-step takes.
 */
import { createSocket, type Socket } from 'node:dgram';
import { getSystemErrorMessage } from 'node:util';
import {
  type Endpoint,
  endpointOf,
  errno,
  libc,
  Pinned,
  sendNow,
  sendPinned,
  socketAddress,
  udpSocket,
} from '../../system/libc.ts';
import type { ReadySockets } from './ready-sockets.ts';
import { segmentsPerCall, startSegmenting, stopSegmenting } from './segmentation.ts';

/** Room for the ACKs of a whole window while the process is busy elsewhere. */
const RECEIVE_BUFFER = 262_144;
const SEND_BUFFER = 1_048_576;

/** Least size of a segment: packets of other kinds go through the same socket, and are all shorter than this. */
const LEAST_CUT = 516;

export type TransferSocketOptions = {
  local: string;
  client: Endpoint;
  /** Bytes of the datagrams of a window, where windows have more than one. */
  segment: number | undefined;
  /** The sockets of all transfers. */
  ready: ReadySockets;
  /** Told of each datagram, whose bytes are overwritten by the next. `from` is undefined where it came from the client. */
  onMessage: (bytes: Buffer, from?: Endpoint) => void;
  /** The transfer can not go on. */
  onError: (error: Error) => void;
};

export class TransferSocket {
  readonly #socket: Socket;
  readonly #fd: number;
  readonly #client: Pinned;
  readonly #ready: ReadySockets;
  readonly #onError: (error: Error) => void;
  #isSegmenting: boolean;
  #isClosed = false;

  /** @throws Error where there is none to be had, as when the process has no file descriptors left */
  constructor({ local, client, segment, ready, onMessage, onError }: TransferSocketOptions) {
    const address = socketAddress(client.address, client.port);
    this.#client = new Pinned(address.length);
    this.#client.bytes.set(address);
    this.#onError = onError;
    this.#ready = ready;
    this.#fd = openSocket(local);
    this.#isSegmenting = segment !== undefined && segment >= LEAST_CUT && startSegmenting(this.#fd, segment);
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER, sendBufferSize: SEND_BUFFER });
    this.#socket.on('message', (bytes, from) => {
      const isClient = from.port === client.port && from.address === client.address;
      ready.take(this.#fd, () => onMessage(bytes, isClient ? undefined : from));
    });
    this.#socket.on('error', onError);
    // With a descriptor this is done when it returns.
    this.#socket.bind({ fd: this.#fd });
    ready.add(this.#fd, (bytes, from) =>
      onMessage(bytes, from.equals(this.#client.bytes) ? undefined : endpointOf(from)),
    );
  }

  /** Sends one datagram to the client. */
  send(bytes: Buffer): void {
    if (!this.#isClosed) this.#isTaken(sendNow(this.#fd, bytes, this.#client.bytes));
  }

  /**
   * Sends the first `length` bytes of `packets` to the client, in datagrams of `slot` bytes, the last one shorter. What the link
   * does not take now is left out: more packets in a queue help nobody, and the timer sends them again.
   */
  sendBlocks(packets: Pinned, length: number, slot: number): void {
    for (let start = 0; start < length && !this.#isClosed; ) {
      const most = this.#isSegmenting ? slot * segmentsPerCall(slot) : slot;
      const part = { start, length: Math.min(most, length - start) };
      const fault = sendPinned(this.#fd, packets, part, this.#client);
      if (fault !== undefined && this.#isSegmenting && part.length > slot && !isFull(fault)) this.#stopSegmenting();
      else if (this.#isTaken(fault)) start += part.length;
      else return;
    }
  }

  /** Whether the link has taken a datagram. */
  #isTaken(fault: string | undefined): boolean {
    if (fault !== undefined && !isFull(fault)) this.#onError(new Error(`a datagram could not be sent: ${fault}`));
    return fault === undefined;
  }

  /** Sends one datagram to someone who is not the client. */
  sendTo(to: Endpoint, bytes: Buffer): void {
    // Whether it got there is not our concern.
    if (!this.#isClosed) sendNow(this.#fd, bytes, socketAddress(to.address, to.port));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ready.remove(this.#fd);
    this.#socket.close();
  }

  /**
   * Some links and kernels do not cut, as where the way turns out to have a smaller MTU: then datagrams go one by one, which
   * the kernel may fragment.
   */
  #stopSegmenting(): void {
    this.#isSegmenting = false;
    stopSegmenting(this.#fd);
  }
}

/** The link takes nothing more now. */
function isFull(fault: string): boolean {
  return fault === 'EAGAIN' || fault === 'ENOBUFS';
}

/** The descriptor of a UDP socket on a free port of an address. */
function openSocket(local: string): number {
  const fd = udpSocket();
  if (fd < 0) throw systemError('socket');
  const address = socketAddress(local, 0);
  if (libc().bind(fd, address, address.length) >= 0) return fd;
  const error = systemError('bind');
  libc().close(fd);
  throw error;
}

function systemError(call: string): Error {
  const { code, number } = errno();
  return new Error(`${call} ${code}: ${getSystemErrorMessage(-number)}`);
}
