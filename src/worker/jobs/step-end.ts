/** How a step of a Job has ended, and until when it may run. Pure. */
import type { Clock } from '../clock.ts';

/** How one step has ended. */
export interface StepEnd {
  /** Undefined: not by an exit of its own. */
  code?: number | undefined;
  /** `exited with 3`, `was ended by SIGKILL`: for people, after its name. */
  words: string;
  /** The worker has ended it, and why. */
  stopped?: { state: 'TIMEOUT' | 'FAILED'; why: string } | undefined;
}

/** Until when something may run (the clock's uptime, ms), and what is said of it after that. */
export interface Deadline {
  until: number;
  why: string;
}

/** @param job when the Job is over, however its steps stand */
export function deadlineOf({ timeout = 0 }: { timeout?: number }, job: Deadline, clock: Clock): Deadline {
  const until = clock.uptime() + timeout * 1000;
  return timeout > 0 && until < job.until ? { until, why: `exceeded its limit of ${timeout} s` } : job;
}
