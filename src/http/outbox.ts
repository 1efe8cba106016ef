import type { ServerResponse } from 'node:http';
import { CARRIER_HEADERS, type Passing, type Sent, writePassing } from './carrier/messages.ts';
import { answer } from './files/answer.ts';
import { encodeSending, type Sending } from './files/sending.ts';
import { originOf } from './origin.ts';

/** Requests that ended before their answer was read, kept for the moment that the answer is still to come. */
const DROPPED_MAX = 4096;

/** What was handed to the carrier and is not yet reported: for each request, what its route wants to hear back. */
export class Outbox {
  readonly #onSent: (sent: Sent, about: unknown) => void;
  readonly #pending = new Map<string, unknown>();
  readonly #dropped = new Set<string>();

  constructor(onSent: (sent: Sent, about: unknown) => void) {
    this.#onSent = onSent;
  }

  add(id: string, about: unknown): void {
    this.#pending.set(id, about);
    if (this.#dropped.delete(id)) this.#unsent(id);
  }

  /** Whether the carrier has said already that this request has ended. */
  isDropped(id: string): boolean {
    return this.#dropped.delete(id);
  }

  sent(sent: Sent): void {
    if (!this.#pending.has(sent.id)) return;
    const about = this.#pending.get(sent.id);
    this.#pending.delete(sent.id);
    this.#onSent(sent, about);
  }

  /** The carrier will not send what was, or will be, handed over for this request. */
  dropped(id: string): void {
    if (this.#pending.has(id)) {
      this.#unsent(id);
      return;
    }
    this.#dropped.add(id);
    for (const oldest of this.#dropped) {
      if (this.#dropped.size <= DROPPED_MAX) break;
      this.#dropped.delete(oldest);
    }
  }

  /** The carrier is gone, and all it had to send with it. */
  lost(fault: string): void {
    for (const id of [...this.#pending.keys()]) this.#unsent(id, fault);
  }

  #unsent(id: string, fault?: string): void {
    const nothing = { head: false, status: 0, bytes: 0, total: 0, ms: 0, completed: false };
    this.sent({ id, ...nothing, aborted: fault === undefined, ...(fault !== undefined && { fault }) });
  }
}

/**
 * Ends the response by handing the sending to the carrier, which answers ranges and preconditions by itself.
 * `about` comes back with the report to the `onSent` that the server was started with; headers that `res` has already
 * are sent too, where the sending does not set them. Throws for a response that is not behind {@link startHttp}.
 */
export function send(res: ServerResponse, sending: Sending, about: unknown): void {
  const origin = originOf(res.req);
  if (origin === undefined) throw new Error('send() is for requests that came through the carrier; see startHttp().');
  const { id, outbox } = origin;
  if (res.req.method === 'HEAD') {
    // An answer to HEAD has no body to describe the sending in, and needs no file's bytes.
    const { status, headers } = answer('HEAD', res.req.headers, sending);
    res.writeHead(status, headers).end();
    outbox.add(id, about);
    outbox.sent({ id, head: true, status, bytes: 0, total: 0, ms: 0, completed: true, aborted: false });
    return;
  }
  const body = Buffer.from(encodeSending(sending));
  res.writeHead(200, {
    [CARRIER_HEADERS.send]: id,
    'content-type': 'application/json',
    'content-length': body.length,
  });
  res.end(body);
  outbox.add(id, about);
}

/**
 * Ends the response by having the carrier pass the request, body and all, on to a service, and its answer back. Only for
 * what `serviceAddress` (src/services) says is for a service: of other requests the body has come here already.
 * `about` comes back as with {@link send}.
 */
export function pass(res: ServerResponse, passing: Passing, about: unknown): void {
  const origin = originOf(res.req);
  if (origin === undefined) throw new Error('pass() is for requests that came through the carrier; see startHttp().');
  const { id, outbox } = origin;
  res.writeHead(204, { [CARRIER_HEADERS.pass]: writePassing(id, passing) }).end();
  outbox.add(id, about);
}
