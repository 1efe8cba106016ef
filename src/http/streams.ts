import type { ServerResponse } from 'node:http';
import { CARRIER_HEADERS, type ToCarrier } from './carrier/messages.ts';
import { originOf } from './origin.ts';

/** Hears once of each of its streams that it has closed, or never opened. */
export interface StreamOwner {
  gone(id: string): void;
}

/** How many streams are named in one message: to put it together takes well below a ms. */
const IN_ONE_MESSAGE = 250;

/** The event streams that the carrier holds. Here there is only the number of each, and whose it is. */
export class Streams {
  readonly #post: (message: ToCarrier) => void;
  readonly #open = new Map<string, StreamOwner>();
  /** Handed over and not yet confirmed, with what is to be written then. */
  readonly #opening = new Map<string, { text: string; end: boolean }>();

  constructor(post: (message: ToCarrier) => void) {
    this.#post = post;
  }

  add(id: string, owner: StreamOwner): void {
    this.#open.set(id, owner);
    this.#opening.set(id, { text: '', end: false });
  }

  /** Writes to one stream. One that is gone is left out. */
  tell(id: string, text: string): void {
    const opening = this.#opening.get(id);
    if (opening) opening.text += text;
    else if (this.#open.has(id)) this.#post({ kind: 'tell', ids: [id], text });
  }

  /** Writes the same to many; the event loop gets its turn in between. Resolves when the carrier has been told of all. */
  async tellAll(ids: Iterable<string>, text: string): Promise<void> {
    let some: string[] = [];
    for (const id of [...ids]) {
      const opening = this.#opening.get(id);
      if (opening) opening.text += text;
      else if (this.#open.has(id)) some.push(id);
      if (some.length < IN_ONE_MESSAGE) continue;
      this.#post({ kind: 'tell', ids: some, text });
      some = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (some.length > 0) this.#post({ kind: 'tell', ids: some, text });
  }

  /** Ends streams, after what they were told. */
  end(ids: readonly string[]): void {
    for (const id of ids) {
      const opening = this.#opening.get(id);
      if (opening) opening.end = true;
    }
    this.#post({ kind: 'end', ids: ids.filter((id) => !this.#opening.has(id)) });
  }

  held(id: string): void {
    const opening = this.#opening.get(id);
    this.#opening.delete(id);
    if (opening?.text) this.#post({ kind: 'tell', ids: [id], text: opening.text });
    if (opening?.end) this.#post({ kind: 'end', ids: [id] });
  }

  gone(ids: readonly string[]): void {
    for (const id of ids) {
      const owner = this.#open.get(id);
      this.#open.delete(id);
      this.#opening.delete(id);
      owner?.gone(id);
    }
  }

  /** The client went away before the carrier was asked to hold its stream. @returns whether it was one. */
  dropped(id: string): boolean {
    if (!this.#opening.has(id)) return false;
    this.gone([id]);
    return true;
  }

  /** The carrier is gone, and all streams with it. */
  lost(): void {
    this.gone([...this.#open.keys()]);
  }
}

/**
 * Hands a response to the carrier, to be held open as an event stream: `res` is ended here, and holds no memory of this
 * thread any more. Headers that `res` has are sent too. The carrier writes a comment at least every 15 s.
 * Throws for a response that is not behind {@link startHttp}.
 *
 * @returns by what to write to it and under which id, or undefined when the client has gone already
 */
export function hold(res: ServerResponse, owner: StreamOwner): { streams: Streams; id: string } | undefined {
  const origin = originOf(res.req);
  if (origin === undefined) throw new Error('hold() is for requests that came through the carrier; see startHttp().');
  const { id, outbox, streams } = origin;
  if (outbox.isDropped(id) || res.destroyed) return undefined;
  streams.add(id, owner);
  res.writeHead(200, { [CARRIER_HEADERS.hold]: id, 'content-length': 0 }).end();
  return { streams, id };
}
