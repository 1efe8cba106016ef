/** What a datagram to the listening port gets: a transfer, an ERROR, or nothing, and why. Pure. */
import type { TftpRefusal } from './files.ts';
import { ERROR_CODE, type Malformed, type TftpPacket } from './packet.ts';

export type ReadRequest = Extract<TftpPacket, { kind: 'read-request' }>;

/** What a datagram asks for. */
export type Asked = Pick<ReadRequest, 'file' | 'options'>;

/** An ERROR to send, and what the trace says about it. `asked` is undefined where the datagram names no file. */
export type Refusal = {
  kind: 'refuse';
  asked: Asked | undefined;
  reason: string;
  sentence: string;
  error: { code: number; message: string };
};

export type Ignored = { kind: 'ignore'; reason: string; sentence: string };

/** Judges a datagram that came from `port`. */
export function admit(
  packet: TftpPacket | Malformed,
  port: number,
): { kind: 'read'; request: ReadRequest } | Refusal | Ignored {
  if (port === 0) return ignore('no-source-port', 'a datagram from port 0 can not be answered');
  switch (packet.kind) {
    case 'read-request':
      // Converting netascii would change the size and make each rewind search the file, for files that are all binary:
      // say what to do instead of spoiling them. `mail` is obsolete (RFC 1350).
      if (packet.mode !== 'octet') {
        const mode = JSON.stringify(packet.mode);
        return refuse(packet, 'mode', `mode ${mode} was asked for; files go out as they are, in mode "octet"`, {
          code: ERROR_CODE.ILLEGAL_OPERATION,
          message: 'Only octet (binary) mode is served',
        });
      }
      return { kind: 'read', request: packet };
    case 'write-request':
      return refuse(packet, 'read-only', 'the client wanted to write; this server only gives files out', {
        code: ERROR_CODE.ACCESS_VIOLATION,
        message: 'Access violation: the server is read-only',
      });
    case 'malformed':
      if (!packet.request) return ignore(packet.reason, packet.sentence);
      return refuse(undefined, packet.reason, packet.sentence, {
        code: ERROR_CODE.ILLEGAL_OPERATION,
        message: `Malformed request: ${packet.reason}`,
      });
    case 'data':
    case 'ack':
    case 'error':
    case 'oack':
      return ignore('not-a-request', `a packet of kind ${packet.kind} belongs to a transfer, not to this port`);
  }
}

/** What the client is told when its file is not given out. */
export function refusalOf(asked: Asked, answer: TftpRefusal): Refusal {
  if (answer.refused === 'template')
    return refuse(asked, 'template', answer.sentence, {
      code: ERROR_CODE.SEE_MESSAGE,
      message: answer.sentence.slice(0, MESSAGE_MAX),
    });
  return refuse(asked, answer.refused, answer.sentence, ERROR_FOR[answer.refused]);
}

export function busy(asked: Asked, most: number): Refusal {
  return refuse(asked, 'busy', `all ${most} transfers are taken`, BUSY);
}

/** The socket of a transfer could not be had, as when the process has no file descriptors left. */
export function noSocket(asked: Asked, sentence: string): Refusal {
  return refuse(asked, 'no-socket', sentence, BUSY);
}

const BUSY = { code: ERROR_CODE.SEE_MESSAGE, message: 'The server is busy, ask again' };

/** Characters of a message: it goes into one datagram, and onto a screen of text. */
const MESSAGE_MAX = 300;

const ERROR_FOR: Record<Exclude<TftpRefusal['refused'], 'template'>, Refusal['error']> = {
  'not-found': { code: ERROR_CODE.NOT_FOUND, message: 'File not found' },
  'bad-name': { code: ERROR_CODE.ACCESS_VIOLATION, message: 'Access violation: bad file name' },
  'outside-root': { code: ERROR_CODE.ACCESS_VIOLATION, message: 'Access violation' },
  'not-a-file': { code: ERROR_CODE.ACCESS_VIOLATION, message: 'Access violation: not a file' },
  unreadable: { code: ERROR_CODE.ACCESS_VIOLATION, message: 'Access violation: the server can not read the file' },
  'not-allowed': { code: ERROR_CODE.ACCESS_VIOLATION, message: 'Access violation: not allowed' },
};

function refuse(asked: Asked | undefined, reason: string, sentence: string, error: Refusal['error']): Refusal {
  return { kind: 'refuse', asked, reason, sentence, error };
}

function ignore(reason: string, sentence: string): Ignored {
  return { kind: 'ignore', reason, sentence };
}
