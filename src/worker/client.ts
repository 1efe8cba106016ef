/** The worker's side of the server's worker API. What can be tried again is, for as long as it takes. */
import type { z } from 'zod';
import { messageOf } from '../errors.ts';
import { parseJson } from '../json.ts';
import {
  assignmentAnswer,
  dataAnswer,
  discoverAnswer,
  heartbeatAnswer,
  helloAnswer,
  inventoryAnswer,
  logAnswer,
  problemAnswer,
  reportAnswer,
  serviceReportAnswer,
  servicesAnswer,
} from './answers.ts';
import type { Clock } from './clock.ts';
import {
  type Assignment,
  type AttemptKey,
  DATA_VERSION_HEADER,
  type DataAnswer,
  type Discover,
  type DiscoverAnswer,
  type Heartbeat,
  type HeartbeatAnswer,
  type Hello,
  type HelloAnswer,
  type InventoryAnswer,
  type InventoryPost,
  type LogAnswer,
  type LogPost,
  type Report,
  type ReportAnswer,
  type ServiceLogPost,
  type ServiceReport,
  type ServiceReportAnswer,
  type ServicesAnswer,
} from './protocol.ts';

/** The server's word on one request. */
export type Answer<T> =
  | { kind: 'answer'; value: T }
  /** It will not have this one: asking again changes nothing. */
  | { kind: 'refused'; status: number; reason: string };

/** One version of a workflow's ephemeral data; 0, and nothing in it: there is none yet. */
export interface DataVersion {
  version: number;
  bytes: Buffer;
}

/** Requests by what they are about. All but the heartbeat and the stream wait for the server as long as it takes. */
export interface WorkerApi {
  hello(body: Hello, signal: AbortSignal): Promise<Answer<HelloAnswer>>;
  discover(body: Discover, signal: AbortSignal): Promise<Answer<DiscoverAnswer>>;
  inventory(body: InventoryPost, signal: AbortSignal): Promise<Answer<InventoryAnswer>>;
  work(query: { boot: string; agent: string }, signal: AbortSignal): Promise<Answer<Assignment>>;
  log(body: LogPost, signal: AbortSignal): Promise<Answer<LogAnswer>>;
  /** Once; undefined when the server is away. */
  heartbeat(body: Heartbeat, signal: AbortSignal): Promise<Answer<HeartbeatAnswer> | undefined>;
  report(body: Report, signal: AbortSignal): Promise<Answer<ReportAnswer>>;
  data(workflow: string, signal: AbortSignal): Promise<Answer<DataVersion>>;
  /** @param base the version that these bytes were made of */
  putData(key: AttemptKey, base: number, bytes: Buffer, signal: AbortSignal): Promise<Answer<DataAnswer>>;
  /** Once; undefined when the server is away. The bytes of server-sent events, until the signal is aborted. */
  stream(signal: AbortSignal): Promise<Answer<AsyncIterable<Uint8Array>> | undefined>;
  /** @param folders ids of workflows that have a folder on this machine */
  services(folders: readonly string[], signal: AbortSignal): Promise<Answer<ServicesAnswer>>;
  service(body: ServiceReport, signal: AbortSignal): Promise<Answer<ServiceReportAnswer>>;
  serviceLog(body: ServiceLogPost, signal: AbortSignal): Promise<Answer<LogAnswer>>;
}

/** ms until a request is given up and sent again. */
const REQUEST_LIMIT = 15_000;
/** The same for the workflow's data, which may be many MiB on a slow line. */
const DATA_LIMIT = 120_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** A refused token is not accepted later; only the server's restart could change that. */
const TOKEN_PAUSE = 15_000;

/** Pause before the next try, ms: doubled each time up to 5 s, and spread, so that machines that lost their server together don't come back together. */
export function pauseAfter(tries: number, random: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(tries, 10)) * (0.5 + random / 2);
}

/** Takes an answer's body; undefined: it is not what was asked for. */
type Reading<T> = (response: Response) => Promise<T | undefined>;

type Attempted<T> = Answer<T> | { kind: 'away'; reason: string } | { kind: 'token'; reason: string };

/**
 * @param say is told each time the server's state changes, not at each try; never the token
 */
