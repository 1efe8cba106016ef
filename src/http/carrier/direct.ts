import type { IncomingMessage, ServerResponse } from 'node:http';
import { serviceAddress } from '../../services/address.ts';
import { collect, SMALL } from './collect.ts';
import { hasBody } from './headers.ts';
import type { DirectAnswer, DirectCall, DirectPaths, FromCarrier } from './messages.ts';
import type { PlainRequest } from './plain-request.ts';

/** What of a call's path is before its query. */
const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** Calls that the main thread has at once; others go the usual way, which is bounded too. */
const MOST = 20_000;

/** Of an answer that names none. */
export const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/json; charset=utf-8' };

/**
 * Calls that the main thread has before it at once; others wait here, where one costs little. There, what hangs on each
 * lives until its change is on disk: with a thousand at once, long enough to be taken for old by the collector of garbage.
 */
const AT_WORK = 256;

/** Calls in one message. */
const IN_ONE_MESSAGE = 32;

/** Whoever waits for an answer. */
export interface Answered {
  answer(answer: DirectAnswer): void;
}

/**
 * What comes by the thousand, workers' short POSTs and their questions for work, goes to the main thread as messages, many
 * in one: passed on as HTTP, each would cost both threads several times as much.
 */
export class Direct {
  readonly #posted: ReadonlySet<string>;
  readonly #asked: ReadonlySet<string>;
  readonly #folders: readonly string[];
  readonly #post: (message: FromCarrier) => void;
  readonly #waiting = new Map<number, Answered>();
  #last = 0;
  /** Those that wait for their turn in the main thread. */
  #queued: DirectCall[] = [];
  #atWork = 0;

  constructor({ posted, asked }: DirectPaths, post: (message: FromCarrier) => void) {
    this.#posted = new Set(posted);
    this.#asked = new Set(asked);
    this.#folders = [...new Set([...posted, ...asked].map(folderOf))];
    this.#post = post;
  }

  /** @returns false for a request that is to go the usual way */
  take(req: IncomingMessage, res: ServerResponse): boolean {
    const { url = '', headers } = req;
    if (this.#waiting.size >= MOST || !this.#isDirect(req)) return false;
    const { host = '', authorization = '' } = headers;
    if (headers.expect !== undefined || serviceAddress(headers.host, url)) return false;
    res.on('error', () => {}); // what could not be answered is asked again
    req.on('error', () => {});
    const call = { path: pathOf(url), query: url.slice(pathOf(url).length + 1), host, authorization };
    const answered: Answered = {
      answer({ status, headers = JSON_HEADERS, body }) {
        res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
      },
    };
    if (req.method === 'GET') {
      req.resume();
      this.#call(answered, { ...call, body: '' });
    } else collect(req, (body) => this.#call(answered, { ...call, body: body.toString() }));
    return true;
  }

  /** As `take`, for what came in its plainest form. */
  takePlain({ method, target, host, authorization, body }: PlainRequest, answered: Answered): boolean {
    const path = pathOf(target);
    const isDirect = method === 'GET' ? this.#asked.has(path) : this.#posted.has(target) && body.length <= SMALL;
    if (!isDirect || this.#waiting.size >= MOST || serviceAddress(host, target)) return false;
    this.#call(answered, { path, query: target.slice(path.length + 1), host, authorization, body });
    return true;
  }

  /** Whether a request is for what is beside direct calls: whoever asks for that makes those, too. */
  isNear({ target }: PlainRequest): boolean {
    return this.#folders.some((folder) => target.startsWith(folder));
  }

  #isDirect({ url = '', method, headers }: IncomingMessage): boolean {
    const { 'content-length': length, 'content-encoding': encoding } = headers;
    switch (method) {
      case 'GET':
        return this.#asked.has(pathOf(url)) && !hasBody(headers);
      case 'POST':
        return this.#posted.has(url) && length !== undefined && Number(length) <= SMALL && encoding === undefined;
      default:
        return false;
    }
  }

  #call(answered: Answered, call: Omit<DirectCall, 'id'>): void {
    const id = ++this.#last;
    this.#waiting.set(id, answered);
    // What came in this turn of the event loop goes together, or in parts, that the other thread may begin.
    if (this.#queued.length === 0) setImmediate(() => this.#send());
    this.#queued.push({ id, ...call });
    if (this.#queued.length % IN_ONE_MESSAGE === 0) this.#send();
  }

  answer(answers: readonly DirectAnswer[]): void {
    this.#atWork -= answers.length;
    this.#send();
    for (const answer of answers) {
      const answered = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      answered?.answer(answer);
    }
  }

  #send(): void {
    while (this.#queued.length > 0 && this.#atWork < AT_WORK) {
      const calls = this.#queued.splice(0, Math.min(IN_ONE_MESSAGE, AT_WORK - this.#atWork));
      this.#atWork += calls.length;
      this.#post({ kind: 'calls', calls });
    }
  }
}
