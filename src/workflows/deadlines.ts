/** Looks at workflows when their time has come: limits that are over, tries that may be made again. */
import type { Logger } from 'pino';
import type { Workflow } from './workflow.ts';
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
  /** By workflow; `at` in ms since 1970. */
  readonly #timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
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
    for (const id of await this.#workflows.active()) this.#lookAgain(id);
  }

  /** A workflow has changed: what is due may be due at another time. */
  look(workflow: Workflow): void {
    const at = this.#stopped ? undefined : this.#workflows.dueAt(workflow);
    const set = this.#timers.get(workflow.id);
    if (at === undefined) return;
    // A timer that is too early does no harm, and most are never needed: they are not moved with every report. One that
    // is late already, because the clock was put forward, is.
    if (set === undefined || at < set.at || at <= this.#clock()) this.#set(workflow.id, at);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #lookAgain(id: string): void {
    const workflow = this.#workflows.find(id);
    if (workflow) this.look(workflow);
  }

  /** @param at ms since 1970 */
  #set(id: string, at: number): void {
    clearTimeout(this.#timers.get(id)?.timer);
    const ms = Math.min(Math.max(0, at - this.#clock()), LONGEST_TIMER);
    const timer = setTimeout(() => void this.#due(id), ms);
    // What keeps the process up is what it serves.
    timer.unref();
    this.#timers.set(id, { at, timer });
  }

  async #due(id: string): Promise<void> {
    this.#timers.delete(id);
    try {
      const machine = await this.#workflows.expire(id);
      if (machine !== undefined) this.#wake(machine);
      this.#lookAgain(id);
    } catch (error) {
      this.#log.error({ workflow: id, err: error }, 'the limits of a workflow could not be looked at; trying again');
      if (!this.#stopped) this.#set(id, this.#clock() + TRY_AGAIN);
    }
  }
}
