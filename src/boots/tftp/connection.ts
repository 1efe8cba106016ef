/** What a transfer has of the socket that it shares with others: its way to its client, and no one else's. */
import type { EndpointNumber } from '../../system/message-headers.ts';
import { segmentsPerMessage } from '../../system/segmentation.ts';
import type { SendBatch, Sender } from '../../system/send-batch.ts';

/** A transfer, as its connection knows it. */
export interface Connected {
  /** Bytes of a DATA packet with a whole block. */
  readonly slot: number;
  /** A datagram of the client has come. Its bytes are overwritten by the next. */
  onMessage(bytes: Buffer): void;
  /** Writes so many DATA packets from a block on to `at`. @returns how many bytes they have: only the last may be shorter. */
  write(first: number, count: number, target: Buffer, at: number): number;
  /** The transfer can not go on. */
  onError(error: Error): void;
}

/** The socket, as its connections know it. */
export interface ConnectionSocket {
  readonly fd: number;
  /** Whether the kernel cuts a message into several blocks. */
  readonly canSegment: boolean;
  /** The client's transfer is over. */
  release(client: EndpointNumber): void;
}

export class Connection implements Sender {
  readonly #socket: ConnectionSocket;
  readonly #batch: SendBatch;
  readonly #client: EndpointNumber;
  readonly #transfer: Connected;
  /** How many blocks a message has. */
  #most: number;
  #isClosed = false;

  constructor(socket: ConnectionSocket, batch: SendBatch, client: EndpointNumber, transfer: Connected) {
    this.#socket = socket;
    this.#batch = batch;
    this.#client = client;
    this.#transfer = transfer;
    this.#most = socket.canSegment ? segmentsPerMessage(transfer.slot) : 1;
  }

  onMessage(bytes: Buffer): void {
    this.#transfer.onMessage(bytes);
  }

  /** Sends one datagram. */
  send(bytes: Buffer): void {
    if (this.#isClosed) return;
    const at = this.#batch.room(this.#socket.fd, bytes.length);
    bytes.copy(this.#batch.bytes, at);
    this.#batch.add(this.#client, bytes.length, 0, this);
  }

  /** Sends blocks. What the link does not take now is left out: the timer sends it again. */
  sendBlocks(first: number, count: number): void {
    if (count <= this.#most) this.#sendMessage(first, count);
    else {
      this.#batch.gather(() => {
        for (let sent = 0; sent < count; ) {
          const blocks = Math.min(this.#most, count - sent);
          this.#sendMessage(first + sent, blocks);
          sent += blocks;
        }
      });
    }
  }

  #sendMessage(first: number, count: number): void {
    if (this.#isClosed) return;
    const { slot } = this.#transfer;
    const at = this.#batch.room(this.#socket.fd, count * slot);
    const length = this.#transfer.write(first, count, this.#batch.bytes, at);
    this.#batch.add(this.#client, length, length > slot ? slot : 0, this);
  }

  onFault(code: string): void {
    if (!this.#isClosed) this.#transfer.onError(new Error(`a datagram could not be sent: ${code}`));
  }

  /** As where the way turns out to have a smaller MTU: single datagrams, the kernel may fragment. */
  onUncut(): void {
    this.#most = 1;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.release(this.#client);
  }
}
