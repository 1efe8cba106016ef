import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The client went away. */
export class Gone extends Error {}

/** Writing to one response, which may close at any time. */
export class Body {
  /** Handed to the kernel so far. */
  bytes = 0;
  /** Of these the last ones, behind all that went without a copy. */
  copied = 0;
  /** The kernel sends full packets only. */
  isCorked = false;
  readonly res: ServerResponse;
  readonly socket: Socket;
  #closed: () => void = () => {};

  constructor(res: ServerResponse) {
    this.res = res;
    this.socket = res.req.socket;
    res.once('close', () => this.#closed());
  }

  get isClosed(): boolean {
    return this.res.closed || this.res.destroyed;
  }

  /** Resolves when the kernel has the chunk, so that its buffer may be used again. Rejects with Gone. */
  write(chunk: Buffer): Promise<void> {
    return this.wait((done) => this.res.write(chunk, done)).then(() => {
      this.bytes += chunk.length;
      this.copied += chunk.length;
    });
  }

  end(): Promise<void> {
    return this.wait((done) => this.res.end(done));
  }

  /** Resolves when `done` is called without an error. Rejects with Gone, also where it never is called. */
  wait(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      // Callbacks of a response that waits for its turn on a pipelined connection are never called once it closes.
      if (this.isClosed) return reject(new Gone());
      this.#closed = () => (this.res.writableFinished ? resolve() : reject(new Gone()));
      start((error) => (error ? reject(new Gone()) : resolve()));
    });
  }
}
