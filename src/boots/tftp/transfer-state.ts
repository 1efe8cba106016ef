/**
 * What is known of one read transfer. Blocks are numbered from 1 without end here; on the wire go the low 16 bits (65,535 is
 * followed by 0).
 */
import { type RttBounds, RttEstimate } from './rtt.ts';

/** What the transfer is about. Sizes in bytes. */
export type TransferTask = {
  size: number;
  blksize: number;
  windowsize: number;
  /** Time-out the client asked for (RFC 2349): the longest we wait before resending. */
  timeoutMs: number | undefined;
  /** Whether options were accepted, so that an OACK opens the transfer. */
  oack: boolean;
  /** Whether the client asked for the size. */
  tsize: boolean;
  /** All blocks are at hand from the start, nothing is ever loaded. */
  inMemory: boolean;
};

/** When to resend and when to give up, in ms. */
export type TransferLimits = RttBounds & {
  /** Without any answer to the opening packet. Short, so that forged requests do not hold their places for long. */
  unconfirmed: number;
  /** Without progress later on. */
  silence: number;
  /** Resends without progress. */
  resends: number;
};

export const DEFAULT_LIMITS: TransferLimits = {
  first: 1000,
  shortest: 20,
  longest: 5000,
  unconfirmed: 10_000,
  silence: 30_000,
  resends: 25,
};

/** What was counted on the way; ignored packets by reason. */
export type TransferCounts = {
  blocksSent: number;
  blocksResent: number;
  timeouts: number;
  duplicateAcks: number;
  oldAcks: number;
  impossibleAcks: number;
  unexpectedPackets: number;
  malformedPackets: number;
};

/** The state, changed in place by `advance` (transfer.ts). */
export type Transfer = {
  readonly task: TransferTask;
  readonly limits: TransferLimits;
  /** Number of the last block: it is shorter than `blksize`, empty where the size is a multiple. */
  readonly last: number;
  phase: 'opening' | 'sending' | 'over';
  /** Highest block acknowledged; all before it are too. */
  acked: number;
  /** Highest block ever sent. */
  sent: number;
  /** `sent` before the newest burst: an ACK beyond it can only answer that burst, so it is a measurement (Karn). */
  sentBefore: number;
  burstAt: number;
  /** The last block of the newest rewind. */
  rewoundUntil: number;
  /** Something was heard from the client. */
  confirmed: boolean;
  progressAt: number;
  resends: number;
  readonly rtt: RttEstimate;
  /** Blocks at hand: from `readyFirst` up to, not including, `readyEnd`. */
  readyFirst: number;
  readyEnd: number;
  loading: boolean;
  readonly counts: TransferCounts;
};

/** A transfer that has not started; `now` in ms on any clock that does not jump. */
export function newTransfer(task: TransferTask, limits: TransferLimits, now: number): Transfer {
  const longest = Math.min(limits.longest, task.timeoutMs ?? Number.POSITIVE_INFINITY);
  const effective = {
    ...limits,
    longest,
    first: Math.min(limits.first, longest),
    shortest: Math.min(limits.shortest, longest),
  };
  const last = Math.floor(task.size / task.blksize) + 1;
  return {
    task,
    limits: effective,
    last,
    phase: 'opening',
    acked: 0,
    sent: 0,
    sentBefore: 0,
    burstAt: now,
    rewoundUntil: 0,
    confirmed: false,
    progressAt: now,
    resends: 0,
    rtt: new RttEstimate(effective),
    readyFirst: 1,
    readyEnd: task.inMemory ? last + 1 : 1,
    loading: false,
    counts: {
      blocksSent: 0,
      blocksResent: 0,
      timeouts: 0,
      duplicateAcks: 0,
      oldAcks: 0,
      impossibleAcks: 0,
      unexpectedPackets: 0,
      malformedPackets: 0,
    },
  };
}

/** Bytes of the file that the client has acknowledged. */
export function bytesAcknowledged(transfer: Transfer): number {
  return Math.min(transfer.acked * transfer.task.blksize, transfer.task.size);
}
