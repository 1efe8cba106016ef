/**
 * A transfer against a model client over a link that loses, copies and reorders, in simulated time. The client knows RFC
 * 1350 and 7440 and nothing of the server's code.
 */
import type { TransferEnd } from '../../../src/boots/tftp/transfer.ts';
import { newTransfer, type Transfer, type TransferLimits } from '../../../src/boots/tftp/transfer-state.ts';
import { advance, type TransferAction } from './steps.ts';

export type Link = {
  /** Chance of each datagram to be lost, and to be delivered twice. */
  loss: number;
  copies: number;
  /** One way, ms. */
  delay: number;
  /** Chance of each datagram to take up to `most` ms, so that others overtake it. */
  late: number;
  most: number;
};

export type Simulated = {
  end: TransferEnd;
  received: Buffer;
  transfer: Transfer;
  clientDone: boolean;
  copied: number;
  ms: number;
};

type Scheduled = { at: number; order: number; run: () => void };

/** Random numbers from a seed, the same each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A binary heap of what is to happen, earliest first. */
class Agenda {
  #heap: Scheduled[] = [];
  #order = 0;

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, run });
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) break;
      index = parent;
    }
  }

  next(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = right < heap.length && this.#isEarlier(right, left) ? right : left;
      if (child >= heap.length || !this.#swapIfEarlier(child, index)) break;
      index = child;
    }
    return first;
  }

  #isEarlier(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    return a !== undefined && b !== undefined && (a.at - b.at || a.order - b.order) < 0;
  }

  #swapIfEarlier(one: number, other: number): boolean {
    if (!this.#isEarlier(one, other)) return false;
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other] as Scheduled, heap[one] as Scheduled];
    return true;
  }
}

export function simulate(options: {
  file: Buffer;
  blksize: number;
  windowsize: number;
  oack: boolean;
  inMemory: boolean;
  link: Link;
  seed: number;
  limits: TransferLimits;
  /** The client answers each block it already has, not only the newest. */
  acksEveryCopy?: boolean;
  /** The client falls silent after so many blocks. */
  diesAfter?: number;
}): Simulated {
  const { file, blksize, windowsize, link } = options;
  const random = seeded(options.seed);
  const agenda = new Agenda();
  let now = 0;
  const after = (ms: number, run: () => void) => agenda.add(now + ms, run);

  let copied = 0;
  const carry = (deliver: () => void) => {
    const times = random() < link.loss ? 0 : random() < link.copies ? 2 : 1;
    if (times === 2) copied++;
    for (let copy = 0; copy < times; copy++) {
      after(random() < link.late ? link.delay + random() * (link.most - link.delay) : link.delay, deliver);
    }
  };

  const { oack, inMemory } = options;
  const task = { size: file.length, blksize, windowsize, timeoutMs: undefined, oack, tsize: oack, inMemory };
  const transfer = newTransfer(task, options.limits, now);
  let end: TransferEnd | undefined;
  let timer = 0;
  let ready: [first: number, end: number] = inMemory ? [1, Number.POSITIVE_INFINITY] : [1, 1];

  function act(action: TransferAction): void {
    switch (action.kind) {
      case 'send-blocks':
        if (action.first < ready[0] || action.first + action.count > ready[1]) throw new Error('blocks not at hand');
        for (let block = action.first; block < action.first + action.count; block++) {
          const data = file.subarray((block - 1) * blksize, block * blksize);
          carry(() => onData(block & 0xffff, data));
        }
        break;
      case 'send-oack':
        carry(onOack);
        break;
      case 'load': {
        ready = [1, 1];
        const { first, count } = action;
        after(random() * 5, () => {
          ready = [first, first + count];
          tell({ kind: 'data-ready', first, count });
        });
        break;
      }
      case 'arm': {
        const armed = ++timer;
        after(action.ms, () => {
          if (armed === timer) tell({ kind: 'timeout' });
        });
        break;
      }
      case 'send-error':
        break;
      case 'end':
        end = action.end;
    }
  }
  const tell = (event: Parameters<typeof advance>[1]) => {
    for (const action of advance(transfer, event, now)) act(action);
  };

  const parts: Buffer[] = [];
  let inWindow = 0;
  let clientDone = false;
  let gapReported = false;
  let heard = 0;
  const isDead = () => parts.length >= (options.diesAfter ?? Number.POSITIVE_INFINITY);
  const ack = () => {
    if (isDead()) return;
    inWindow = 0;
    const block = parts.length & 0xffff;
    carry(() => tell({ kind: 'packet', packet: { kind: 'ack', block } }));
  };
  function onOack(): void {
    heard = now;
    if (parts.length === 0) ack();
  }
  function onData(block: number, data: Buffer): void {
    heard = now;
    const ahead = (block - parts.length - 1) & 0xffff;
    if (ahead === 0 && !clientDone) {
      parts.push(data);
      gapReported = false;
      inWindow++;
      clientDone = data.length < blksize;
      if (clientDone || inWindow === windowsize) ack();
    } else if (ahead < 0x8000 && !clientDone) {
      if (!gapReported) ack();
      gapReported = true;
    } else if (options.acksEveryCopy || block === (parts.length & 0xffff)) ack();
  }
  const clientTimer = () => {
    if (end !== undefined) return;
    if (now - heard >= 1000 && (parts.length > 0 || oack)) ack();
    after(1000, clientTimer);
  };
  after(1000, clientTimer);

  tell({ kind: 'start' });
  while (end === undefined) {
    const next = agenda.next();
    if (next === undefined) throw new Error('nothing more happens, and the transfer is not over');
    now = next.at;
    next.run();
  }
  return { end, received: Buffer.concat(parts), transfer, clientDone, copied, ms: now };
}
