/** The client of a running appliance's HTTP API, for the command line. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv } from 'yargs';
import { codeOfStatus, fromProblemDetails } from '../api/problem.ts';
import type { Page, StreamEvent } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { usage } from './command.ts';
import { EventStreamParser } from './event-stream.ts';
import { readTextFile } from './files.ts';
import { foreign, limitConnecting, notReached, withoutToken } from './no-answer.ts';
import type { Terminal } from './terminal.ts';
import { DEFAULT_DATA, findToken, type Token } from './token.ts';

const DEFAULT_SERVER = 'http://127.0.0.1:8080';
/**
 * How long a connection may take, and how long the appliance may be silent in the middle of a request, ms; longer after an
 * upload, which it has to unpack.
 */
const PATIENCE = { connect: 10_000, request: 30_000, upload: 600_000 };
/** How long the event stream may say nothing at all, ms; the server sends a comment much more often. */
const SILENCE = 60_000;
/** How much of a list is asked for at once. */
const PAGE = 1000;
/** Wait before the event stream is asked for again, ms: first, and at most. */
const RECONNECT = { first: 250, most: 5_000 };

export interface ServerFlags {
  server?: string | undefined;
  tokenFile?: string | undefined;
  data?: string | undefined;
  ca?: string | undefined;
}

/** The flags of every command that talks to an appliance. */
export function serverFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('server', { type: 'string', describe: `URL of the appliance [TINSMITH_SERVER, or ${DEFAULT_SERVER}]` })
    .option('token-file', {
      type: 'string',
      describe: 'File with the administrator’s token [TINSMITH_TOKEN has the token itself]',
    })
    .option('ca', {
      type: 'string',
      describe: 'File with the certificate (PEM) by which an https server is known [TINSMITH_CA]',
    })
    .option('data', {
      type: 'string',
      describe: `Data directory of an appliance on this computer, for its token [TINSMITH_DATA, or ${DEFAULT_DATA}]`,
    });
}

/** What is undefined is left out; a list is given as the same name several times. */
export type Query = Record<string, string | string[] | undefined>;

interface Body {
  type: string;
  content: string | Buffer | Readable;
  /** Bytes, of a stream. */
  length?: number;
}

