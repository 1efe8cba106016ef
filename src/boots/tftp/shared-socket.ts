/**
 * A socket that transfers share, each known by its client's address and port: a free port of the address that was asked, their
 * transfer identifier. dgram tells that something has come; the rest goes past it, where a block in lock-step would cost as
 * much as in the kernel.
 */
import { createSocket, type Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { getSystemErrorMessage } from 'node:util';
import { type Endpoint, errno, libc, socketAddress, udpSocket } from '../../system/libc.ts';
import { type EndpointNumber, endpointNumber, endpointOfNumber } from '../../system/message-headers.ts';
import { ReceivedBatch } from '../../system/received-batch.ts';
import { canSegment } from '../../system/segmentation.ts';
import type { SendBatch, Sender } from '../../system/send-batch.ts';
import { forceReceiveBuffer, forceSendBuffer } from '../../system/socket-buffers.ts';
import { type Connected, Connection, type ConnectionSocket } from './connection.ts';
import { decode, ERROR_CODE, encode } from './packet.ts';
import type { Source } from './turns.ts';

/** For what hundreds of transfers have under way, bytes. */
const BUFFER = 4_194_304;
/** Datagrams received at once. */
const BATCH = 64;
/** The longest that means something to a transfer is an ERROR; of a longer one, its begin says enough. Bytes. */
const LONGEST = 576;
const ACK_BYTES = 4;
/** Clients whose transfer is over that are remembered. */
const MOST_ENDED = 512;

const WRONG_TRANSFER = encode({ kind: 'error', code: ERROR_CODE.UNKNOWN_TRANSFER, message: 'Unknown transfer ID' });
/** Whether an answer to a stranger got there is not our concern. */
const NOBODY: Sender = { onFault: () => undefined, onUncut: () => undefined };

export type SharedSocketOptions = {
  /** Address to be on. */
  local: string;
  /** Of all sockets. */
  batch: SendBatch;
  /** Something may have come: `give` gives the first of it. */
  onReady: (give: () => void) => void;
  /** A datagram came from one who has no transfer here; it was answered with ERROR 5, unless it was an error. */
  onStranger: (from: Endpoint) => void;
  /** It could not be read. */
  onError: (error: Error) => void;
};

export class SharedSocket implements ConnectionSocket, Source {
  readonly fd: number;
  readonly canSegment: boolean;
  readonly #options: SharedSocketOptions;
  readonly #socket: Socket;
  readonly #connections = new Map<EndpointNumber, Connection>();
  /** Clients whose transfer here is over, and when that was, the earliest first. */
  readonly #ended = new Map<EndpointNumber, number>();
  readonly #received = new ReceivedBatch(BATCH, LONGEST, ACK_BYTES);
  /** Of the received, those that were not given yet. */
  #waiting = 0;
  #isClosed = false;

  /** @throws Error where there is none to be had, as when the process has no file descriptors left */
  constructor(options: SharedSocketOptions) {
    this.#options = options;
    this.fd = openSocket(options.local);
    this.canSegment = canSegment(this.fd);
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER, sendBufferSize: BUFFER });
    this.#socket.on('message', (bytes, from) => options.onReady(() => this.#give(endpointNumber(from), bytes)));
    this.#socket.on('error', options.onError);
    // With a descriptor this is done when it returns.
    this.#socket.bind({ fd: this.fd });
    // Past the system's limit, which is one transfer's share; without the right to that, it is taken as it is.
    forceReceiveBuffer(this.fd, BUFFER);
    forceSendBuffer(this.fd, BUFFER);
  }

  /** When a transfer of the client ended here, on performance.now's clock; 0 where none is known. */
  endedAt(client: EndpointNumber): number {
    return this.#ended.get(client) ?? 0;
  }

  /** Takes a transfer in. A client has one at a time. */
  connect(client: EndpointNumber, transfer: Connected): Connection {
    const connection = new Connection(this, this.#options.batch, client, transfer);
    this.#connections.set(client, connection);
    return connection;
  }

  /** Remembers the client: what still comes from it, such as a copy of its last ACK, is no stranger's. */
  release(client: EndpointNumber): void {
    this.#connections.delete(client);
    this.#ended.delete(client);
    this.#ended.set(client, performance.now());
    if (this.#ended.size <= MOST_ENDED) return;
    for (const earliest of this.#ended.keys()) {
      this.#ended.delete(earliest);
      return;
    }
  }

  /** Receives what has come, where all that came before was given. @returns whether there is something to give */
  receive(): boolean {
    if (this.#waiting > 0) return true;
    const transfers = this.#connections.size;
    if (transfers === 0) return false;
    this.#waiting = transfers === 1 ? this.#received.receiveSingle(this.fd) : this.#received.receive(this.fd);
    return this.#waiting > 0;
  }

  /** Gives what was received to the transfers, and sends their answers. */
  give(): void {
    const count = this.#waiting;
    this.#waiting = 0;
    if (count > 1) this.#options.batch.gather(() => this.#giveReceived(count));
    else this.#giveReceived(count);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.batch.flush();
    this.#socket.close();
  }

  #giveReceived(count: number): void {
    for (let index = 0; index < count; index++) this.#give(this.#received.from(index), this.#received.bytes(index));
  }

  #give(from: EndpointNumber, bytes: Buffer): void {
    const connection = this.#connections.get(from);
    if (connection !== undefined) connection.onMessage(bytes);
    else if (!this.#ended.has(from) && !this.#isClosed) this.#turnAway(from, bytes);
  }

  /** RFC 1350 section 4; an ERROR is not answered, so that two peers never keep each other busy. */
  #turnAway(from: EndpointNumber, bytes: Buffer): void {
    const { batch, onStranger } = this.#options;
    const stranger = endpointOfNumber(from);
    if (decode(bytes).kind !== 'error' && stranger.port !== 0) {
      WRONG_TRANSFER.copy(batch.bytes, batch.room(this.fd, WRONG_TRANSFER.length));
      batch.add(from, WRONG_TRANSFER.length, 0, NOBODY);
    }
    onStranger(stranger);
  }
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
