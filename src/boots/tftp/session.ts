/** One transfer on the wire: its connection to the client, its timer, and the bytes it sends. */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../errors.ts';
import type { Endpoint } from '../../system/libc.ts';
import type { Connection } from './connection.ts';
import type { TftpSource } from './files.ts';
import type { Terms } from './negotiate.ts';
import { DATA_HEADER, decode, ERROR_CODE, encode, writeDataHeader } from './packet.ts';
import { type Loaded, ReadAhead } from './read-ahead.ts';
import { advance, type TransferActions, type TransferEnd, type TransferEvent } from './transfer.ts';
import type { TransferSockets } from './transfer-sockets.ts';
import { newTransfer, type Transfer, type TransferLimits } from './transfer-state.ts';

export type SessionOptions = {
  source: TftpSource;
  terms: Terms;
  /** Address that was asked: answers leave from it. */
  local: string;
  client: Endpoint;
  limits: TransferLimits;
  /** The sockets of all transfers. */
  sockets: TransferSockets;
  /** Called once, when the transfer is over and its connection and file are closed or closing. */
  onEnd: (end: SessionEnd, session: Session) => void;
};

export type SessionEnd = Omit<TransferEnd, 'reason'> & {
  reason: TransferEnd['reason'] | 'stopped' | 'superseded' | 'no-socket';
};

export class Session {
  readonly startedAt = performance.now();
  readonly transfer: Transfer;
  /** When the client was last heard, on performance.now's clock. */
  heardAt = this.startedAt;
  #options: SessionOptions;
  #connection: Connection | undefined;
  #bytes: Buffer;
  /** Position in the file of the first of `#bytes`. */
  #bytesAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;
  #deadline = 0;
  #over = false;
  /** Where the file is not in memory. */
  #file: ReadAhead | undefined;
  readonly #actions: TransferActions = {
    sendBlocks: (first, count) => this.#connection?.sendBlocks(first, count),
    arm: (at) => this.#arm(at),
    load: (first, count) => this.#load(first, count),
    sendOack: () => this.#send(encode({ kind: 'oack', options: this.#options.terms.accepted })),
    sendError: (code, message) => this.#send(encode({ kind: 'error', code, message })),
    end: (end) => this.#finish(end),
  };

  constructor(options: SessionOptions) {
    const { source, terms, limits, local } = options;
    this.#options = options;
    this.#bytes = 'buffer' in source ? source.buffer : Buffer.alloc(0);
    this.#file = 'handle' in source ? new ReadAhead(source.handle, source.size) : undefined;
    this.transfer = newTransfer(
      {
        size: source.size,
        blksize: terms.blksize,
        windowsize: terms.windowsize,
        timeoutMs: terms.timeoutMs,
        oack: terms.accepted.length > 0,
        tsize: terms.accepted.some(({ name }) => name === 'tsize'),
        inMemory: 'buffer' in source,
      },
      limits,
      this.startedAt,
    );
    this.#open(local);
  }

  #open(local: string): void {
    const { client, sockets, terms } = this.#options;
    const fail = (error: unknown): void =>
      this.#finish({
        result: 'failed',
        reason: 'no-socket',
        sentence: `the socket failed: ${messageOf(error)}`,
      });
    try {
      this.#connection = sockets.connect(local, client, {
        slot: DATA_HEADER + terms.blksize,
        onMessage: (bytes) => this.#onMessage(bytes),
        write: (first, count, target, at) => this.#write(first, count, target, at),
        onError: fail,
      });
    } catch (error) {
      // After the one who makes this session knows it.
      setImmediate(fail, error);
      return;
    }
    this.#tell({ kind: 'start' });
  }

  /** Ends the transfer from outside; the client is told `message` when there is one. */
  stop(reason: 'stopped' | 'superseded', sentence: string, message?: string): void {
    if (this.#over) return;
    if (message !== undefined) this.#send(encode({ kind: 'error', code: ERROR_CODE.SEE_MESSAGE, message }));
    this.#finish({ result: 'failed', reason, sentence });
  }

  #onMessage(bytes: Buffer): void {
    if (this.#over) return;
    this.heardAt = performance.now();
    this.#tell({ kind: 'packet', packet: decode(bytes) }, this.heardAt);
  }

  #tell(event: TransferEvent, now = performance.now()): void {
    advance(this.transfer, event, now, this.#actions);
  }

  #send(bytes: Buffer): void {
    this.#connection?.send(bytes);
  }

  /** As {@link Connected.write} wants it. */
  #write(first: number, count: number, target: Buffer, at: number): number {
    const { blksize, size } = this.transfer.task;
    let end = at;
    for (let block = first; block < first + count; block++) {
      const start = (block - 1) * blksize;
      const length = Math.min(blksize, size - start);
      writeDataHeader(target, end, block);
      this.#bytes.copy(target, end + DATA_HEADER, start - this.#bytesAt, start - this.#bytesAt + length);
      end += DATA_HEADER + length;
    }
    return end - at;
  }

  #load(first: number, count: number): void {
    const { blksize, size } = this.transfer.task;
    const start = (first - 1) * blksize;
    const length = Math.min(count * blksize, size - start);
    const take = (loaded: Loaded): void => {
      if (this.#over) return;
      if ('fault' in loaded) {
        this.#tell({ kind: 'data-failed', sentence: loaded.fault });
        return;
      }
      this.#bytes = loaded.bytes;
      this.#bytesAt = start;
      this.#tell({ kind: 'data-ready', first, count });
    };
    const known = this.#file?.take(start, length);
    if (known !== undefined) take(known);
    else void this.#file?.load(start, length).then(take);
  }

  /** The timer is moved forward only when it fires too early, so that an ACK does not cost a timer. */
  #arm(at: number): void {
    this.#deadline = at;
    if (this.#timer === undefined || this.#timerAt > at) this.#setTimer();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#timerAt = this.#deadline;
    this.#timer = setTimeout(() => this.#onTimer(), Math.ceil(this.#deadline - performance.now()));
  }

  #onTimer(): void {
    this.#timer = undefined;
    if (this.#deadline > performance.now()) this.#setTimer();
    // Where the process was busy, the ACK may be waiting in the socket's buffer: read that first.
    else setImmediate(() => this.#onDeadline());
  }

  #onDeadline(): void {
    if (this.#over || this.#timer !== undefined) return;
    const now = performance.now();
    if (this.#deadline > now) this.#setTimer();
    else this.#tell({ kind: 'timeout' }, now);
  }

  #finish(end: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#file?.close();
    this.#options.onEnd(end, this);
  }
}
