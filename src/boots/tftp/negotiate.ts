/**
 * Which of a client's options are accepted: RFC 2347, 2348 (blksize), 2349 (tsize, timeout), 7440 (windowsize). Pure.
 *
 * An option that is unknown, asked twice or has a value its RFC does not allow is left out of the OACK, which RFC 2347
 * defines as "never requested"; ERROR 8 is the client's answer to an OACK, not the server's to a request.
 */
import type { TftpOption } from './packet.ts';

/** What holds when no option is accepted (RFC 1350). */
const DEFAULT_BLKSIZE = 512;
const DEFAULT_WINDOWSIZE = 1;

/** RFC 2348. */
const SMALLEST_BLKSIZE = 8;
const LARGEST_BLKSIZE = 65464;
/** IPv4 header 20, UDP header 8, DATA header 4: what a block leaves of the path's MTU. */
const HEADERS = 32;
/** 64 blocks of 1468 bytes stay below the socket buffer of a small client, and are as fast as more. */
const LARGEST_WINDOW = 64;

export type IgnoredOption = TftpOption & { reason: 'unknown' | 'repeated' | 'invalid' };

/** The terms of a transfer. */
export type Terms = {
  /** Bytes a block. */
  blksize: number;
  /** Blocks a window. */
  windowsize: number;
  /** What the client asked for as retransmission time-out, in ms. */
  timeoutMs: number | undefined;
  /** What goes into the OACK, in the order asked. Empty: no OACK, the first block is the answer. */
  accepted: TftpOption[];
  ignored: IgnoredOption[];
};

/**
 * @param asked options of the request, names in lower case
 * @param file `size` of the file in bytes
 * @param path `mtu` of the way to the client in bytes
 */
export function negotiate(asked: readonly TftpOption[], file: { size: number }, path: { mtu: number }): Terms {
  const terms: Terms = {
    blksize: DEFAULT_BLKSIZE,
    windowsize: DEFAULT_WINDOWSIZE,
    timeoutMs: undefined,
    accepted: [],
    ignored: [],
  };
  for (const option of asked) {
    const { name } = option;
    const isRepeated = terms.accepted.some((other) => other.name === name);
    const verdict = isRepeated ? 'repeated' : accept(terms, option, file.size, path.mtu);
    if (typeof verdict === 'number') terms.accepted.push({ name, value: String(verdict) });
    else terms.ignored.push({ ...option, reason: verdict });
  }
  return terms;
}

/** Takes one option into the terms. Returns the value to acknowledge, or why there is none. */
function accept(terms: Terms, option: TftpOption, size: number, mtu: number): number | 'unknown' | 'invalid' {
  const value = /^\d{1,16}$/.test(option.value) ? Number(option.value) : Number.NaN;
  switch (option.name) {
    case 'blksize': {
      // A server may answer with less than was asked (RFC 2348), so a value too large is cut, one too small is not valid.
      if (!(value >= SMALLEST_BLKSIZE)) return 'invalid';
      terms.blksize = Math.min(value, LARGEST_BLKSIZE, Math.max(mtu - HEADERS, SMALLEST_BLKSIZE));
      return terms.blksize;
    }
    case 'windowsize': {
      if (!(value >= 1 && value <= 65535)) return 'invalid';
      terms.windowsize = Math.min(value, LARGEST_WINDOW);
      return terms.windowsize;
    }
    case 'timeout': {
      if (!(value >= 1 && value <= 255)) return 'invalid';
      terms.timeoutMs = value * 1000;
      return value;
    }
    case 'tsize':
      return Number.isNaN(value) ? 'invalid' : size;
    default:
      return 'unknown';
  }
}
