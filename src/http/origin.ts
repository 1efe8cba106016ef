import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { plainAddress } from './carrier/headers.ts';
import { type Address, CARRIER_HEADERS } from './carrier/messages.ts';
import type { Outbox } from './outbox.ts';
import type { Streams } from './streams.ts';

/** Who asked, and which of our addresses was asked: scripts are written with URLs that the asker can reach. */
export type Remote = { address: string; port: number; local: Address };

/** What the main thread knows of a request that came through the carrier. */
export type Origin = { id: string; remote: Remote; outbox: Outbox; streams: Streams };

/** A weak map, not a property: no middleware can set it, and it goes with the request. */
const origins = new WeakMap<IncomingMessage, Origin>();

/** What only the carrier and this thread say to each other; the carrier takes them out of what clients send. */
const OWN: ReadonlySet<string> = new Set([
  CARRIER_HEADERS.secret,
  CARRIER_HEADERS.request,
  CARRIER_HEADERS.remotePort,
  CARRIER_HEADERS.local,
]);

function addressOf(authority: string): Address {
  const [, address = '', port = '0'] = /^(.*):(\d+)$/.exec(authority) ?? [];
  return { address: address.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function matches(given: string | string[] | undefined, secret: string): boolean {
  const bytes = Buffer.from(typeof given === 'string' ? given : '');
  const expected = Buffer.from(secret);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

/**
 * Notes where a request comes from and takes the carrier's headers away, but for X-Forwarded-For. False for a request
 * that did not come through the carrier: any process of this machine can find the socket.
 */
export function admit(req: IncomingMessage, secret: string, outbox: Outbox, streams: Streams): boolean {
  const { headers } = req;
  if (!matches(headers[CARRIER_HEADERS.secret], secret)) return false;
  const text = (name: string): string => String(headers[name] ?? '');
  origins.set(req, {
    id: text(CARRIER_HEADERS.request),
    remote: {
      address: text(CARRIER_HEADERS.forwardedFor),
      port: Number(text(CARRIER_HEADERS.remotePort)),
      local: addressOf(text(CARRIER_HEADERS.local)),
    },
    outbox,
    streams,
  });
  for (const name of OWN) delete headers[name];
  // The secret comes first of all raw headers; whoever logs a request must not log it.
  const raw = req.rawHeaders;
  const rest: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!OWN.has(name)) rest.push(name, raw[at + 1] ?? '');
  }
  req.rawHeaders = rest;
  return true;
}

/** The origin of a request that came through the carrier. */
export function originOf(req: IncomingMessage): Origin | undefined {
  return origins.get(req);
}

/**
 * Who sent this request, and to which of our addresses. For a request that did not come through the carrier (an app
 * on a plain server, in a test), what its socket says.
 */
export function remoteOf(req: IncomingMessage): Remote {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = req.socket;
  return (
    origins.get(req)?.remote ?? {
      address: plainAddress(remoteAddress),
      port: remotePort,
      local: { address: plainAddress(localAddress), port: localPort },
    }
  );
}