interface Exchange {
  body?: Body | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export class Client {
  readonly #server: URL;
  readonly #token: Token;
  readonly #signal: AbortSignal;
  readonly #ca: string | undefined;

  /** @throws TinsmithError USAGE, UNAUTHORIZED where a token is named and cannot be read. */
  constructor(flags: ServerFlags, terminal: Pick<Terminal, 'environment' | 'interrupted'>) {
    this.#server = serverUrl(flags.server ?? (terminal.environment.TINSMITH_SERVER || DEFAULT_SERVER));
    this.#token = findToken(flags, terminal.environment, this.#server);
    this.#signal = terminal.interrupted;
    const ca = flags.ca ?? (terminal.environment.TINSMITH_CA || undefined);
    this.#ca = ca === undefined ? undefined : readTextFile(ca);
  }

  /** Where it asks. */
  get url(): string {
    return this.#server.origin;
  }

  /** GET of a path below `/api/v1/`, its parts escaped. */
  get<T>(...path: string[]): Promise<T> {
    return this.#json<T>('GET', pathOf(path));
  }

  /** GET with a query. */
  find<T>(path: string, query: Query): Promise<T> {
    return this.#json<T>('GET', `${path}${queryOf(query)}`);
  }

  /** GET of a list that comes in pages: all of it. */
  async list<T>(path: string, query: Query = {}): Promise<{ data: T[] }> {
    const data: T[] = [];
    let after: string | undefined;
    do {
      const page = await this.find<Page<T>>(path, { ...query, limit: String(PAGE), after });
      data.push(...page.data);
      after = page.next;
    } while (after !== undefined);
    return { data };
  }

  /** GET of bytes, with the headers they came with. */
  async bytes(path: string, query: Query = {}): Promise<{ bytes: Buffer; headers: IncomingMessage['headers'] }> {
    const response = await this.#exchange('GET', `${path}${queryOf(query)}`, {});
    return { bytes: await this.#readBytes(response), headers: response.headers };
  }

  /** PUT of bytes. */
  sendBytes<T>(path: string, query: Query, bytes: Buffer): Promise<T> {
    return this.#json<T>('PUT', `${path}${queryOf(query)}`, { type: 'application/octet-stream', content: bytes });
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>('POST', path, { type: 'application/json', content: JSON.stringify(body) });
  }

  /** PUT of JSON, on the condition that headers tell. */
  put<T>(body: unknown, headers: Record<string, string>, ...path: string[]): Promise<T> {
    const sent = { type: 'application/json', content: JSON.stringify(body) };
    return this.#json<T>('PUT', pathOf(path), sent, headers);
  }

  /** POST or PUT of YAML text. */
  sendYaml<T>(method: 'POST' | 'PUT', yaml: string, ...path: string[]): Promise<T> {
    return this.#json<T>(method, pathOf(path), { type: 'text/yaml', content: yaml });
  }

  /** POST of YAML text with a query. */
  sendText<T>(path: string, query: Record<string, string | undefined>, yaml: string): Promise<T> {
    return this.#json<T>('POST', `${path}${queryOf(query)}`, { type: 'application/yaml', content: yaml });
  }

  /** POST of a stream of bytes. */
  upload<T>(path: string, content: Readable, length: number): Promise<T> {
    return this.#json<T>('POST', path, { type: 'application/octet-stream', content, length });
  }

  /** PUT of a stream of bytes, `length` of them. */
  store<T>(
    path: readonly string[],
    query: Query,
    content: Readable,
    { length, headers }: { length: number; headers: Record<string, string> },
  ): Promise<T> {
    const body = { type: 'application/octet-stream', content, length };
    return this.#json<T>('PUT', `${pathOf(path)}${queryOf(query)}`, body, headers);
  }

  /** DELETE of a path. @returns what there was */
  delete<T = unknown>(...path: string[]): Promise<T> {
    return this.#json<T>('DELETE', pathOf(path));
  }

  /**
   * Events as they happen, from after `since` on (0: all that are kept). A lost connection is taken up where it ended.
   * @throws TinsmithError when the first connection fails or any is refused; AbortError when interrupted or told to end.
   */
  async *events(
    query: { workflow?: string; machine?: string[]; kind?: string[]; from?: string },
    since?: number,
    until?: AbortSignal,
  ): AsyncGenerator<StreamEvent> {
    const signal = until ? AbortSignal.any([this.#signal, until]) : this.#signal;
    let last = since === undefined ? undefined : String(since);
    let wait = RECONNECT.first;
    for (let connected = false; ; ) {
      try {
        const response = await this.#exchange('GET', `events${queryOf(query)}`, {
          headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) },
          signal,
        });
        connected = true;
        response.setTimeout(SILENCE, () => response.destroy(new Error('the event stream is silent')));
        const parser = new EventStreamParser();
        for await (const chunk of response) {
          for (const { id, data } of parser.feed(chunk as Buffer)) {
            if (id && id !== '0') last = id;
            wait = RECONNECT.first;
            yield JSON.parse(data) as StreamEvent;
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TinsmithError && (!connected || error.code !== 'UNREACHABLE')) throw error;
      }
      await sleep(wait, undefined, { signal });
      wait = Math.min(wait * 2, RECONNECT.most);
    }
  }

  async #json<T>(method: string, path: string, body?: Body, headers?: Record<string, string>): Promise<T> {
    const response = await this.#exchange(method, path, { body, headers });
    const answer = parseJson(await this.#read(response));
    if (answer === undefined) throw foreign(this.#server, response);
    return answer as T;
  }

  async #read(response: IncomingMessage): Promise<string> {
    return (await this.#readBytes(response)).toString('utf8');
  }

  async #readBytes(response: IncomingMessage): Promise<Buffer> {
    response.setTimeout(PATIENCE.request, () => response.destroy(new Error('the answer stopped in the middle')));
    try {
      return Buffer.concat((await response.toArray()) as Buffer[]);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw notReached(this.#server, error as NodeJS.ErrnoException);
    }
  }

  /** Sends a request. @returns the answer, when it is a good one. @throws TinsmithError as the server put it. */
  async #exchange(
    method: string,
    path: string,
    { body, headers = {}, signal = this.#signal }: Exchange,
  ): Promise<IncomingMessage> {
    const url = new URL(`api/v1/${path}`, this.#server);
    const all = { ...headers, ...(this.#token.value ? { authorization: `Bearer ${this.#token.value}` } : {}) };
    const response = await this.#send(
      url,
      { method, headers: all, signal, agent: false, ...(this.#ca === undefined ? {} : { ca: this.#ca }) },
      body,
    );
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const error = fromProblemDetails(parseJson(await this.#read(response)), status);
    if (status === 401 && !this.#token.value) throw withoutToken(this.#server, this.#token.lookedAt);
    if (!error && (status < 400 || !/\bjson\b/.test(response.headers['content-type'] ?? '')))
      throw foreign(this.#server, response);
    throw (
      error ??
      new TinsmithError(codeOfStatus(status), `${this.#server.origin} answered ${status} to ${method} ${url.pathname}.`)
    );
  }

  async #send(url: URL, options: RequestOptions & { ca?: string }, body: Body | undefined): Promise<IncomingMessage> {
    const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
    return new Promise((resolve, reject) => {
      const outgoing = request(url, options);
      if (body) {
        outgoing.setHeader('content-type', body.type);
        outgoing.setHeader(
          'content-length',
          isStream(body.content) ? (body.length ?? 0) : Buffer.byteLength(body.content),
        );
      }
      const stream = isStream(body?.content) ? body.content : undefined;
      outgoing.setTimeout(stream ? PATIENCE.upload : PATIENCE.request, () =>
        outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      );
      outgoing.on('socket', (socket) => limitConnecting(socket, PATIENCE.connect, (error) => outgoing.destroy(error)));
      outgoing.on('response', (response) => {
        // Refused in the middle of an upload: what it answered counts, not that it stopped reading.
        stream?.destroy();
        outgoing.setTimeout(0);
        resolve(response);
      });
      outgoing.on('error', (error) => {
        stream?.destroy();
        reject(error.name === 'AbortError' || error instanceof TinsmithError ? error : notReached(this.#server, error));
      });
      stream?.on('error', (error) => outgoing.destroy(error));
      if (stream) stream.pipe(outgoing);
      else outgoing.end(isStream(body?.content) ? undefined : body?.content);
    });
  }
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw usage(`${text} is not the URL of an appliance.`, 'Write it like http://192.168.1.1:8080.');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** @throws TinsmithError USAGE for a part that would make another path of it */
function pathOf(parts: readonly string[]): string {
  const wrong = parts.find((part) => part === '' || part === '.' || part === '..');
  if (wrong === undefined) return parts.map(encodeURIComponent).join('/');
  const named = parts.slice(1).join('/');
  if (named === '') throw usage('An empty text names nothing.');
  const part =
    wrong === '' ? 'a part before, behind or between its slashes is empty' : `"${wrong}" can be no part of one`;
  throw usage(`${JSON.stringify(named)} is no name: ${part}.`);
}

function isStream(content: Body['content'] | undefined): content is Readable {
  return typeof content === 'object' && !Buffer.isBuffer(content);
}

function queryOf(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
