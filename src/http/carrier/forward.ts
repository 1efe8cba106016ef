import { type Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { type ServiceAddress, serviceAddress } from '../../services/address.ts';
import { answer } from '../files/answer.ts';
import { decodeSending, type Sending } from '../files/sending.ts';
import { collect, SMALL } from './collect.ts';
import type { Descriptors } from './descriptors.ts';
import { bodilessHeaders, hasBody, plainAddress, requestHeaders, responseHeaders, sendingHeaders } from './headers.ts';
import type { Held } from './held.ts';
import { linger, stopAtEnd } from './linger.ts';
import {
  CARRIER_HEADERS,
  type FoundFile,
  type FromCarrier,
  type Limits,
  type Refusal,
  readPassing,
  type Sent,
} from './messages.ts';
import { pass, refusesUpgrade, writeContinue } from './pass.ts';
import { problem } from './problem.ts';
import type { ServedFiles } from './served-files.ts';
import { type Means, openAll, transmit } from './transmit.ts';

/** What every request of a carrier shares. */
export type Forwarding = {
  agent: Agent;
  socketPath: string;
  secret: string;
  announcedPort: number | undefined;
  limits: Limits;
  nextId: () => string;
  descriptors: Descriptors;
  means: Means;
  held: Held;
  served: ServedFiles;
  post: (message: FromCarrier) => void;
  refuse: (reason: Refusal, detail: string) => void;
};

/** How long a file is being sent before the main thread is told, ms: a message costs both threads as much as a short file. */
const TELL_MS = 1000;

/** The longest description of a sending; an archive's headers and padding are a few kB. */
const SENDING_MAX = 64 * 1024 * 1024;

/** The request for the main thread; headers only, the caller sends the body. For a service, there will be none. */
function upstreamRequest(
  req: IncomingMessage,
  id: string,
  forwarding: Forwarding,
  service: ServiceAddress | undefined,
): ClientRequest {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = req.socket;
  const local = plainAddress(localAddress);
  const authority = `${local.includes(':') ? `[${local}]` : local}:${forwarding.announcedPort ?? localPort}`;
  const trusted: Record<string, string> = {
    [CARRIER_HEADERS.secret]: forwarding.secret,
    [CARRIER_HEADERS.request]: id,
    [CARRIER_HEADERS.forwardedFor]: plainAddress(remoteAddress),
    [CARRIER_HEADERS.remotePort]: String(remotePort),
    [CARRIER_HEADERS.local]: authority,
  };
  if (req.headers.host === undefined) trusted.host = authority; // HTTP/1.0
  return request({
    agent: forwarding.agent,
    socketPath: forwarding.socketPath,
    method: req.method,
    path: req.url,
    headers: service
      ? bodilessHeaders(req.rawHeaders, trusted)
      : requestHeaders(req.rawHeaders, trusted, req.headers['transfer-encoding'] !== undefined),
    setHost: false,
  });
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > SENDING_MAX) throw new Error('the description of what to send is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Carries out what was described. Never rejects: every way out is told. */
async function send(
  req: IncomingMessage,
  res: ServerResponse,
  {
    id,
    description,
    theirHeaders,
  }: { id: string; description: () => Sending | Promise<Sending>; theirHeaders: readonly string[] },
  { descriptors, means }: Forwarding,
): Promise<Sent> {
  const began = performance.now();
  // HEAD is answered by the main thread.
  const sent: Sent = { id, head: false, status: 0, bytes: 0, total: 0, ms: 0, completed: false, aborted: false };
  try {
    const sending = await description();
    const { status, headers, segments, range } = answer(req.method ?? '', req.headers, sending);
    Object.assign(sent, { status, range, total: Number(headers['content-length'] ?? 0) });
    const files = await openAll(segments, descriptors);
    try {
      res.writeHead(status, sendingHeaders(theirHeaders, headers));
    } catch (error) {
      for (const file of files.values()) file.release();
      throw error;
    }
    const result = await transmit(res, segments, files, means);
    sent.bytes = result.bytes;
    sent.completed = result.end === 'completed';
    sent.aborted = result.end === 'aborted';
    if (result.end === 'fault') sent.fault = result.fault;
  } catch (error) {
    sent.aborted = res.closed;
    sent.status = 503;
    sent.fault = error instanceof Error ? error.message : String(error);
    if (!res.headersSent) problem(res, 503, `${sent.fault}; ask again.`, { 'retry-after': '1' });
    else res.destroy();
  }
  return { ...sent, ms: Math.round((performance.now() - began) * 10) / 10 };
}

/** Has one request answered: by a file that is served to everybody, or by the main thread, or as that says. Never throws. */
export function forward(req: IncomingMessage, res: ServerResponse, forwarding: Forwarding): void {
  const id = forwarding.nextId();
  const service = serviceAddress(req.headers.host, req.url ?? '');
  const sending = service === undefined ? forwarding.served.find(req) : undefined;
  if (sending === undefined) {
    passOn(req, res, { id, service }, forwarding);
    return;
  }
  const file: FoundFile = {
    path: req.url ?? '',
    client: plainAddress(req.socket.remoteAddress ?? ''),
    userAgent: req.headers['user-agent'],
  };
  const go = (found: Sending | undefined): void => {
    if (found === undefined) {
      if (!res.closed && !res.destroyed) passOn(req, res, { id, service }, forwarding);
      return;
    }
    const telling = setTimeout(() => forwarding.post({ kind: 'found', id, file }), TELL_MS).unref();
    void send(req, res, { id, description: () => found, theirHeaders: [] }, forwarding).then((sent) => {
      clearTimeout(telling);
      forwarding.post({ kind: 'sent', sent, file });
    });
  };
  if (sending instanceof Promise) sending.then(go);
  else go(sending);
}

/**
 * Takes one request to the main thread and brings its answer back, both streamed as they come; or, where the answer
 * describes a sending, sends that. For a service's address the main thread is asked where it goes, and the body waits
 * here for that. If either side goes away, so does the other. Never throws.
 */
function passOn(
  req: IncomingMessage,
  res: ServerResponse,
  { id, service }: { id: string; service: ServiceAddress | undefined },
  forwarding: Forwarding,
): void {
  const refusal = service && refusesUpgrade(req);
  if (refusal !== undefined) {
    problem(res, 501, refusal, { connection: 'close' });
    return;
  }
  let answered = false;
  const upstream = upstreamRequest(req, id, forwarding, service);

  const fail = (error: Error): void => {
    if (res.closed || res.destroyed) return;
    if (answered) {
      res.destroy();
      return;
    }
    answered = true;
    forwarding.post({ kind: 'dropped', id });
    forwarding.refuse('no-answer-from-main', error.message);
    problem(res, 502, 'The request could not be passed on inside the appliance; ask again.', { connection: 'close' });
  };
  const closed = (): void => {
    if (!res.writableFinished) upstream.destroy();
    if (!answered) forwarding.post({ kind: 'dropped', id });
  };
  res.once('close', closed);
  res.on('error', () => {}); // the close that follows says it all
  req.on('error', () => upstream.destroy());
  upstream.on('error', fail);
  /** Without "100 Continue" the client does not send the body, and what comes next is not to be taken for it. */
  let expects = req.headers.expect !== undefined;
  upstream.on('continue', () => {
    expects = false;
    writeContinue(req, res);
  });
  upstream.on('response', (reply) => {
    answered = true;
    stopAtEnd(reply, req, upstream);
    if (reply.headers[CARRIER_HEADERS.send] === id) {
      const description = async (): Promise<Sending> => decodeSending(await textOf(reply));
      void send(req, res, { id, description, theirHeaders: reply.rawHeaders }, forwarding).then((sent) =>
        forwarding.post({ kind: 'sent', sent }),
      );
      return;
    }
    const passing = service && readPassing(reply.headers[CARRIER_HEADERS.pass], id);
    if (passing) {
      reply.resume();
      pass(req, res, { id, passing, address: service }, forwarding);
      return;
    }
    if (reply.headers[CARRIER_HEADERS.hold] === id) {
      reply.resume();
      res.off('close', closed);
      forwarding.held.hold(id, res, sendingHeaders(reply.rawHeaders, { 'content-type': 'text/event-stream' }));
      return;
    } else if (!service && (reply.statusCode ?? 502) >= 400) linger(req, res);
    try {
      res.writeHead(reply.statusCode ?? 502, reply.statusMessage, responseHeaders(reply.rawHeaders));
    } catch (error) {
      upstream.destroy();
      answered = false;
      fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    // A stream's head must not wait for its first event; a short answer goes out in one packet with its head.
    const size = reply.headers['content-length'];
    if (size !== undefined && Number(size) <= SMALL) {
      collect(reply, (body) => res.end(body));
      reply.once('error', () => res.destroy());
      return;
    }
    if (size === undefined) res.flushHeaders();
    pipeline(reply, res, (error) => {
      if (error) upstream.destroy();
    });
  });

  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  if (service || !hasBody(req.headers)) {
    upstream.end();
    return;
  }
  if (coding === undefined && !expects && Number(length) <= SMALL) {
    collect(req, (body) => upstream.end(body));
    return;
  }
  // A refusal need not wait for the first of the body.
  upstream.flushHeaders();
  req.pipe(upstream);
}
