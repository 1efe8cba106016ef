/** What the trace is told about requests and transfers. Pure. */

import type { Endpoint } from '../../system/libc.ts';
import { isPlayedRead, PLAYED } from '../played.ts';
import type { Asked } from './admission.ts';
import { parseName } from './files.ts';
import type { Terms } from './negotiate.ts';
import { bytesAcknowledged, type Transfer } from './transfer-state.ts';

/** What happened to one request or datagram. */
export type TftpNote = {
  /** The client's. */
  address: string;
  /** As asked; empty where the datagram names none. */
  file: string;
  /** Lower case, colons; where the name starts with a folder of it. */
  mac?: string;
  /** `answered` begins a transfer, `completed` or `failed` ends it; `refused` sent an ERROR, `ignored` sent nothing. */
  outcome: 'answered' | 'completed' | 'refused' | 'failed' | 'ignored';
  /** Stable code. */
  reason: string;
  sentence: string;
  /** Of a transfer that ended: bytes of the file that the client acknowledged. */
  bytes?: number;
  /** Of a transfer that ended: how long it took. */
  ms?: number;
  details: Record<string, string | number>;
};

type Outcome = Pick<TftpNote, 'outcome' | 'reason' | 'sentence'> & Partial<Pick<TftpNote, 'bytes' | 'ms' | 'details'>>;

/** @param asked undefined: the datagram names no file */
export function noteOf(client: Endpoint, asked: Asked | undefined, outcome: Outcome): TftpNote {
  const { file = '', options = [] } = asked ?? {};
  const { mac } = parseName(file);
  const { details, ...rest } = outcome;
  return {
    address: client.address,
    file,
    ...(mac === undefined ? {} : { mac }),
    ...rest,
    details: { port: client.port, ...details, ...(isPlayedRead(options) && PLAYED) },
  };
}

/** The begin of a transfer: its size in bytes and its terms. */
export function answered(size: number, terms: Terms): Outcome {
  const details: TftpNote['details'] = {};
  for (const { name, value } of terms.accepted) details[name] = Number(value);
  for (const { name, value, reason } of terms.ignored) details[`ignored ${name}`] = `${reason}: ${value}`;
  const sentence = `${size} bytes in blocks of ${terms.blksize}, ${terms.windowsize} a window`;
  return { outcome: 'answered', reason: 'found', sentence, details };
}

/** The end of a transfer that took `ms`. */
export function ended(
  end: { result: 'completed' | 'failed'; reason: string; sentence: string },
  transfer: Transfer,
  ms: number,
): Outcome {
  const { counts, rtt, task } = transfer;
  const details: TftpNote['details'] = { size: task.size, blksize: task.blksize, windowsize: task.windowsize };
  if (rtt.smoothed !== undefined) details.rttMs = Number(rtt.smoothed.toFixed(3));
  for (const [name, count] of Object.entries(counts)) if (count > 0) details[name] = count;
  const { result, reason, sentence } = end;
  return { outcome: result, reason, sentence, bytes: bytesAcknowledged(transfer), ms: Math.round(ms), details };
}
