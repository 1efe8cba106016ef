/** What DHCP servers answer to the firmware that is played. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Frame, readAnswer } from '../../boots/dhcp-client/index.ts';

/** Of those that count, and of those that do not. */
const ANSWERS_MOST = 500;

/** The answers so far, and who waits for more. */
export class Heard {
  readonly #server: string | undefined;
  readonly #answers: Answer[] = [];
  /** Of servers that do not count. */
  readonly #others: Answer[] = [];
  readonly #waiting = new Set<() => void>();

  /** @param server the only one that counts */
  constructor(server: string | undefined) {
    this.#server = server;
  }

  take(frame: Frame): void {
    const answer = readAnswer(frame);
    if (answer === undefined) return;
    const counts = this.#server === undefined || answer.server === this.#server || answer.source === this.#server;
    const answers = counts ? this.#answers : this.#others;
    if (answers.length >= ANSWERS_MOST) return;
    answers.push(answer);
    for (const look of this.#waiting) look();
  }

  of(xid: number): Answer[] {
    return this.#answers.filter((answer) => answer.xid === xid);
  }

  /** The servers that answered and do not count. */
  othersOf(xid: number): string[] {
    return [...new Set(this.#others.filter((answer) => answer.xid === xid).map(({ server }) => server))];
  }

  /** Waits until something is so, or so many ms. */
  async until(isSo: () => boolean, ms: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const look = (): void => {
      if (isSo()) ended.abort();
    };
    this.#waiting.add(look);
    look();
    await sleep(ms, undefined, { signal: AbortSignal.any([ended.signal, signal]) }).catch(() => {});
    this.#waiting.delete(look);
    signal.throwIfAborted();
  }
}
