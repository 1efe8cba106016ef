import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  DEFAULT_LIMITS,
  newTransfer,
  type Transfer,
  type TransferTask,
} from '../../../src/boots/tftp/transfer-state.ts';
import { seeded, simulate } from './simulation.ts';
import { advance, type TransferAction } from './steps.ts';

/** Gives up only where nothing ever arrives. */
const PATIENT = { ...DEFAULT_LIMITS, unconfirmed: 600_000, silence: 600_000, resends: 200 };
const CLEAN = { loss: 0, copies: 0, delay: 0.5, late: 0, most: 0 };

function fileOf(size: number, seed = 1): Buffer {
  const random = seeded(seed);
  const file = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) file[at] = random() * 256;
  return file;
}

/** A transfer whose opening is over, with the actions its first ACK drew. */
function begun(task: Partial<TransferTask> = {}): Transfer {
  const transfer = newTransfer(
    {
      size: 10_000,
      blksize: 100,
      windowsize: 4,
      timeoutMs: undefined,
      oack: true,
      tsize: true,
      inMemory: true,
      ...task,
    },
    DEFAULT_LIMITS,
    0,
  );
  advance(transfer, { kind: 'start' }, 0);
  ack(transfer, 0, 1);
  return transfer;
}

function ack(transfer: Transfer, block: number, now: number): TransferAction[] {
  return advance(transfer, { kind: 'packet', packet: { kind: 'ack', block } }, now);
}

/** The bursts among actions, as `first..last`. */
function bursts(actions: TransferAction[]): string[] {
  return actions.flatMap((action) =>
    action.kind === 'send-blocks' ? [`${action.first}..${action.first + action.count - 1}`] : [],
  );
}

function endOf(actions: TransferAction[]) {
  const last = actions.at(-1);
  return last?.kind === 'end' ? last.end : undefined;
}

function armed(actions: TransferAction[]): number | undefined {
  return actions.flatMap((action) => (action.kind === 'arm' ? [action.ms] : [])).at(-1);
}

