/** A machine's life: the stage it is in, what it is to boot, what its tasks are given, and why nothing is begun on it. */
import type { Reader, Transaction } from '../store/store.ts';

/** Why nothing is begun on a machine, until something has changed. */
export interface Halt {
  /**
   * `paused`: a person said so. `failed`: a task has failed. `incomplete`: a task waits to be resumed. `reboot`,
   * `poweroff`: the machine is on its way. `stop`: its agent was told to end. `bootenv`: it is in another environment
   * than it is to be in.
   */
  why: 'paused' | 'failed' | 'incomplete' | 'reboot' | 'poweroff' | 'stop' | 'bootenv';
  /** For people, without an end. */
  sentence: string;
  /** Of a Task that a template has named: its workflow, which alone is held up. */
  workflow?: string;
  /** ms since 1970 */
  at: number;
  /** The kernel's boot id, and the agent, that it was said to; those that come after them end it. */
  boot?: string;
  agent?: string;
}

/** What is kept of a machine's life. A machine without a stage, params or profiles has none. */
export interface Life {
  stage?: string;
  /** Environment that it is to boot; undefined: whatever its workflows need. */
  bootEnv?: string;
  /** The list of stages that it goes through; the map of changes is not looked at then. */
  list?: string;
  profiles: string[];
  /** Values by the params' names; sealed ones stay so. */
  params: Record<string, unknown>;
  locked: boolean;
  halt?: Halt;
  /** Environment that its agent said it is in, and when (ms since 1970). */
  in?: { bootEnv: string; boot: string; agent?: string; at: number };
  /** Workflow that runs, or ran last, the tasks of the stage. */
  workflow?: string;
  /** Tasks of the stage, by name, those that have run among them; and how many of them were before that workflow. */
  tasks: string[];
  before: number;
  /** Why it is in the stage still, once all is done, for people. */
  rests?: string;
}

export const NO_LIFE: Life = { profiles: [], params: {}, locked: false, tasks: [], before: 0 };

const key = (machine: string): string => `life/${machine}`;

/** Reads a machine's life from the store or from a change under way. */
export function lifeOf(from: Reader, machine: string): Life {
  return from.get<Life>(key(machine)) ?? NO_LIFE;
}

/** Writes it. */
export function putLife(transaction: Pick<Transaction, 'putFrozen'>, machine: string, life: Life): void {
  transaction.putFrozen(key(machine), life);
}
