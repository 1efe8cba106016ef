/**
 * One read transfer as a state machine: RFC 1350 with options (2347) and windows (7440). It knows no socket, file or clock:
 * it is told what happened and when, and says what to do.
 */
import type { Malformed, TftpPacket } from './packet.ts';
import { ERROR_CODE } from './packet.ts';
import type { Transfer } from './transfer-state.ts';

export type TransferEvent =
  | { kind: 'start' }
  | { kind: 'packet'; packet: TftpPacket | Malformed }
  /** The time of the last `arm` has come. */
  | { kind: 'timeout' }
  /** The blocks of a `load` are at hand, and those of earlier loads no longer. */
  | { kind: 'data-ready'; first: number; count: number }
  | { kind: 'data-failed'; sentence: string };

/** What a transfer wants done. It is told at once: lock-step makes a step per packet, tens of thousands a second. */
export interface TransferActions {
  sendOack(): void;
  sendBlocks(first: number, count: number): void;
  sendError(code: number, message: string): void;
  /** Make these blocks ready, then say `data-ready` or `data-failed`. */
  load(first: number, count: number): void;
  /** Say `timeout` at this time, unless armed anew before. */
  arm(at: number): void;
  /** The last of all. */
  end(end: TransferEnd): void;
}

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

/** How much is read at once from a file that is not in memory: a read per block would halve lock-step speed. */
const READ_AHEAD = 65_536;

/** Tells the transfer what happened at `now` (ms), and has done what is to be done. After its `end` nothing is done. */
export function advance(transfer: Transfer, event: TransferEvent, now: number, actions: TransferActions): void {
  if (transfer.phase === 'over') return;
  switch (event.kind) {
    case 'start':
      transfer.burstAt = now;
      if (transfer.task.oack) {
        actions.sendOack();
        arm(transfer, now, actions);
        return;
      }
      transfer.phase = 'sending';
      burst(transfer, now, actions);
      return;
    case 'packet':
      onPacket(transfer, event.packet, now, actions);
      return;
    case 'timeout':
      onTimeout(transfer, now, actions);
      return;
    case 'data-ready':
      transfer.loading = false;
      transfer.readyFirst = event.first;
      transfer.readyEnd = event.first + event.count;
      burst(transfer, now, actions);
      return;
    case 'data-failed':
      actions.sendError(ERROR_CODE.SEE_MESSAGE, 'The file can not be read');
      end(transfer, actions, { result: 'failed', reason: 'read-failed', sentence: event.sentence });
  }
}

function onPacket(transfer: Transfer, packet: TftpPacket | Malformed, now: number, actions: TransferActions): void {
  switch (packet.kind) {
    case 'ack':
      onAck(transfer, packet.block, now, actions);
      break;
    case 'error':
      end(transfer, actions, afterError(transfer, packet.code, packet.message));
      break;
    case 'malformed':
      transfer.counts.malformedPackets++;
      break;
    case 'read-request':
    case 'write-request':
    case 'data':
    case 'oack':
      transfer.counts.unexpectedPackets++;
  }
}

function onAck(transfer: Transfer, block: number, now: number, actions: TransferActions): void {
  const { acked, sent, counts } = transfer;
  if (transfer.phase === 'opening') {
    if (block !== 0) {
      counts.impossibleAcks++;
      return;
    }
    transfer.phase = 'sending';
    if (transfer.counts.timeouts === 0) transfer.rtt.measured(now - transfer.burstAt);
    progress(transfer, now, 1, actions);
    return;
  }
  const ahead = (block - acked) & 0xffff;
  if (ahead === 0) {
    // Never answered with data: each copy would breed another (the Sorcerer's Apprentice, RFC 1123 4.2.3.1). Where it
    // reports the loss of a window's first block, the timer, a measured round trip long, resends.
    counts.duplicateAcks++;
    return;
  }
  if (ahead > sent - acked) {
    const behind = (acked - block) & 0xffff;
    if (behind <= Math.min(acked, 0x7fff)) counts.oldAcks++;
    else counts.impossibleAcks++;
    return;
  }
  transfer.acked = acked + ahead;
  if (transfer.acked > transfer.sentBefore) transfer.rtt.measured(now - transfer.burstAt);
  else if (transfer.resends > 0) transfer.rtt.resent(now - transfer.burstAt, now - transfer.progressAt);
  if (transfer.acked === transfer.last) {
    end(transfer, actions, {
      result: 'completed',
      reason: 'received',
      sentence: 'the client acknowledged the last block',
    });
    return;
  }
  // An ACK inside the window says that the block after it was lost: rewind to it (RFC 7440 section 4). But clients such as
  // EDK2 acknowledge each copy as well, and rewinding at those too would copy every block to the end of the file. So
  // until a rewind is made good, the window only slides; where it was a loss again, the timer rewinds.
  const isLoss = transfer.acked < sent && transfer.acked >= transfer.rewoundUntil;
  if (isLoss) transfer.rewoundUntil = Math.min(transfer.acked + transfer.task.windowsize, transfer.last);
  progress(transfer, now, isLoss ? transfer.acked + 1 : sent + 1, actions);
}

