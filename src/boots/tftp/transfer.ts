/**
 * One read transfer as a state machine: RFC 1350 with options (2347) and windows (7440). It knows no socket, file or clock:
 * it is told what happened and when, and answers with what to do.
 *
 * Blocks are numbered from 1 without end here; on the wire go the low 16 bits (65,535 is followed by 0).
 */
import type { Malformed, TftpPacket } from './packet.ts';
import { ERROR_CODE } from './packet.ts';
import { backedOff, measured, type RttBounds, type RttEstimate, recovered, unmeasured } from './rtt.ts';

export type TransferEvent =
  | { kind: 'start' }
  | { kind: 'packet'; packet: TftpPacket | Malformed }
  /** The time of the last `arm` has passed. */
  | { kind: 'timeout' }
  /** The blocks of a `load` are at hand, and those of earlier loads no longer. */
  | { kind: 'data-ready'; first: number; count: number }
  | { kind: 'data-failed'; sentence: string };

export type TransferAction =
  | { kind: 'send-oack' }
  | { kind: 'send-blocks'; first: number; count: number }
  | { kind: 'send-error'; code: number; message: string }
  /** Make these blocks ready, then say `data-ready` or `data-failed`. */
  | { kind: 'load'; first: number; count: number }
  /** Say `timeout` in `ms`, unless armed anew before. */
  | { kind: 'arm'; ms: number }
  | { kind: 'end'; end: TransferEnd };

export type TransferEnd = {
  result: 'completed' | 'failed';
  reason:
    | 'received'
    | 'size-only'
    | 'options-declined'
    | 'client-error'
    | 'silence'
    | 'last-ack-missing'
    | 'read-failed';
  sentence: string;
};

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

/** How much is read at once from a file that is not in memory: a read per block would halve lock-step speed. */
const READ_AHEAD = 65_536;

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

/** The state, changed in place by {@link advance}: lock-step makes a step per packet, tens of thousands a second. */
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
  rtt: RttEstimate;
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
    rtt: unmeasured(effective),
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

/** Tells the transfer what happened at `now` (ms); returns what to do, in order. After an `end` nothing is ever returned. */
export function advance(transfer: Transfer, event: TransferEvent, now: number): TransferAction[] {
  if (transfer.phase === 'over') return [];
  switch (event.kind) {
    case 'start':
      transfer.burstAt = now;
      if (transfer.task.oack) return [{ kind: 'send-oack' }, arm(transfer, now)];
      transfer.phase = 'sending';
      return burst(transfer, now);
    case 'packet':
      return onPacket(transfer, event.packet, now);
    case 'timeout':
      return onTimeout(transfer, now);
    case 'data-ready':
      transfer.loading = false;
      transfer.readyFirst = event.first;
      transfer.readyEnd = event.first + event.count;
      return burst(transfer, now);
    case 'data-failed':
      return [
        { kind: 'send-error', code: ERROR_CODE.SEE_MESSAGE, message: 'The file can not be read' },
        end(transfer, 'failed', 'read-failed', event.sentence),
      ];
  }
}

/** Bytes of the file that the client has acknowledged. */
export function bytesAcknowledged(transfer: Transfer): number {
  return Math.min(transfer.acked * transfer.task.blksize, transfer.task.size);
}

function onPacket(transfer: Transfer, packet: TftpPacket | Malformed, now: number): TransferAction[] {
  switch (packet.kind) {
    case 'ack':
      return onAck(transfer, packet.block, now);
    case 'error':
      return [onError(transfer, packet.code, packet.message)];
    case 'malformed':
      transfer.counts.malformedPackets++;
      return [];
    case 'read-request':
    case 'write-request':
    case 'data':
    case 'oack':
      transfer.counts.unexpectedPackets++;
      return [];
  }
}

function onAck(transfer: Transfer, block: number, now: number): TransferAction[] {
  const { acked, sent, counts } = transfer;
  if (transfer.phase === 'opening') {
    if (block !== 0) {
      counts.impossibleAcks++;
      return [];
    }
    transfer.phase = 'sending';
    if (transfer.counts.timeouts === 0) transfer.rtt = measured(transfer.rtt, now - transfer.burstAt, transfer.limits);
    return progress(transfer, now, 1);
  }
  const ahead = (block - acked) & 0xffff;
  if (ahead === 0) {
    // Never answered with data: each copy would breed another (the Sorcerer's Apprentice, RFC 1123 4.2.3.1). Where it
    // reports the loss of a window's first block, the timer, a measured round trip long, resends.
    counts.duplicateAcks++;
    return [];
  }
  if (ahead > sent - acked) {
    const behind = (acked - block) & 0xffff;
    if (behind <= Math.min(acked, 0x7fff)) counts.oldAcks++;
    else counts.impossibleAcks++;
    return [];
  }
  transfer.acked = acked + ahead;
  if (transfer.acked > transfer.sentBefore) {
    transfer.rtt = measured(transfer.rtt, now - transfer.burstAt, transfer.limits);
  } else if (transfer.resends > 0) transfer.rtt = recovered(transfer.rtt, transfer.limits);
  if (transfer.acked === transfer.last) {
    return [end(transfer, 'completed', 'received', 'the client acknowledged the last block')];
  }
  if (transfer.acked === sent) return progress(transfer, now, sent + 1);
  // An ACK inside the window says that the block after it was lost: rewind to it (RFC 7440 section 4). But clients such as
  // EDK2 acknowledge each copy as well, and rewinding at those too would copy every block to the end of the file. So
  // until a rewind is made good, the window only slides; where it was a loss again, the timer rewinds.
  if (transfer.acked < transfer.rewoundUntil) return progress(transfer, now, sent + 1);
  transfer.rewoundUntil = Math.min(transfer.acked + transfer.task.windowsize, transfer.last);
  return progress(transfer, now, transfer.acked + 1);
}

