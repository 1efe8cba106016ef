/** The worker's side of the server's worker API. What can be tried again is, for as long as it takes. */
import type { z } from 'zod';
import { messageOf } from '../errors.ts';
import {
  assignmentAnswer,
  heartbeatAnswer,
  helloAnswer,
  logAnswer,
  problemAnswer,
  reportAnswer,
  serviceReportAnswer,
  servicesAnswer,
} from './answers.ts';
import type { Clock } from './clock.ts';
import type {
  Assignment,
  Heartbeat,
  HeartbeatAnswer,
  Hello,
  HelloAnswer,
  LogAnswer,
  LogPost,
  Report,
  ReportAnswer,
  ServiceLogPost,
  ServiceReport,
  ServiceReportAnswer,
  ServicesAnswer,
} from './protocol.ts';

/** The server's word on one request. */
export type Answer<T> =
  | { kind: 'answer'; value: T }
  /** It will not have this one: asking again changes nothing. */
  | { kind: 'refused'; status: number; reason: string };

/** Requests by what they are about. All but the heartbeat wait for the server as long as it takes. */
export interface WorkerApi {
  hello(body: Hello, signal: AbortSignal): Promise<Answer<HelloAnswer>>;
  /** @param wait seconds for which the server may hold its answer back */
  work(query: { boot: string; wait: number }, signal: AbortSignal): Promise<Answer<Assignment>>;
  log(body: LogPost, signal: AbortSignal): Promise<Answer<LogAnswer>>;
  /** Once; undefined when the server is away. */
  heartbeat(body: Heartbeat, signal: AbortSignal): Promise<Answer<HeartbeatAnswer> | undefined>;
  report(body: Report, signal: AbortSignal): Promise<Answer<ReportAnswer>>;
  services(signal: AbortSignal): Promise<Answer<ServicesAnswer>>;
  service(body: ServiceReport, signal: AbortSignal): Promise<Answer<ServiceReportAnswer>>;
  serviceLog(body: ServiceLogPost, signal: AbortSignal): Promise<Answer<LogAnswer>>;
}

/** ms until a request is given up and sent again. */
const REQUEST_LIMIT = 15_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** A refused token is not accepted later; only the server's restart could change that. */
const TOKEN_PAUSE = 15_000;

/** Pause before the next try, ms: doubled each time up to 5 s, and spread, so that machines that lost their server together don't come back together. */
export function pauseAfter(tries: number, random: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(tries, 10)) * (0.5 + random / 2);
}

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
    shape: z.ZodType<T>,
    path: string,
    init: RequestInit,
    limit: number,
    signal: AbortSignal,
  ): Promise<Attempted<T>> => {
    signal.throwIfAborted();
    const attempted = await send(
      shape,
      `${server}/api/v1/worker/${path}`,
      token,
      init,
      AbortSignal.any([signal, AbortSignal.timeout(limit)]),
    );
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
    shape: z.ZodType<T>,
    path: string,
    init: RequestInit,
    signal: AbortSignal,
    limit = REQUEST_LIMIT,
  ): Promise<Answer<T>> => {
    for (let tries = 0; ; tries += 1) {
      const attempted = await once(shape, path, init, limit, signal);
      if (attempted.kind === 'answer' || attempted.kind === 'refused') return attempted;
      await clock.sleep(attempted.kind === 'token' ? TOKEN_PAUSE : pauseAfter(tries, random()), signal);
    }
  };

  const post = (body: unknown): RequestInit => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

  return {
    hello: (body, signal) => untilAnswered(helloAnswer, 'hello', post(body), signal),
    work: ({ boot, wait }, signal) =>
      untilAnswered(
        assignmentAnswer,
        `work?${new URLSearchParams({ boot, wait: String(wait) })}`,
        {},
        signal,
        wait * 1000 + REQUEST_LIMIT,
      ),
    log: (body, signal) => untilAnswered(logAnswer, 'log', post(body), signal),
    report: (body, signal) => untilAnswered(reportAnswer, 'report', post(body), signal),
    services: (signal) => untilAnswered(servicesAnswer, 'services', {}, signal),
    service: (body, signal) => untilAnswered(serviceReportAnswer, 'service', post(body), signal),
    serviceLog: (body, signal) => untilAnswered(logAnswer, 'service-log', post(body), signal),
    async heartbeat(body, signal) {
      const attempted = await once(heartbeatAnswer, 'heartbeat', post(body), REQUEST_LIMIT, signal);
      return attempted.kind === 'answer' || attempted.kind === 'refused' ? attempted : undefined;
    },
  };
}

async function send<T>(
  shape: z.ZodType<T>,
  url: string,
  token: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Attempted<T>> {
  try {
    // A redirection would take the token elsewhere.
    const response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal,
      headers: { ...init.headers, authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    if (response.ok) {
      const read = shape.safeParse(parse(text));
      return read.success
        ? { kind: 'answer', value: read.data }
        : { kind: 'away', reason: 'what answers there is not Tinsmith, or another version of it' };
    }
    const { status } = response;
    const { detail, title } = problemAnswer.safeParse(parse(text)).data ?? {};
    const reason = detail ?? title ?? `status ${status}`;
    if (status === 401 || status === 403) return { kind: 'token', reason };
    // 408 and 429 ask for another try themselves.
    if (status >= 500 || status < 400 || status === 408 || status === 429)
      return { kind: 'away', reason: `status ${status}: ${reason}` };
    return { kind: 'refused', status, reason };
  } catch (error) {
    return { kind: 'away', reason: whyNot(error) };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