function progress(transfer: Transfer, now: number, first: number, actions: TransferActions): void {
  transfer.confirmed = true;
  transfer.progressAt = now;
  transfer.resends = 0;
  burst(transfer, now, actions, first);
}

/** Sends from block `first` to the end of the window after the last acknowledged block, or has that loaded first. */
function burst(transfer: Transfer, now: number, actions: TransferActions, first = transfer.acked + 1): void {
  const { acked, last, task, counts } = transfer;
  const count = Math.min(acked + task.windowsize, last) - first + 1;
  if (count > 0) {
    if (first < transfer.readyFirst || first + count > transfer.readyEnd) {
      load(transfer, acked + 1, first - acked - 1 + count, now, actions);
      return;
    }
    counts.blocksSent += count;
    counts.blocksResent += Math.max(Math.min(transfer.sent - first + 1, count), 0);
    transfer.sentBefore = transfer.sent;
    transfer.sent = Math.max(transfer.sent, first + count - 1);
    transfer.burstAt = now;
    actions.sendBlocks(first, count);
  }
  arm(transfer, now, actions);
}

function load(transfer: Transfer, first: number, count: number, now: number, actions: TransferActions): void {
  arm(transfer, now, actions);
  if (transfer.loading) return;
  transfer.loading = true;
  transfer.readyEnd = transfer.readyFirst;
  const { blksize, windowsize } = transfer.task;
  // Whole windows, so that the next load begins where this one ends, and may have been read by then.
  const ahead = Math.ceil(Math.max(count, Math.floor(READ_AHEAD / blksize)) / windowsize) * windowsize;
  actions.load(first, Math.min(ahead, transfer.last - first + 1));
}

function onTimeout(transfer: Transfer, now: number, actions: TransferActions): void {
  const { limits } = transfer;
  if (now >= givesUpAt(transfer) || transfer.resends >= limits.resends) {
    end(transfer, actions, givenUp(transfer, now));
    return;
  }
  if (transfer.loading) {
    arm(transfer, now, actions);
    return;
  }
  transfer.counts.timeouts++;
  transfer.resends++;
  transfer.rewoundUntil = 0;
  transfer.rtt.backedOff();
  if (transfer.phase === 'opening') {
    actions.sendOack();
    arm(transfer, now, actions);
  } else burst(transfer, now, actions);
}

function givesUpAt(transfer: Transfer): number {
  return transfer.progressAt + (transfer.confirmed ? transfer.limits.silence : transfer.limits.unconfirmed);
}

function givenUp(transfer: Transfer, now: number): TransferEnd {
  const result = 'failed';
  const waited = `${((now - transfer.progressAt) / 1000).toFixed(1)} s and ${transfer.resends} resends`;
  if (transfer.loading) return { result, reason: 'read-failed', sentence: `the file was not read within ${waited}` };
  if (!transfer.confirmed) return { result, reason: 'silence', sentence: `the client never answered within ${waited}` };
  if (transfer.sent === transfer.last) {
    const sentence = `all was sent, but the last acknowledgement did not come within ${waited}; the client may have the file`;
    return { result, reason: 'last-ack-missing', sentence };
  }
  return { result, reason: 'silence', sentence: `the client fell silent after block ${transfer.acked} for ${waited}` };
}

function afterError(transfer: Transfer, code: number, message: string): TransferEnd {
  const said = `the client said ERROR ${code} ${JSON.stringify(message)}`;
  if (transfer.phase === 'opening') {
    // Firmware learns the size of a file from the OACK and stops: EDK2 with code 8, iPXE's PXE API with code 0.
    if (transfer.task.tsize && (code === ERROR_CODE.OPTIONS_REFUSED || code === ERROR_CODE.SEE_MESSAGE)) {
      const sentence = `the client only wanted to know the size (${said})`;
      return { result: 'completed', reason: 'size-only', sentence };
    }
    if (code === ERROR_CODE.OPTIONS_REFUSED) {
      const sentence = `the client did not accept the options acknowledged (${said})`;
      return { result: 'failed', reason: 'options-declined', sentence };
    }
  }
  return { result: 'failed', reason: 'client-error', sentence: said };
}

/** The next timer: the retransmission time-out, or what is left until giving up. */
function arm(transfer: Transfer, now: number, actions: TransferActions): void {
  actions.arm(Math.max(Math.min(now + transfer.rtt.timeout, givesUpAt(transfer)), now));
}

function end(transfer: Transfer, actions: TransferActions, how: TransferEnd): void {
  transfer.phase = 'over';
  actions.end(how);
}