describe('a transfer over a bad link', () => {
  const cases = fc.record({
    size: fc.oneof(
      fc.integer({ min: 0, max: 6000 }),
      fc.nat(60).map((blocks) => blocks * 64),
    ),
    blksize: fc.oneof(fc.constantFrom(8, 64, 512, 1468, 65_464), fc.integer({ min: 8, max: 1500 })),
    windowsize: fc.oneof(fc.constantFrom(1, 2, 4, 16, 64), fc.integer({ min: 1, max: 64 })),
    oack: fc.boolean(),
    inMemory: fc.boolean(),
    acksEveryCopy: fc.boolean(),
    seed: fc.nat(),
    loss: fc.double({ min: 0, max: 0.25, noNaN: true }),
    copies: fc.double({ min: 0, max: 0.5, noNaN: true }),
    late: fc.double({ min: 0, max: 0.5, noNaN: true }),
    most: fc.double({ min: 1, max: 100, noNaN: true }),
  });

  it('arrives whole', () => {
    fc.assert(
      fc.property(cases, ({ size, loss, copies, late, most, ...rest }) => {
        const file = fileOf(size, rest.seed);
        const link = { loss, copies, delay: 0.5, late, most };
        const result = simulate({ ...rest, file, link, limits: PATIENT });
        assert.equal(result.end.result, 'completed', result.end.sentence);
        assert.ok(result.received.equals(file));
      }),
      { numRuns: 300 },
    );
  });

  it('arrives whole or fails visibly on a link that is hardly one', () => {
    fc.assert(
      fc.property(cases, ({ size, loss, copies, late, most, ...rest }) => {
        const file = fileOf(size, rest.seed);
        const link = { loss: 0.5 + 2 * loss, copies, delay: 0.5, late, most };
        const result = simulate({ ...rest, file, link, limits: DEFAULT_LIMITS });
        if (result.end.result === 'completed') assert.ok(result.received.equals(file));
        else assert.notEqual(result.end.sentence, '');
        if (result.clientDone) assert.ok(result.received.equals(file));
      }),
      { numRuns: 100 },
    );
  });

  it('ends in time when the client dies at any block', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 8 }), (diesAfter, windowsize) => {
        const file = fileOf(100 * 64);
        const shape = { file, blksize: 64, windowsize, oack: true, inMemory: true };
        const result = simulate({ ...shape, link: CLEAN, seed: 1, limits: DEFAULT_LIMITS, diesAfter });
        assert.equal(result.end.result, 'failed');
        assert.ok(result.ms < 35_000, `${result.ms} ms`);
        assert.ok(result.transfer.counts.timeouts <= DEFAULT_LIMITS.resends);
      }),
      { numRuns: 30 },
    );
  });

  for (const acksEveryCopy of [true, false]) {
    for (const windowsize of [1, 3, 4, 16, 64]) {
      const client = acksEveryCopy ? 'acknowledges every copy' : 'acknowledges copies of its newest block';
      it(`draws no more copies where every datagram comes twice (window ${windowsize}, client ${client})`, () => {
        const file = fileOf(64 * 500);
        const link = { ...CLEAN, copies: 1 };
        const shape = { file, blksize: 64, windowsize, oack: true, inMemory: true, acksEveryCopy };
        const { transfer, received } = simulate({ ...shape, link, seed: 5, limits: DEFAULT_LIMITS });
        assert.ok(received.equals(file));
        // In lock-step, copies draw nothing at all; in a window, the ACK of a copy can not be told from that of a loss.
        const most = windowsize === 1 ? transfer.last : 2 * transfer.last;
        assert.ok(transfer.counts.blocksSent <= most, `${transfer.counts.blocksSent} blocks sent`);
      });

      it(`forgets a copy soon (window ${windowsize}, client ${client})`, () => {
        const file = fileOf(64 * 2000);
        const link = { ...CLEAN, copies: 0.005 };
        const shape = { file, blksize: 64, windowsize, oack: true, inMemory: true, acksEveryCopy };
        const { transfer, received, copied } = simulate({ ...shape, link, seed: 7, limits: DEFAULT_LIMITS });
        assert.ok(received.equals(file));
        const { blocksResent } = transfer.counts;
        assert.ok(blocksResent <= copied * windowsize, `${blocksResent} blocks resent after ${copied} copies`);
      });
    }
  }

  for (const [blocks, windowsize, loss] of [
    [65_535, 1, 0],
    [65_536, 1, 0],
    [70_000, 1, 0.01],
    [65_600, 64, 0.01],
    [140_000, 16, 0.002],
  ] as const) {
    it(`goes round after block 65,535 (${blocks} blocks, window ${windowsize}, loss ${loss})`, () => {
      const file = fileOf(8 * (blocks - 1) + 3);
      const link = { loss, copies: loss, delay: 1, late: loss, most: 4 };
      const shape = { file, blksize: 8, windowsize, oack: true, inMemory: false };
      const result = simulate({ ...shape, link, seed: blocks, limits: DEFAULT_LIMITS });
      assert.equal(result.end.result, 'completed', result.end.sentence);
      assert.equal(result.transfer.last, blocks);
      assert.ok(result.received.equals(file));
    });
  }

  it('loses a round trip, not seconds, for a lost packet', () => {
    const file = fileOf(512 * 2000);
    const link = { ...CLEAN, loss: 0.01 };
    const shape = { file, blksize: 512, windowsize: 1, oack: true, inMemory: true };
    const result = simulate({ ...shape, link, seed: 3, limits: DEFAULT_LIMITS });
    assert.ok(result.received.equals(file));
    assert.ok(result.ms < 4000, `${result.ms} ms`);
  });
});

