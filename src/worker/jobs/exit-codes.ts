/** What the exit of a script means, and what becomes of its Job. Pure. */
import type { JobRun, Report } from '../protocol.ts';

/** What a script wants done with the machine, or with the worker. */
export type JobExit = NonNullable<Report['exit']>;

/** What the end of one step says. */
export type StepMeaning = { failed: true } | { failed: false; incomplete: boolean; exit?: JobExit };

/** What becomes of the Job after a step: it goes on with the next, or it is over. */
export type Judgement =
  | { over: false }
  | { over: true; state: 'SUCCESS' | 'FAILED' | 'INCOMPLETE'; exit?: JobExit; skipped: boolean };

const meaning = (exit?: JobExit, incomplete = false): StepMeaning => ({
  failed: false,
  incomplete,
  ...(exit && { exit }),
});
const FAILED: StepMeaning = { failed: true };

/** A file was written, or a script ended well. */
export const DONE: StepMeaning = meaning();

/**
 * The numbers are sums of bits, but only these sums count: of others nothing is known but that the script failed. A shell
 * says 127 for a command that it does not find, and no machine is to be powered off for that.
 */
const SANE: ReadonlyMap<number, StepMeaning> = new Map([
  [0, DONE],
  [16, meaning('stop')],
  [32, meaning('poweroff')],
  [64, meaning('reboot')],
  [128, meaning(undefined, true)],
  [128 + 16, meaning('stop', true)],
  [128 + 32, meaning('poweroff', true)],
  [128 + 64, meaning('reboot', true)],
]);

const ORIGINAL: ReadonlyMap<number, StepMeaning> = new Map([
  [0, DONE],
  [1, meaning('reboot')],
  [2, meaning(undefined, true)],
  [3, meaning('reboot', true)],
]);

/** @param code undefined: a signal ended the script, which is a failure in any case */
export function meaningOf(codes: JobRun['codes'], code: number | undefined): StepMeaning {
  if (code === undefined) return FAILED;
  switch (codes) {
    case 'sane':
      return SANE.get(code) ?? FAILED;
    case 'original':
      return ORIGINAL.get(code) ?? FAILED;
  }
}

/** @param last whether it was the last step of the list as it was given */
export function judge(step: StepMeaning, last: boolean): Judgement {
  if (step.failed) return { over: true, state: 'FAILED', skipped: !last };
  const { exit, incomplete } = step;
  if (exit) return { over: true, state: incomplete || !last ? 'INCOMPLETE' : 'SUCCESS', exit, skipped: !last };
  // Before the last step "incomplete" says: this is enough, the rest is not needed.
  if (incomplete) return { over: true, state: last ? 'INCOMPLETE' : 'SUCCESS', skipped: !last };
  return last ? { over: true, state: 'SUCCESS', skipped: false } : { over: false };
}

const WORDS: Record<JobExit, string> = { reboot: 'reboot', poweroff: 'power off', stop: 'the worker is to end' };

/** How a script ended and what follows, for people: `script setup exited with 192: reboot, and run it again`. */
export function sentenceOf(ended: string, step: StepMeaning, judged: Judgement): string {
  if (step.failed || !judged.over) return ended;
  const parts = [
    ...(step.exit ? [WORDS[step.exit]] : []),
    ...(judged.state === 'INCOMPLETE' ? ['the Job is to be run again'] : []),
    ...(judged.state === 'SUCCESS' && judged.skipped ? ['the steps after it are not needed'] : []),
  ];
  return parts.length === 0 ? ended : `${ended}: ${parts.join(', ')}`;
}
