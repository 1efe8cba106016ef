/** Looks at workflows when their time has come: limits that are over, tries that may be made again. */
import type { Logger } from 'pino';
import type { Workflows } from './workflows.ts';

/** Node's timers hold 31 bits, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** After a look that failed (a full disk), ms. */
const TRY_AGAIN = 5_000;

/** A timer for each workflow of which something is due. */
export class Deadlines {
  readonly #workflows: Workflows;
  readonly #clock: () => number;
  readonly #log: Logger;
  readonly #wake: (machine: string) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  /** @param parts.wake told of a machine whose worker may have something to do */
  constructor(parts: { workflows: Workflows; clock: () => number; log: Logger; wake: (machine: string) => void }) {
    this.#workflows = parts.workflows;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#wake = parts.wake;
  }

  /** Takes up all workflows that have not ended. */
  async start(): Promise<void> {
    for (const id of await this.#workflows.active()) this.look(id);
  }

  /** A workflow has changed: what is due may be due at another time. */
  look(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    const at = this.#stopped ? undefined : this.#workflows.dueAt(id);
    if (at !== undefined) this.#set(id, at - this.#clock());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #set(id: string, ms: number): void {
    const timer = setTimeout(() => void this.#due(id), Math.min(Math.max(0, ms), LONGEST_TIMER));
    // What keeps the process up is what it serves.
    timer.unref();
    this.#timers.set(id, timer);
  }

  async #due(id: string): Promise<void> {
    try {
      const machine = await this.#workflows.expire(id);
      if (machine !== undefined) this.#wake(machine);
      this.look(id);
    } catch (error) {
      this.#log.error({ workflow: id, err: error }, 'the limits of a workflow could not be looked at; trying again');
      if (!this.#stopped) this.#set(id, TRY_AGAIN);
    }
  }
}