export function workerClient(parts: {
  server: string;
  token: string;
  clock: Clock;
  say: (line: string) => void;
  random?: () => number;
}): WorkerApi {
  const { server, token, clock, say, random = Math.random } = parts;
  let condition = '';

  const note = (now: string, sentence: string): void => {
    if (now !== condition) say(sentence);
    condition = now;
  };

  const once = async <T>(
    reading: Reading<T>,
    path: string,
    init: RequestInit,
    limit: number,
    signal: AbortSignal,
  ): Promise<Attempted<T>> => {
    signal.throwIfAborted();
    const attempted = await send(reading, `${server}/api/v1/worker/${path}`, token, init, limit, signal);
    signal.throwIfAborted();
    switch (attempted.kind) {
      case 'away':
        // The reason changes from try to try; one word on it is enough.
        note('away', `the server ${server} does not answer (${attempted.reason}); trying again until it does`);
        break;
      case 'token':
        note(
          'token',
          `the server ${server} refuses this boot's token: ${attempted.reason} Restart this machine, so that it gets a new one; until then it is tried again every ${TOKEN_PAUSE / 1000} s`,
        );
        break;
      case 'answer':
      case 'refused':
        note('', `the server ${server} answers again`);
    }
    return attempted;
  };

  const untilAnswered = async <T>(
    reading: Reading<T>,
    path: string,
    init: RequestInit,
    signal: AbortSignal,
    limit = REQUEST_LIMIT,
  ): Promise<Answer<T>> => {
    for (let tries = 0; ; tries += 1) {
      const attempted = await once(reading, path, init, limit, signal);
      if (attempted.kind === 'answer' || attempted.kind === 'refused') return attempted;
      await clock.sleep(attempted.kind === 'token' ? TOKEN_PAUSE : pauseAfter(tries, random()), signal);
    }
  };
  const tried = <T>(attempted: Attempted<T>): Answer<T> | undefined =>
    attempted.kind === 'answer' || attempted.kind === 'refused' ? attempted : undefined;

  const post = (body: unknown): RequestInit => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

  return {
    hello: (body, signal) => untilAnswered(json(helloAnswer), 'hello', post(body), signal),
    discover: (body, signal) => untilAnswered(json(discoverAnswer), 'discover', post(body), signal),
    inventory: (body, signal) => untilAnswered(json(inventoryAnswer), 'inventory', post(body), signal),
    work: (query, signal) =>
      untilAnswered(json(assignmentAnswer), `work?${new URLSearchParams({ ...query })}`, {}, signal),
    log: (body, signal) => untilAnswered(json(logAnswer), 'log', post(body), signal),
    report: (body, signal) => untilAnswered(json(reportAnswer), 'report', post(body), signal),
    data: (workflow, signal) =>
      untilAnswered(dataVersion, `data?${new URLSearchParams({ workflow })}`, {}, signal, DATA_LIMIT),
    putData({ workflow, action, attempt }, base, bytes, signal) {
      const numbers = { action: String(action), attempt: String(attempt), base: String(base) };
      const path = `data?${new URLSearchParams({ workflow, ...numbers })}`;
      const headers = { 'content-type': 'application/octet-stream' };
      return untilAnswered(
        json(dataAnswer),
        path,
        { method: 'PUT', body: new Uint8Array(bytes), headers },
        signal,
        DATA_LIMIT,
      );
    },
    services: (folders, signal) =>
      untilAnswered(
        json(servicesAnswer),
        folders.length > 0 ? `services?${new URLSearchParams({ folders: folders.join(',') })}` : 'services',
        {},
        signal,
      ),
    service: (body, signal) => untilAnswered(json(serviceReportAnswer), 'service', post(body), signal),
    serviceLog: (body, signal) => untilAnswered(json(logAnswer), 'service-log', post(body), signal),
    async heartbeat(body, signal) {
      return tried(await once(json(heartbeatAnswer), 'heartbeat', post(body), REQUEST_LIMIT, signal));
    },
    async stream(signal) {
      return tried(await once(eventStream, 'stream', { headers: { accept: EVENT_STREAM } }, REQUEST_LIMIT, signal));
    },
  };
}

const EVENT_STREAM = 'text/event-stream';

const json =
  <T>(shape: z.ZodType<T>): Reading<T> =>
  async (response) =>
    shape.safeParse(parseJson(await response.text())).data;

const dataVersion: Reading<DataVersion> = async (response) => {
  const version = response.headers.get(DATA_VERSION_HEADER) ?? '';
  if (!/^\d{1,15}$/.test(version)) return undefined;
  return { version: Number(version), bytes: Buffer.from(await response.arrayBuffer()) };
};

const eventStream: Reading<AsyncIterable<Uint8Array>> = async (response) =>
  response.headers.get('content-type')?.startsWith(EVENT_STREAM) && response.body ? response.body : undefined;

/** @param limit ms until the answer must have been read; the body of a stream is not read here */
async function send<T>(
  reading: Reading<T>,
  url: string,
  token: string,
  init: RequestInit,
  limit: number,
  signal: AbortSignal,
): Promise<Attempted<T>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), limit);
  try {
    // A redirection would take the token elsewhere.
    const response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.any([signal, late.signal]),
      headers: { ...init.headers, authorization: `Bearer ${token}` },
    });
    if (response.ok) {
      const value = await reading(response);
      return value === undefined
        ? { kind: 'away', reason: 'what answers there is not Tinsmith, or another version of it' }
        : { kind: 'answer', value };
    }
    const text = await response.text();
    const { status } = response;
    const { detail, title } = problemAnswer.safeParse(parseJson(text)).data ?? {};
    const reason = detail ?? title ?? `status ${status}`;
    if (status === 401 || status === 403) return { kind: 'token', reason };
    // 408 and 429 ask for another try themselves.
    if (status >= 500 || status < 400 || status === 408 || status === 429)
      return { kind: 'away', reason: `status ${status}: ${reason}` };
    return { kind: 'refused', status, reason };
  } catch (error) {
    return { kind: 'away', reason: whyNot(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says only "fetch failed"; why is in its cause. */
function whyNot(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code ?? messageOf(cause ?? error);
}
