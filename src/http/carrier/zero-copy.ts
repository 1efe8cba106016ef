/**
 * Files to sockets without a copy, by sendfile(2). Where a socket stays full, Node writes the next little piece of the file in
 * the ordinary way, and its callback says that there is room again: Node has no other door to that.
 */
import type { Socket } from 'node:net';
import type { Body } from './body.ts';
import type { SharedFile } from './descriptors.ts';
import { type Progress, Turns, type Waiting, type Work } from './turns.ts';

/** What is needed of src/system. */
export type Calls = Pick<
  typeof import('../../system/libc.ts'),
  'sendFile' | 'cork' | 'untakenBytes' | 'readCached' | 'isCached' | 'EAGAIN' | 'EINTR'
> &
  Pick<typeof import('../../system/near-peer.ts'), 'tuneNear'>;

/** Bytes sent by one call at most: a fraction of a millisecond, though the network is the loopback. */
const SLICE = 4 * 1024 * 1024;
/** Bytes of what Node writes. A page: what follows is whole pages again. */
const PIECE = 4096;
/** How often it is looked, while a client would become idle, whether it has taken something. */
const LOOKS = 4;
/** Distance of the places of a file that are looked for in the kernel's memory, bytes: it reads and forgets much at once. */
const PROBE = 512 * 1024;
/** How long what was found there is taken to be there, ms. */
const FOUND_MS = 1000;
/** How long it is waited before it is looked again what the client has taken, ms: first, and at most. */
const LOOK_MS = { first: 1, most: 16 };

/** Bytes at the end of a part of a file that go out in the ordinary way. */
export const TAIL = 256 * 1024;

/** How far a stretch of a file got. */
export type Reached = {
  position: number;
  /** It can go on in this way, as soon as the kernel has in memory what comes next. */
  isUsable: boolean;
};

export class ZeroCopy {
  readonly #calls: Calls;
  readonly #turns: Turns;
  readonly #watched = new WeakSet<Body>();
  #tail: Buffer | undefined;

  constructor(calls: Calls, waiting: Waiting) {
    this.#calls = calls;
    this.#turns = new Turns(waiting);
  }

  /** With libc's calls. Rejects where they can not be had. */
  static async load(): Promise<ZeroCopy> {
    const [libc, { tuneNear }, { Writable }] = await Promise.all([
      import('../../system/libc.ts'),
      import('../../system/near-peer.ts'),
      import('../../system/writable.ts'),
    ]);
    libc.libc();
    return new ZeroCopy({ ...libc, tuneNear }, new Writable());
  }

