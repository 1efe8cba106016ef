import type { IncomingMessage, ServerResponse } from 'node:http';
import { serviceAddress } from '../../services/address.ts';
import { collect, SMALL } from './collect.ts';
import type { DirectAnswer, DirectCall, FromCarrier } from './messages.ts';

/** Calls that the main thread has at once; others go the usual way, which is bounded too. */
const MOST = 20_000;

/** Calls in one message. */
const IN_ONE_MESSAGE = 32;

/**
 * Short POSTs that come by the thousand, such as workers' reports, go to the main thread as messages, many in one: passed
 * on as HTTP, each would cost both threads several times as much.
 */
export class Direct {
  readonly #paths: ReadonlySet<string>;
  readonly #post: (message: FromCarrier) => void;
  readonly #waiting = new Map<number, ServerResponse>();
  #last = 0;
  #calls: DirectCall[] = [];

  constructor(paths: readonly string[], post: (message: FromCarrier) => void) {
    this.#paths = new Set(paths);
    this.#post = post;
  }

  /** @returns false for a request that is to go the usual way */
  take(req: IncomingMessage, res: ServerResponse): boolean {
    const { url = '', method, headers } = req;
    if (method !== 'POST' || !this.#paths.has(url) || this.#waiting.size >= MOST) return false;
    const { host, expect, authorization = '', 'content-length': length, 'content-encoding': encoding } = headers;
    if (length === undefined || Number(length) > SMALL) return false;
    if (expect !== undefined || encoding !== undefined || serviceAddress(host, url)) return false;
    res.on('error', () => {}); // what could not be answered is asked again
    req.on('error', () => {});
    collect(req, (body) => {
      const id = ++this.#last;
      this.#waiting.set(id, res);
      // What came in this turn of the event loop goes together, or in parts, that the other thread may begin.
      if (this.#calls.length === 0) setImmediate(() => this.#send());
      this.#calls.push({ id, path: url, authorization, body: body.toString() });
      if (this.#calls.length >= IN_ONE_MESSAGE) this.#send();
    });
    return true;
  }

  answer(answers: readonly DirectAnswer[]): void {
    for (const { id, status, headers, body } of answers) {
      const res = this.#waiting.get(id);
      this.#waiting.delete(id);
      res?.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    }
  }

  #send(): void {
    if (this.#calls.length === 0) return;
    const calls = this.#calls;
    this.#calls = [];
    this.#post({ kind: 'calls', calls });
  }
}