describe('a transfer', () => {
  it('ends with an empty block when the size is a multiple of the block', () => {
    const transfer = begun({ size: 400 });
    assert.equal(transfer.last, 5);
    assert.deepEqual(bursts(ack(transfer, 4, 2)), ['5..5']);
    assert.equal(endOf(ack(transfer, 5, 3))?.reason, 'received');
  });

  it('sends one empty block for an empty file', () => {
    const transfer = newTransfer({ ...begun().task, size: 0, oack: false }, DEFAULT_LIMITS, 0);
    assert.deepEqual(bursts(advance(transfer, { kind: 'start' }, 0)), ['1..1']);
  });

  it('rewinds to an ACK inside the window', () => {
    const transfer = begun();
    assert.deepEqual(bursts(ack(transfer, 2, 2)), ['3..6']);
    assert.equal(transfer.counts.blocksResent, 2);
  });

  it('slides at ACKs inside a rewound window, until the rewind is made good', () => {
    const transfer = begun();
    ack(transfer, 2, 2);
    assert.deepEqual(bursts(ack(transfer, 4, 3)), ['7..8']);
    assert.deepEqual(bursts(ack(transfer, 8, 4)), ['9..12']);
    assert.deepEqual(bursts(ack(transfer, 9, 5)), ['10..13']);
    assert.deepEqual(bursts(ack(transfer, 11, 6)), ['14..15']);
    assert.deepEqual(bursts(advance(transfer, { kind: 'timeout' }, 100)), ['12..15'], 'a loss after all');
    assert.deepEqual(bursts(ack(transfer, 12, 101)), ['13..16']);
  });

  it('goes back to the measured time-out once a round trip is measured again', () => {
    const transfer = begun();
    ack(transfer, 4, 2);
    for (const now of [100, 200, 400]) advance(transfer, { kind: 'timeout' }, now);
    assert.equal(armed(ack(transfer, 8, 500)), 160, 'which burst that answers is not known');
    assert.equal(armed(ack(transfer, 12, 502)), 20);
  });

  it('learns of a round trip that has become longer than its time-out, as where a queue fills', () => {
    const transfer = begun({ size: 40_000 });
    const dueAfter = (now: number, actions: TransferAction[]): number => now + (armed(actions) ?? Number.NaN);
    let now = 2;
    let due = dueAfter(now, ack(transfer, 4, now));
    for (let acked = 8; acked <= 200; acked += 4) {
      const answeredAt = now + 50;
      while (due < answeredAt) due = dueAfter(due, advance(transfer, { kind: 'timeout' }, due));
      now = answeredAt;
      due = dueAfter(now, ack(transfer, acked, now));
    }
    assert.ok(transfer.counts.timeouts <= 3, `${transfer.counts.timeouts} time-outs`);
  });

  it('does not answer a copy of an ACK, an old one, or one of a block never sent', () => {
    const transfer = begun();
    ack(transfer, 4, 2);
    for (const block of [4, 4, 2, 0, 9, 5000, 65_535]) assert.deepEqual(ack(transfer, block, 3), []);
    const { duplicateAcks, oldAcks, impossibleAcks } = transfer.counts;
    assert.deepEqual({ duplicateAcks, oldAcks, impossibleAcks }, { duplicateAcks: 2, oldAcks: 2, impossibleAcks: 3 });
    assert.deepEqual(bursts(ack(transfer, 8, 4)), ['9..12']);
  });

  it('waits for ACK 0 after the OACK', () => {
    const transfer = newTransfer(begun().task, DEFAULT_LIMITS, 0);
    advance(transfer, { kind: 'start' }, 0);
    assert.deepEqual(ack(transfer, 1, 1), []);
    assert.deepEqual(bursts(ack(transfer, 0, 2)), ['1..4']);
  });

  it('ignores packets that make no sense to a sender', () => {
    const transfer = begun();
    const data = { kind: 'data', block: 1, data: Buffer.alloc(0) } as const;
    const broken = { kind: 'malformed', reason: 'too-short', sentence: '', request: false } as const;
    assert.deepEqual(advance(transfer, { kind: 'packet', packet: data }, 2), []);
    assert.deepEqual(advance(transfer, { kind: 'packet', packet: broken }, 2), []);
    assert.deepEqual([transfer.counts.unexpectedPackets, transfer.counts.malformedPackets], [1, 1]);
  });

  it('resends by the measured round trip, and twice as late each time', () => {
    const transfer = begun();
    for (let block = 4, now = 2; block <= 80; block += 4, now += 30) ack(transfer, block, now);
    const waits: (number | undefined)[] = [];
    let now = 600;
    for (let resend = 0; resend < 8; resend++) {
      const actions = advance(transfer, { kind: 'timeout' }, now);
      assert.deepEqual(bursts(actions), ['81..84']);
      waits.push(armed(actions));
      now += armed(actions) ?? 0;
    }
    const [first = 0, second = 0] = waits;
    assert.ok(first > 60 && first < 200, `${first} ms`);
    assert.ok(Math.abs(second - 2 * first) < 1e-6, `${second} ms after ${first} ms`);
    assert.ok(Math.max(...waits.map(Number)) <= DEFAULT_LIMITS.longest);
  });

  it('never resends sooner than 20 ms', () => {
    const transfer = begun();
    let actions: TransferAction[] = [];
    for (let block = 4; block <= 80; block += 4) actions = ack(transfer, block, 1 + block / 1000);
    assert.equal(armed(actions), 20);
  });

  it('waits no longer than the time-out the client asked for', () => {
    const transfer = newTransfer({ ...begun().task, timeoutMs: 2000 }, DEFAULT_LIMITS, 0);
    let waits = armed(advance(transfer, { kind: 'start' }, 0)) ?? 0;
    assert.equal(waits, 1000);
    ack(transfer, 0, 900);
    for (let now = 3000; now < 12_000; now += waits) waits = armed(advance(transfer, { kind: 'timeout' }, now)) ?? 0;
    assert.equal(waits, 2000);
  });

  it('does not measure what was sent twice', () => {
    const transfer = begun();
    const { smoothed } = transfer.rtt;
    advance(transfer, { kind: 'timeout' }, 1001);
    ack(transfer, 4, 1001.01);
    assert.equal(transfer.rtt.smoothed, smoothed);
  });

  it('gives up on a client that was never heard sooner than on one that was', () => {
    const never = newTransfer(begun().task, DEFAULT_LIMITS, 0);
    advance(never, { kind: 'start' }, 0);
    assert.equal(endOf(advance(never, { kind: 'timeout' }, 10_000))?.reason, 'silence');
    const once = begun();
    assert.equal(endOf(advance(once, { kind: 'timeout' }, 10_001)), undefined);
    assert.equal(endOf(advance(once, { kind: 'timeout' }, 30_001))?.reason, 'silence');
  });

  it('does not take copies of an ACK for progress', () => {
    const transfer = begun();
    for (let now = 1000; now < 30_000; now += 1000) ack(transfer, 0, now);
    assert.equal(endOf(advance(transfer, { kind: 'timeout' }, 30_001))?.reason, 'silence');
  });

  it('says that only the last acknowledgement is missing', () => {
    const transfer = begun({ size: 250 });
    assert.equal(endOf(advance(transfer, { kind: 'timeout' }, 31_000))?.reason, 'last-ack-missing');
  });

  const errors: [string, boolean, number, 'completed' | 'failed', string][] = [
    ['the abort of EDK2 after the OACK', true, 8, 'completed', 'size-only'],
    ['the abort of iPXE after the OACK', true, 0, 'completed', 'size-only'],
    ['options declined', false, 8, 'failed', 'options-declined'],
    ['any other error', true, 3, 'failed', 'client-error'],
  ];
  for (const [what, tsize, code, result, reason] of errors) {
    it(`ends ${result} at ${what}`, () => {
      const transfer = newTransfer({ ...begun().task, tsize }, DEFAULT_LIMITS, 0);
      advance(transfer, { kind: 'start' }, 0);
      const packet = { kind: 'error', code, message: 'User aborted the transfer' } as const;
      const end = endOf(advance(transfer, { kind: 'packet', packet }, 1));
      assert.deepEqual([end?.result, end?.reason], [result, reason]);
      assert.deepEqual(ack(transfer, 0, 2), [], 'nothing after the end');
    });
  }

  it('ends when the client breaks off in the middle', () => {
    const packet = { kind: 'error', code: 8, message: 'full' } as const;
    const end = endOf(advance(begun(), { kind: 'packet', packet }, 2));
    assert.deepEqual([end?.result, end?.reason], ['failed', 'client-error']);
  });

  it('loads whole windows ahead of what is not in memory, and goes on from what was acknowledged meanwhile', () => {
    const transfer = newTransfer({ ...begun().task, inMemory: false, size: 100_000 }, DEFAULT_LIMITS, 0);
    advance(transfer, { kind: 'start' }, 0);
    assert.deepEqual(ack(transfer, 0, 1).at(-1), { kind: 'load', first: 1, count: 656 });
    assert.deepEqual(bursts(advance(transfer, { kind: 'timeout' }, 2)), []);
    assert.deepEqual(bursts(advance(transfer, { kind: 'data-ready', first: 1, count: 656 }, 3)), ['1..4']);
    for (let block = 4; block < 656; block += 4) ack(transfer, block, 4);
    assert.deepEqual(ack(transfer, 656, 5).at(-1), { kind: 'load', first: 657, count: 345 });
    assert.deepEqual(bursts(advance(transfer, { kind: 'data-ready', first: 657, count: 345 }, 6)), ['657..660']);
  });

  it('tells the client when the file can not be read', () => {
    const transfer = newTransfer({ ...begun().task, inMemory: false }, DEFAULT_LIMITS, 0);
    advance(transfer, { kind: 'start' }, 0);
    ack(transfer, 0, 1);
    const actions = advance(transfer, { kind: 'data-failed', sentence: 'it became shorter' }, 2);
    assert.deepEqual(
      actions.map(({ kind }) => kind),
      ['send-error', 'end'],
    );
    assert.equal(endOf(actions)?.reason, 'read-failed');
  });
});
