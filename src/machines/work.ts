/** What there is for a machine to do, and what it has had done: the record that `plan` and the engine share. */
import type { Reader } from '../store/store.ts';

export interface MachineWork {
  /** Ids of its workflows that are not finished, in the order they were created. */
  queue: string[];
  /** How many workflows have ended on it. */
  ended: number;
  /** Id of the one that ended last. */
  last?: string;
  /** The system that a workflow put on its disks. */
  installed?: { workflow: string; at: number; disks: string[]; heardAt?: number };
  /** To be done by the worker of this boot, which has reported everything before it. */
  verb?: { verb: 'reboot' | 'poweroff' | 'kexec'; boot: string; workflow: string };
  /** The worker heard last. `at` is ms since 1970. */
  worker?: { boot: string; agent?: string; version: string; at: number };
}

/** Reads a machine's work from the store or from a change under way. */
export function machineWork(from: Reader, machine: string): MachineWork {
  return from.get<MachineWork>(`work/${machine}`) ?? { queue: [], ended: 0 };
}
