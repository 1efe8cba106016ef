/** What the main thread and the carrier's thread tell each other; all of it plain data for `postMessage`. */

/** Where to listen, or where we do: an IP address and a port (0: any free one). */
export type Address = { address: string; port: number };

/** Bounds that keep a slow or hostile client from holding what others need. Times in ms. */
export type Limits = {
  /** Bytes of a request's line and headers. */
  headerBytes: number;
  /** From the connection, or the last response, to the end of the headers once they began. */
  headersTimeout: number;
  /** Without a byte in either direction. A download or stream that makes progress has no other limit. */
  idleTimeout: number;
  /** Between two requests on one connection. */
  keepAliveTimeout: number;
  /** Open connections for each address. */
  connections: number;
};

/** What the thread is started with. */
export type CarrierSettings = {
  addresses: Address[];
  /** The main thread's abstract unix socket. */
  socketPath: string;
  /** Proves to the main thread that a request came through the carrier. */
  secret: string;
  /** Begins every request id, so that ids of a restarted carrier are new ones. */
  generation: string;
  limits: Limits;
};

/** How a sending went. */
export type Sent = {
  /** The request's id. */
  id: string;
  status: number;
  /** Bytes of the body handed to the kernel, of `total`. */
  bytes: number;
  total: number;
  /** From the decision to the end. */
  ms: number;
  /** Everything was sent. */
  completed: boolean;
  /** The client went away first. With neither, `fault` says why the connection was ended. */
  aborted: boolean;
  fault?: string;
  /** The Range header that was honoured. */
  range?: string;
};

/** Why a connection or request was not served, for the log: counted, because an attacker could send many. */
export type Refusal =
  | 'malformed'
  | 'headers-too-large'
  | 'headers-too-slow'
  | 'idle'
  | 'too-many-connections'
  | 'connect-method'
  | 'no-answer-from-main';

export type FromCarrier =
  | { kind: 'bound'; bound: Address[] }
  | { kind: 'failed'; code: string; message: string; address: Address }
  | { kind: 'sent'; sent: Sent }
  /** The client went away before the answer to this request was read. */
  | { kind: 'dropped'; id: string }
  | { kind: 'refused'; counts: Partial<Record<Refusal, number>>; example: { reason: Refusal; detail: string } }
  | { kind: 'stopped' };

/** Stop listening, give responses under way this long (ms), then end them. */
export type ToCarrier = { kind: 'stop'; graceMs: number };

/** Headers between carrier and main thread. Those in requests are removed from what clients send. */
export const CARRIER_HEADERS = {
  secret: 'x-tinsmith-carrier',
  request: 'x-tinsmith-request',
  remotePort: 'x-tinsmith-remote-port',
  local: 'x-tinsmith-local',
  forwardedFor: 'x-forwarded-for',
  /** In answers: the body is a Sending for the request with this id. */
  send: 'x-tinsmith-send',
} as const;
