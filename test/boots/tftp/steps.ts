/** A transfer taken one step at a time: what it wants done is given back as a list. */
import { advance as advanceTransfer, type TransferEnd, type TransferEvent } from '../../../src/boots/tftp/transfer.ts';
import type { Transfer } from '../../../src/boots/tftp/transfer-state.ts';

export type TransferAction =
  | { kind: 'send-oack' }
  | { kind: 'send-blocks'; first: number; count: number }
  | { kind: 'send-error'; code: number; message: string }
  | { kind: 'load'; first: number; count: number }
  | { kind: 'arm'; ms: number }
  | { kind: 'end'; end: TransferEnd };

export function advance(transfer: Transfer, event: TransferEvent, now: number): TransferAction[] {
  const done: TransferAction[] = [];
  advanceTransfer(transfer, event, now, {
    sendOack: () => done.push({ kind: 'send-oack' }),
    sendBlocks: (first, count) => done.push({ kind: 'send-blocks', first, count }),
    sendError: (code, message) => done.push({ kind: 'send-error', code, message }),
    load: (first, count) => done.push({ kind: 'load', first, count }),
    arm: (at) => done.push({ kind: 'arm', ms: at - now }),
    end: (end) => done.push({ kind: 'end', end }),
  });
  return done;
}
