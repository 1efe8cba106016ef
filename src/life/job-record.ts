/** Jobs: the history of each Task that was run on a machine. */

export const JOB_STATES = ['created', 'running', 'finished', 'failed', 'incomplete'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const EXIT_STATES = ['complete', 'failed', 'reboot', 'poweroff', 'stop'] as const;
/** What came of it, and what the agent did then. */
export type ExitState = (typeof EXIT_STATES)[number];

/** One run of one Task on one machine. One that is incomplete goes on as the same Job. */
export interface Job {
  id: string;
  /** Which of the machine's it is, from 1. */
  number: number;
  /** Id of the machine, and its name then. */
  machine: string;
  machineName: string;
  /** The Job before it on the machine; undefined for the first. */
  previous?: string;
  task: string;
  stage: string;
  bootEnv: string;
  /** Where its log lies: the workflow, the position of its action, and the attempts that belong to it. */
  workflow: string;
  action: number;
  attempts: number[];
  state: JobState;
  exitState?: ExitState;
  /** Why it ended so, for people. */
  message?: string;
  /** ms since 1970 */
  createdAt: number;
  startedAt?: number;
  endedAt?: number;
}

/** Whether nothing more will come of a Job. */
export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === 'finished' || state === 'failed';
}
