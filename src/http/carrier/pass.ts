/** Passing a request on to a service of a workflow: the reverse proxy. Where it goes was decided in the main thread. */
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { ServiceAddress } from '../../services/address.ts';
import { hasBody, passedRequestHeaders, passedResponseHeaders, plainAddress } from './headers.ts';
import { stopAtEnd } from './linger.ts';
import type { FromCarrier, Limits, Passing, Sent } from './messages.ts';
import { problem } from './problem.ts';

/** Bytes of a service's answer before its body. */
const HEAD_MAX = 64 * 1024;

/** A connection for each request: a service may be restarted at any time, and its old connections with it. */
const agent = new Agent({ keepAlive: false });

/** The answer to a connection that would become another protocol; undefined when it may go on as plain HTTP. */
export function refusesUpgrade({ headers }: IncomingMessage): string | undefined {
  const { upgrade, connection = '' } = headers;
  if (upgrade === undefined || !/\bupgrade\b/i.test(connection)) return undefined;
  // RFC 9110 section 7.8: an upgrade may be ignored. HTTP/2's clients then go on; those of WebSocket cannot.
  return /\bwebsocket\b/i.test(upgrade) ? 'Services are reached by plain HTTP here, not by WebSocket.' : undefined;
}

/** RFC 9110 section 15.2: a client of HTTP/1.0 knows no such answers. */
export function writeContinue(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersionMinor > 0) res.writeContinue();
}

/**
 * Passes one request on and brings the answer back, both streamed as they come, each as fast as the slower side takes
 * it. If either side goes away, so does the other. Reports as `sent` how it went. Never throws.
 */
export function pass(
  req: IncomingMessage,
  res: ServerResponse,
  to: { id: string; passing: Passing; address: ServiceAddress },
  { limits, post }: { limits: Limits; post: (message: FromCarrier) => void },
): void {
  const { id, passing, address } = to;
  const began = performance.now();
  const head = req.method === 'HEAD';
  const sent: Sent = { id, head, status: 0, bytes: 0, total: 0, ms: 0, completed: false, aborted: false };
  const report = (): void => {
    const completed = res.writableFinished && sent.fault === undefined;
    const ms = Math.round((performance.now() - began) * 10) / 10;
    const total = Math.max(sent.total, sent.bytes);
    post({ kind: 'sent', sent: { ...sent, total, ms, completed, aborted: !completed && sent.fault === undefined } });
  };
  if (res.closed || res.destroyed) {
    report();
    return;
  }
  const where = `${passing.address}:${passing.port}`;
  const who = `the service ${passing.service} of workflow ${address.workflow}`;
  const headers = passedRequestHeaders(req.rawHeaders, {
    client: plainAddress(req.socket.remoteAddress ?? ''),
    host: req.headers.host ?? where,
    scheme: 'encrypted' in req.socket ? 'https' : 'http',
    prefix: address.prefix,
    withoutAuthorization: passing.withoutAuthorization,
    chunked: req.headers['transfer-encoding'] !== undefined,
  });
  let connected = false;
  const upstream = request({
    agent,
    host: passing.address,
    port: passing.port,
    method: req.method,
    path: address.path,
    headers,
    setHost: false,
    maxHeaderSize: HEAD_MAX,
  });
  const fail = (status: 502 | 504, why: string): void => {
    clearTimeout(connecting);
    if (res.closed || res.destroyed || sent.fault !== undefined) return;
    sent.fault = `${who} at ${where} ${why}`;
    upstream.destroy();
    if (res.headersSent) {
      res.destroy(); // the client must see that this is not all
      return;
    }
    sent.status = status;
    const code = status === 504 ? 'TIMED_OUT' : 'UNREACHABLE';
    const next = `See what it does: tinsmith workflow logs ${address.workflow}`;
    problem(res, status, `${sent.fault}.`, { connection: 'close' }, { code, next });
  };
  const connecting = setTimeout(
    () => fail(502, `did not take a connection within ${limits.serviceConnectTimeout / 1000} s`),
    limits.serviceConnectTimeout,
  );
  upstream.once('socket', (socket) => {
    socket.once('connect', () => {
      connected = true;
      clearTimeout(connecting);
    });
    const watch = (): void => void socket.setTimeout(limits.serviceIdleTimeout);
    socket.on('timeout', () => {
      // Where the client is the slow one, its own connection's limit counts.
      if (res.writableNeedDrain) watch();
      else fail(504, `sent and took nothing for ${limits.serviceIdleTimeout / 1000} s`);
    });
    watch();
  });
  res.once('close', () => {
    clearTimeout(connecting);
    if (!res.writableFinished) upstream.destroy();
    report();
  });
  res.on('error', () => {}); // the close that follows says it all
  req.on('error', () => upstream.destroy());
  upstream.on('error', (error) => {
    fail(502, connected ? `broke off: ${error.message}` : `cannot be reached: ${error.message}`);
  });
  upstream.on('continue', () => writeContinue(req, res));
  upstream.on('response', (reply) => {
    stopAtEnd(reply, req, upstream);
    const length = reply.headers['content-length'];
    sent.status = reply.statusCode ?? 502;
    sent.total = head || length === undefined ? 0 : Number(length);
    if (req.headers.range !== undefined && sent.status === 206) sent.range = req.headers.range;
    try {
      res.writeHead(sent.status, reply.statusMessage, passedResponseHeaders(reply.rawHeaders, address.prefix));
    } catch (error) {
      fail(502, `answered what cannot be passed on: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (length === undefined) res.flushHeaders();
    reply.on('data', (chunk: Buffer) => {
      sent.bytes += chunk.length;
    });
    // Where it was the client who left, that was reported before the answer is torn down.
    reply.on('error', (error) => {
      sent.fault ??= `${who} at ${where} broke off: ${error.message}`;
    });
    pipeline(reply, res, (error) => {
      if (error) upstream.destroy();
    });
  });

  const { 'transfer-encoding': coding, expect } = req.headers;
  if (!hasBody(req.headers)) {
    upstream.end();
    return;
  }
  if (expect !== undefined || coding !== undefined) upstream.flushHeaders();
  req.pipe(upstream);
}
