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
  /** Until a workflow's service has taken a connection. */
  serviceConnectTimeout: number;
  /** Without a byte from a service, or to it, that is not held up by the client. */
  serviceIdleTimeout: number;
};

/** Where the main thread wants a request to be passed on to; what it asks for is the request's own. */
export type Passing = {
  /** IPv4 address and port. */
  address: string;
  port: number;
  /** Its name, for people. */
  service: string;
  /** The Authorization header is for us, and stays here. */
  withoutAuthorization: boolean;
};

/** A certificate and its key, PEM. */
export type TlsPair = { certificate: string; key: string };

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
  /** What is passed on as messages. */
  direct: DirectPaths;
  /** Where files are that are sent without asking the main thread. */
  fileFolders: readonly FileFolder[];
  /** With it the ports speak TLS. */
  tls?: TlsPair | undefined;
  /** The port of ours that the main thread is to take for the one that was asked; that one itself by default. */
  announcedPort?: number | undefined;
  /** The file of the addon koffi, for a thread that is started from its bundle. */
  koffi?: string | undefined;
};

/** Whole paths of what is passed on as messages: short POSTs without a query, and GETs with any. */
export type DirectPaths = { posted: readonly string[]; asked: readonly string[] };

/** A short POST, or a GET, as a message. `query` is without its `?`. */
export type DirectCall = {
  id: number;
  path: string;
  query: string;
  host: string;
  authorization: string;
  body: string;
};
/** Without `headers` it is JSON and no more, as nearly all are: they are not copied from thread to thread. */
export type DirectAnswer = { id: number; status: number; headers?: Record<string, string>; body: string };

/**
 * Paths that begin with `path`, with a `/` at both ends, are files below a directory, where there is one. `headers` are those
 * of its answers, besides what is the file's own.
 */
export type FileFolder = { path: string; directory: string; headers: Record<string, string> };

/** A GET of a file that the carrier has found. `path` has no query, and nothing encoded; `client` is an IP address. */
export type FoundFile = { path: string; client: string; userAgent: string | undefined };

/** How a sending went. */
export type Sent = {
  /** The request's id. */
  id: string;
  /** It was asked for with HEAD: there is no body, whatever the size of what there is. */
  head: boolean;
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
  | 'tls'
  | 'no-answer-from-main';

export type FromCarrier =
  /** `withoutZeroCopy` says why files go out by way of memory, where they should not. */
  | { kind: 'bound'; bound: Address[]; withoutZeroCopy: string | undefined }
  | { kind: 'failed'; code: string; message: string; address: Address }
  /** `file`: the carrier found itself what to send. */
  | { kind: 'sent'; sent: Sent; file?: FoundFile }
  /** The client went away before the answer to this request was read. */
  | { kind: 'dropped'; id: string }
  /** The stream for this request is open and can be told of things. */
  | { kind: 'held'; id: string }
  | { kind: 'calls'; calls: DirectCall[] }
  /** It is being sent for some time now. How that goes is told as of all that the main thread had sent. */
  | { kind: 'found'; id: string; file: FoundFile }
  /** These streams are closed, or never came to be open. */
  | { kind: 'gone'; ids: string[] }
  | { kind: 'refused'; counts: Partial<Record<Refusal, number>>; example: { reason: Refusal; detail: string } }
  | { kind: 'stopped' };

export type ToCarrier =
  /** Stop listening, give responses under way this long (ms), then end them. */
  | { kind: 'stop'; graceMs: number }
  /** Write the same to each of these streams. */
  | { kind: 'tell'; ids: string[]; text: string }
  | { kind: 'end'; ids: string[] }
  /** For connections from now on. */
  | { kind: 'renew'; tls: TlsPair }
  | { kind: 'answers'; answers: DirectAnswer[] };

/** Headers between carrier and main thread. Those in requests are removed from what clients send. */
export const CARRIER_HEADERS = {
  secret: 'x-tinsmith-carrier',
  request: 'x-tinsmith-request',
  remotePort: 'x-tinsmith-remote-port',
  local: 'x-tinsmith-local',
  forwardedFor: 'x-forwarded-for',
  /** In answers: the body is a Sending for the request with this id. */
  send: 'x-tinsmith-send',
  /** In answers without a body (HEAD has none): the request's id, a blank, and a Passing. */
  pass: 'x-tinsmith-pass',
  /** In answers: the carrier is to hold the response to the request with this id open, as an event stream. */
  hold: 'x-tinsmith-hold',
} as const;

export function writePassing(id: string, passing: Passing): string {
  return `${id} ${Buffer.from(JSON.stringify(passing)).toString('base64url')}`;
}

/** What {@link writePassing} wrote for the request with this id. The JSON is this process's own and is trusted. */
export function readPassing(header: string | string[] | undefined, id: string): Passing | undefined {
  const [to, passing] = typeof header === 'string' ? header.split(' ') : [];
  if (to !== id || passing === undefined) return undefined;
  return JSON.parse(Buffer.from(passing, 'base64url').toString()) as Passing;
}
