/** Tells the server that an attempt is still running here, and hears whether it is still wanted. */
import type { WorkerApi } from './client.ts';
import type { Clock } from './clock.ts';
import type { AttemptKey, Progress } from './protocol.ts';

const EVERY_MS = 5_000;
/** Progress is told sooner, but not more often than this. */
const PROGRESS_EVERY_MS = 500;

export class Heartbeats {
  #progress: Progress | undefined;
  #changed = false;
  readonly #stop = new AbortController();
  readonly #unwanted = new AbortController();
  readonly #done: Promise<void>;

  constructor(parts: {
    key: AttemptKey;
    boot: string;
    api: Pick<WorkerApi, 'heartbeat'>;
    clock: Clock;
    signal: AbortSignal;
  }) {
    const signal = AbortSignal.any([parts.signal, this.#stop.signal]);
    this.#done = this.#beat({ ...parts, signal }).catch((error: unknown) => {
      if (!signal.aborted) this.#unwanted.abort(error);
    });
  }

  /** Aborted, with the server's reason, when the attempt is to be stopped and forgotten. */
  get unwanted(): AbortSignal {
    return this.#unwanted.signal;
  }

  /** The newest progress, told with the next heartbeat, which comes soon; undefined: what was told before is over. */
  tell(progress: Progress | undefined): void {
    this.#progress = progress;
    this.#changed = true;
  }

  /** The server has said in another way that the attempt is not wanted. */
  stop(reason: string): void {
    this.#unwanted.abort(reason);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #beat({
    key,
    boot,
    api,
    clock,
    signal,
  }: {
    key: AttemptKey;
    boot: string;
    api: Pick<WorkerApi, 'heartbeat'>;
    clock: Clock;
    signal: AbortSignal;
  }): Promise<void> {
    // The report that it has begun is the first sign of life.
    for (let last = clock.uptime(); ; ) {
      await clock.sleep(PROGRESS_EVERY_MS, signal);
      if (!this.#changed && clock.uptime() - last < EVERY_MS) continue;
      last = clock.uptime();
      this.#changed = false;
      const answer = await api.heartbeat({ ...key, boot, progress: this.#progress }, signal);
      if (answer?.kind === 'refused') return this.#unwanted.abort(answer.reason);
      if (answer?.kind === 'answer' && !answer.value.continue) return this.#unwanted.abort(answer.value.reason);
    }
  }
}
