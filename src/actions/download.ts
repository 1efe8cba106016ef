/** A download that goes on where it broke off, for as long as the server comes back in time. */
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { messageOf } from '../errors.ts';
import { ActionFailure, bytesText, EXIT_USAGE, type Host } from './action.ts';

export type DownloadOptions = {
  /** How long to try again since the last byte came, ms; 0 for not at all. */
  retryFor: number;
  /** Whether the whole is checked later, so that parts of a file without version (ETag, Last-Modified) may be joined. */
  verified: boolean;
  signal: AbortSignal;
  host: Pick<Host, 'wait' | 'clock'>;
  /** Told why a part ended too soon, and what is done about it. */
  onTrouble: (line: string) => void;
  /** A connection is given up when nothing came for so long, ms. */
  idle?: number;
};

/** How far a download is, in bytes; `total` once the server has said it. */
export type DownloadState = { downloaded: number; total?: number };

const REDIRECTS_MAX = 5;
const IDLE_MS = 60_000;
const DELAYS = [1000, 2000, 4000, 8000];
/** Errors of the connection that trying again does not mend. */
const PERMANENT = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_INVALID_)/;

function permanent(error: unknown): boolean {
  if (error instanceof ActionFailure) return true;
  return PERMANENT.test((error as NodeJS.ErrnoException).code ?? '');
}

function parsed(url: string, base?: URL): URL {
  const found = URL.canParse(url, base?.href) ? new URL(url, base?.href) : undefined;
  if (found?.protocol === 'http:' || found?.protocol === 'https:') return found;
  throw new ActionFailure(`${JSON.stringify(url)} is no http or https URL`, base === undefined ? EXIT_USAGE : 1);
}

/** Name and password in a URL stay out of messages. */
function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function request(url: URL, headers: Record<string, string>, options: DownloadOptions): Promise<IncomingMessage> {
  for (let at = url, hops = 0; ; hops++) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const get = at.protocol === 'https:' ? getHttps : getHttp;
      const sent = get(at, { headers, signal: options.signal, agent: false }, resolve);
      const idle = options.idle ?? IDLE_MS;
      sent.setTimeout(idle, () => sent.destroy(new Error(`nothing came for ${idle / 1000} s`)));
      sent.on('error', reject);
    });
    const { statusCode = 0, headers: answered } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || answered.location === undefined) return response;
    response.resume();
    if (hops === REDIRECTS_MAX) throw new ActionFailure(`${shown(url)} redirects more than ${REDIRECTS_MAX} times`);
    at = parsed(answered.location, at);
  }
}

/** What tells one version of a file from another: a strong ETag, else the time of the last change (RFC 9110, 13.1.5). */
function versionOf({ headers: { etag, 'last-modified': modified } }: IncomingMessage): string | undefined {
  return etag !== undefined && !etag.startsWith('W/') ? etag : modified;
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

class Download {
  readonly #url: URL;
  readonly #options: DownloadOptions;
  readonly #state: DownloadState;
  #version: string | undefined;

  constructor(url: string, state: DownloadState, options: DownloadOptions) {
    this.#url = parsed(url);
    this.#state = state;
    this.#options = options;
  }

  #refuse(what: string): ActionFailure {
    return new ActionFailure(`${shown(this.#url)} ${what}`);
  }

  /** How many bytes of this response's body are known already. Throws when it is not the rest of what we have. */
  #overlap(response: IncomingMessage): number {
    const { statusCode = 0, statusMessage = '' } = response;
    const { downloaded: at, total } = this.#state;
    if (statusCode !== 200 && statusCode !== 206) {
      const status = `${statusCode} ${statusMessage}`.trim();
      if (statusCode >= 500 || [408, 425, 429].includes(statusCode)) throw new Error(`the server answers ${status}`);
      throw this.#refuse(at === 0 ? `is not served: ${status}` : `cannot be resumed at byte ${at}: ${status}`);
    }
    if (at === 0) {
      if (statusCode === 206) throw this.#refuse('is served only in part');
      this.#version = versionOf(response);
      this.#state.total = lengthOf(response);
      return 0;
    }
    const version = versionOf(response);
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    const whole = statusCode === 200 ? lengthOf(response) : range?.[2] === '*' ? total : Number(range?.[2]);
    if (version !== this.#version || whole !== total)
      throw this.#refuse('was changed on the server while it was downloaded');
    if (statusCode === 200) return at; // a server without ranges sends all of it again
    if (Number(range?.[1]) !== at) throw this.#refuse(`sends another part than the one from byte ${at} on`);
    return 0;
  }

  async *#part(): AsyncGenerator<Buffer> {
    const { downloaded: at } = this.#state;
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'tinsmith' };
    if (at > 0) {
      headers.range = `bytes=${at}-`;
      if (this.#version !== undefined) headers['if-range'] = this.#version;
    }
    const response = await request(this.#url, headers, this.#options);
    try {
      let skip = this.#overlap(response);
      for await (const bytes of response as AsyncIterable<Buffer>) {
        const fresh = bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        if (fresh.length === 0) continue;
        this.#state.downloaded += fresh.length;
        yield fresh;
      }
    } finally {
      response.destroy();
    }
    const { downloaded, total } = this.#state;
    if (total !== undefined && downloaded < total) throw new Error('the connection ended');
  }

  async *run(): AsyncGenerator<Buffer> {
    const { signal, host, retryFor, onTrouble, verified } = this.#options;
    let since = host.clock();
    for (let failures = 0; ; ) {
      try {
        for await (const bytes of this.#part()) {
          failures = 0;
          yield bytes;
          since = host.clock();
        }
        return;
      } catch (error) {
        if (signal.aborted || permanent(error)) throw error;
        const { downloaded, total } = this.#state;
        const place = `${bytesText(downloaded)}${total === undefined ? '' : ` of ${bytesText(total)}`}`;
        const what =
          downloaded === 0 ? `${shown(this.#url)} cannot be downloaded` : `the download broke off after ${place}`;
        const trouble = `${what}: ${messageOf(error) || (error as NodeJS.ErrnoException).code}`;
        const passed = host.clock() - since;
        if (passed >= retryFor) {
          const tried = retryFor === 0 ? '' : ` (tried for ${Math.round(passed / 1000)} s)`;
          throw new ActionFailure(`${trouble}${tried}`, 1, error);
        }
        if (downloaded > 0 && this.#version === undefined && !verified) {
          throw new ActionFailure(
            `${trouble}, and the server gives no ETag or Last-Modified by which to go on safely`,
            1,
            error,
          );
        }
        const delay = DELAYS[Math.min(failures++, DELAYS.length - 1)] ?? 0;
        onTrouble(`${trouble}; trying again in ${delay / 1000} s`);
        await host.wait(delay, signal);
      }
    }
  }
}

/**
 * The bytes behind a URL, each once and in order; `state` is kept up to date meanwhile. Throws an ActionFailure when
 * there is no such file, when it changed meanwhile, or when it stayed broken for `retryFor`. A body shorter than the
 * server announced is a broken one.
 */
export function download(url: string, state: DownloadState, options: DownloadOptions): AsyncGenerator<Buffer> {
  return new Download(url, state, options).run();
}