function progress(transfer: Transfer, now: number, first: number): TransferAction[] {
  transfer.confirmed = true;
  transfer.progressAt = now;
  transfer.resends = 0;
  return burst(transfer, now, first);
}

/** Sends from block `first` to the end of the window after the last acknowledged block, or has that loaded first. */
function burst(transfer: Transfer, now: number, first = transfer.acked + 1): TransferAction[] {
  const { acked, last, task, counts } = transfer;
  const count = Math.min(acked + task.windowsize, last) - first + 1;
  if (count <= 0) return [arm(transfer, now)];
  if (first < transfer.readyFirst || first + count > transfer.readyEnd) {
    return load(transfer, acked + 1, first - acked - 1 + count, now);
  }
  counts.blocksSent += count;
  counts.blocksResent += Math.max(Math.min(transfer.sent - first + 1, count), 0);
  transfer.sentBefore = transfer.sent;
  transfer.sent = Math.max(transfer.sent, first + count - 1);
  transfer.burstAt = now;
  return [{ kind: 'send-blocks', first, count }, arm(transfer, now)];
}

function load(transfer: Transfer, first: number, count: number, now: number): TransferAction[] {
  if (transfer.loading) return [arm(transfer, now)];
  transfer.loading = true;
  transfer.readyEnd = transfer.readyFirst;
  const { blksize, windowsize } = transfer.task;
  // Whole windows, so that the next load begins where this one ends, and may have been read by then.
  const ahead = Math.ceil(Math.max(count, Math.floor(READ_AHEAD / blksize)) / windowsize) * windowsize;
  return [{ kind: 'load', first, count: Math.min(ahead, transfer.last - first + 1) }, arm(transfer, now)];
}

function onTimeout(transfer: Transfer, now: number): TransferAction[] {
  const { limits } = transfer;
  if (now >= givesUpAt(transfer) || transfer.resends >= limits.resends) return [givenUp(transfer, now)];
  if (transfer.loading) return [arm(transfer, now)];
  transfer.counts.timeouts++;
  transfer.resends++;
  transfer.rewoundUntil = 0;
  transfer.rtt = backedOff(transfer.rtt, limits);
  if (transfer.phase === 'opening') return [{ kind: 'send-oack' }, arm(transfer, now)];
  return burst(transfer, now);
}

function givesUpAt(transfer: Transfer): number {
  return transfer.progressAt + (transfer.confirmed ? transfer.limits.silence : transfer.limits.unconfirmed);
}

function givenUp(transfer: Transfer, now: number): TransferAction {
  const waited = `${((now - transfer.progressAt) / 1000).toFixed(1)} s and ${transfer.resends} resends`;
  if (transfer.loading) return end(transfer, 'failed', 'read-failed', `the file was not read within ${waited}`);
  if (!transfer.confirmed) return end(transfer, 'failed', 'silence', `the client never answered within ${waited}`);
  if (transfer.sent === transfer.last) {
    const sentence = `all was sent, but the last acknowledgement did not come within ${waited}; the client may have the file`;
    return end(transfer, 'failed', 'last-ack-missing', sentence);
  }
  return end(transfer, 'failed', 'silence', `the client fell silent after block ${transfer.acked} for ${waited}`);
}

function onError(transfer: Transfer, code: number, message: string): TransferAction {
  const said = `the client said ERROR ${code} ${JSON.stringify(message)}`;
  if (transfer.phase === 'opening') {
    // Firmware learns the size of a file from the OACK and stops: EDK2 with code 8, iPXE's PXE API with code 0.
    if (transfer.task.tsize && (code === ERROR_CODE.OPTIONS_REFUSED || code === ERROR_CODE.SEE_MESSAGE)) {
      return end(transfer, 'completed', 'size-only', `the client only wanted to know the size (${said})`);
    }
    if (code === ERROR_CODE.OPTIONS_REFUSED) {
      return end(
        transfer,
        'failed',
        'options-declined',
        `the client did not accept the options acknowledged (${said})`,
      );
    }
  }
  return end(transfer, 'failed', 'client-error', said);
}

/** The next timer: the retransmission time-out, or what is left until giving up. */
function arm(transfer: Transfer, now: number): TransferAction {
  return { kind: 'arm', ms: Math.max(Math.min(transfer.rtt.timeout, givesUpAt(transfer) - now), 0) };
}

function end(
  transfer: Transfer,
  result: TransferEnd['result'],
  reason: TransferEnd['reason'],
  sentence: string,
): TransferAction {
  transfer.phase = 'over';
  return { kind: 'end', end: { result, reason, sentence } };
}
