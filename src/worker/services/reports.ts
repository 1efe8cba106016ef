/** What has become of one service, on its way to the server: in order, each change sent until it is acknowledged. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer } from '../client.ts';
import type { ServiceReportAnswer } from '../protocol.ts';
import type { Told } from './decide.ts';

/** Changes kept while the server is away; the oldest are given up. The last one is always kept. */
const KEPT = 64;

/** The reports on one service. */
export class ServiceReports {
  readonly #send: (told: Told) => Promise<Answer<ServiceReportAnswer>>;
  readonly #answered: (answer: Answer<ServiceReportAnswer>, told: Told) => void;
  #waiting: Told[] = [];
  #last: Told | undefined;
  #sending: Promise<void> | undefined;

  /**
   * @param send sends until there is an answer; what it throws ends the sending, the signal's reason alone
   * @param answered is told each answer
   */
  constructor(
    send: (told: Told) => Promise<Answer<ServiceReportAnswer>>,
    answered: (answer: Answer<ServiceReportAnswer>, told: Told) => void,
  ) {
    this.#send = send;
    this.#answered = answered;
  }

  /** What was told last. */
  get last(): Told | undefined {
    return this.#last;
  }

  /** True: it is news, and will be sent. */
  tell(told: Told): boolean {
    if (this.#last && sameToServer(this.#last, told)) return false;
    this.#push(told);
    return true;
  }

  /** Tells the last thing again: the server may have forgotten. */
  repeat(): void {
    if (this.#last && this.#waiting.length === 0) this.#push(this.#last);
  }

  /** Resolves when the server has everything. */
  async sent(): Promise<void> {
    await this.#sending;
  }

  #push(told: Told): void {
    this.#last = told;
    this.#waiting = [...this.#waiting, told].slice(-KEPT);
    this.#sending ??= this.#sendAll();
    // Whoever waits for it hears of it; nobody may.
    this.#sending.catch(() => {});
  }

  async #sendAll(): Promise<void> {
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        this.#answered(await this.#send(next), next);
      }
    } finally {
      // In the same turn as the last look at what waits: what is told after it begins anew.
      this.#sending = undefined;
    }
  }
}

/** What a failing health check says differs from time to time, and is no news. */
function sameToServer(a: Told, b: Told): boolean {
  const plain = ({ message, ...rest }: Told): unknown =>
    rest.state === 'UNHEALTHY' ? { ...rest } : { ...rest, message };
  return isDeepStrictEqual(plain(a), plain(b));
}
