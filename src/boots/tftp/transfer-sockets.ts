/**
 * The sockets of all transfers: some for each address, so that the next transfer of a client has another transfer identifier
 * (RFC 1350 section 4), and few, so that the datagrams of many clients are received and sent together.
 */
import type { Endpoint } from '../../system/libc.ts';
import { endpointNumber } from '../../system/message-headers.ts';
import { SendBatch } from '../../system/send-batch.ts';
import type { Connected, Connection } from './connection.ts';
import { SharedSocket, type SharedSocketOptions } from './shared-socket.ts';
import { Turns } from './turns.ts';

/** For an address. */
const MOST_SOCKETS = 8;
/** What goes out together at most: messages, and their bytes. */
const MOST_MESSAGES = 64;
const MOST_BYTES = 262_144;

export class TransferSockets {
  readonly #options: Pick<SharedSocketOptions, 'onStranger' | 'onError'>;
  /** By address, the one that is next in turn first. */
  readonly #sockets = new Map<string, SharedSocket[]>();
  readonly #turns = new Turns();
  readonly #batch = new SendBatch(MOST_MESSAGES, MOST_BYTES);

  constructor(options: Pick<SharedSocketOptions, 'onStranger' | 'onError'>) {
    this.#options = options;
  }

  /**
   * Gives a transfer its way from an address to its client: not by the socket that the client's endpoint was last served
   * from, where a late ACK would count for this one, while there is another.
   *
   * @throws Error where there is no socket to be had, as when the process has no file descriptors left
   */
  connect(local: string, client: Endpoint, transfer: Connected): Connection {
    const number = endpointNumber(client);
    const sockets = this.#socketsOf(local);
    const socket = sockets.reduce((best, each) => (each.endedAt(number) < best.endedAt(number) ? each : best));
    sockets.splice(sockets.indexOf(socket), 1);
    sockets.push(socket);
    return socket.connect(number, transfer);
  }

  /** Those of an address, one more each time until there are enough. */
  #socketsOf(local: string): SharedSocket[] {
    const sockets = this.#sockets.get(local) ?? [];
    if (sockets.length >= MOST_SOCKETS) return sockets;
    try {
      const onReady = (give: () => void): void => this.#turns.take(give);
      const socket = new SharedSocket({ ...this.#options, local, batch: this.#batch, onReady });
      this.#turns.add(socket);
      sockets.unshift(socket);
      this.#sockets.set(local, sockets);
    } catch (error) {
      if (sockets.length === 0) throw error;
    }
    return sockets;
  }

  close(): void {
    this.#turns.close();
    for (const sockets of this.#sockets.values()) for (const socket of sockets) socket.close();
    this.#sockets.clear();
  }
}