  /**
   * Sends the bytes of a file from `from` to `to`, or up to where the kernel does not have them in memory, or where
   * something is wrong. Rejects with Gone.
   */
  async send(body: Body, file: SharedFile, from: number, to: number): Promise<Reached> {
    this.#watch(body);
    const stretch = new Stretch(this.#calls, this.#turns, { body, file, from, to });
    await body.wait((done) => stretch.begin(done));
    return stretch;
  }

  /**
   * Tells Node as long as a body is sent that its client takes something: it does not see what goes past it, nor what a client
   * takes of a full socket before that has room again, which with a large send buffer can be minutes.
   */
  #watch(body: Body): void {
    const { socket, res } = body;
    const limit = socket.timeout ?? 0;
    if (limit === 0 || this.#watched.has(body)) return;
    this.#watched.add(body);
    let before = 0;
    const timer = setInterval(() => {
      const descriptor = descriptorOf(socket);
      if (descriptor === undefined) return; // the closing says so
      const taken = body.bytes - this.#calls.untakenBytes(descriptor);
      if (taken !== before) socket.setTimeout(socket.timeout ?? limit);
      before = taken;
    }, limit / LOOKS).unref();
    res.once('close', () => clearInterval(timer));
  }

  /** The bytes of a file from `from` on, {@link TAIL} of them; undefined where the kernel does not have them in memory. */
  readTail(file: SharedFile, from: number): Buffer | undefined {
    const bytes = this.#tail ?? Buffer.allocUnsafeSlow(TAIL);
    const isRead = this.#calls.readCached(file.fd, bytes, TAIL, from);
    this.#tail = isRead ? undefined : bytes;
    return isRead ? bytes : undefined;
  }

  /** Takes back what {@link readTail} gave, for the next one: new memory costs more than what is read into it. */
  giveBack(tail: Buffer): void {
    this.#tail = tail;
  }

  /**
   * Resolves when the client's system has taken all that went without a copy: what waits in the socket is the file itself, and
   * would change with it. To be called when something was written behind that: a client may take its time to acknowledge what
   * nothing follows. Rejects with Gone.
   */
  taken(body: Body): Promise<void> {
    return body.wait((done) => this.#turns.add(new Taken(this.#calls, body, done)));
  }

  /** Has the kernel send at once what comes now, in packets that may not be full: to be called when no more goes without a copy. */
  uncork(body: Body): void {
    const descriptor = descriptorOf(body.socket);
    if (body.isCorked && descriptor !== undefined) this.#calls.cork(descriptor, false);
    body.isCorked = false;
  }
}

/** The connection's descriptor; undefined where it is closed, or what is written is not what goes out (TLS). */
export function descriptorOf(socket: Socket): number | undefined {
  if ('encrypted' in socket) return undefined;
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** The wait until a client's system has taken what went without a copy. */
class Taken implements Work {
  readonly #calls: Calls;
  readonly #body: Body;
  readonly #done: () => void;
  #until: number | undefined;
  #wait = LOOK_MS.first;

  constructor(calls: Calls, body: Body, done: () => void) {
    this.#calls = calls;
    this.#body = body;
    this.#done = done;
  }

  step(now: number): Progress {
    this.#until ??= now + LOOK_MS.first;
    if (this.#isOver()) return 'over';
    if (now < this.#until) return 'full';
    this.leave();
    return 'over';
  }

  /** It is no socket's room that is waited for. */
  socket(): undefined {}

  leave(): void {
    setTimeout(this.#look, this.#wait);
    this.#wait = Math.min(2 * this.#wait, LOOK_MS.most);
  }

  readonly #look = (): void => {
    if (!this.#isOver()) this.leave();
  };

  #isOver(): boolean {
    const descriptor = descriptorOf(this.#body.socket);
    if (this.#body.isClosed || descriptor === undefined) return true; // the closing says so
    const left = this.#calls.untakenBytes(descriptor);
    if (left <= this.#body.copied) {
      this.#done();
      return true;
    }
    return false;
  }
}

class Stretch implements Reached, Work {
  position: number;
  isUsable = true;
  readonly #calls: Calls;
  readonly #turns: Turns;
  readonly #body: Body;
  readonly #file: SharedFile;
  readonly #to: number;
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  /** Bytes of the piece that is being written. */
  #writing = 0;
  #done: (error?: Error | null) => void = () => {};

  constructor(
    calls: Calls,
    turns: Turns,
    { body, file, from, to }: { body: Body; file: SharedFile; from: number; to: number },
  ) {
    this.#calls = calls;
    this.#turns = turns;
    this.#body = body;
    this.#file = file;
    this.position = from;
    this.#to = to;
  }

  /**
   * Begins with a piece by node:http: when that is written the response's head is too, and all responses before it.
   * @param done as {@link Body.wait} gives it
   */
  begin(done: (error?: Error | null) => void): void {
    this.#done = done;
    const piece = this.#nextPiece();
    if (piece === undefined) done();
    else this.#body.res.write(piece, this.#written);
  }

  #nextPiece(): Buffer | undefined {
    const length = Math.min(PIECE, this.#to - this.position);
    if (length <= 0 || !this.#calls.readCached(this.#file.fd, this.#piece, length, this.position)) return undefined;
    this.#writing = length;
    return this.#piece.subarray(0, length);
  }

  readonly #written = (error?: Error | null): void => {
    if (error) {
      this.#done(error);
      return;
    }
    this.#advance(this.#writing);
    this.#turns.add(this);
  };

  step(now: number): Progress {
    // Nobody waits any more, and the file's descriptor may be another's.
    if (this.#body.isClosed) return 'over';
    const progress = this.#send(now);
    if (progress === 'over') this.#done();
    return progress;
  }

  socket(): number | undefined {
    return descriptorOf(this.#body.socket);
  }

  leave(): void {
    if (this.#body.isClosed) return;
    const piece = this.#nextPiece();
    if (piece === undefined) this.#done();
    else this.#body.socket.write(piece, this.#written);
  }

  /** Sends a slice. */
  #send(now: number): Progress {
    const { sendFile, cork, tuneNear, EAGAIN, EINTR } = this.#calls;
    const descriptor = this.socket();
    const length = Math.min(SLICE - (this.position % SLICE), this.#to - this.position);
    if (descriptor === undefined || length <= 0 || !this.#isCached(length, now)) return 'over';
    if (!this.#body.isCorked) {
      tuneNear(descriptor);
      cork(descriptor, true);
      this.#body.isCorked = true;
    }
    const sent = sendFile(descriptor, this.#file.fd, this.position, length);
    if (sent > 0) {
      this.#body.copied = 0;
      this.#advance(sent);
      return sent === length ? 'more' : 'full';
    }
    if (sent === -EINTR) return 'more';
    if (sent === -EAGAIN) return 'full';
    // The ordinary way comes upon it too, and says what it is.
    this.isUsable = false;
    return 'over';
  }

  #advance(bytes: number): void {
    this.position += bytes;
    this.#body.bytes += bytes;
  }

  /** Whether what is to be sent is in the kernel's memory: who waits for a disk here makes all others wait. */
  #isCached(length: number, now: number): boolean {
    const { found, fd } = this.#file;
    const slice = Math.floor(this.position / SLICE);
    if (now - (found.get(slice) ?? Number.NEGATIVE_INFINITY) < FOUND_MS) return true;
    const end = this.position + length;
    for (let place = this.position; place < end; place += PROBE) if (!this.#calls.isCached(fd, place)) return false;
    if (length === SLICE) found.set(slice, now);
    return true;
  }
}
