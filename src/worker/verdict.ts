/** What became of a container, as the report says it. Pure. */
import { constants } from 'node:os';
import type { ContainerState } from './container-engine.ts';
import type { Report } from './protocol.ts';

export type Verdict = Pick<Report, 'message' | 'seconds' | 'exitCode'> & { state: 'SUCCESS' | 'FAILED' | 'TIMEOUT' };

/**
 * Judges a container that has ended.
 * @param limit seconds; 0 means none
 * @param stopped whether the worker stopped it at its limit. One that ended badly after its limit counts too: a worker
 *   before this one stopped it, and died before it could say so.
 */
export function verdictOf(state: ContainerState, { limit, stopped }: { limit: number; stopped: boolean }): Verdict {
  const { startedAt, finishedAt, exitCode, outOfMemory, error } = state;
  const ran = startedAt === undefined || finishedAt === undefined ? 0 : Math.max(0, finishedAt - startedAt) / 1000;
  const facts = { seconds: ran, ...(startedAt === undefined ? {} : { exitCode }) };
  if (stopped || (limit > 0 && ran >= limit && exitCode !== 0))
    return { ...facts, state: 'TIMEOUT', message: `exceeded its limit of ${limit} s` };
  if (startedAt === undefined)
    return { ...facts, state: 'FAILED', message: `could not be started${error ? `: ${error}` : ''}` };
  if (exitCode === 0 && !error) return { ...facts, state: 'SUCCESS', message: 'finished' };
  if (outOfMemory)
    return { ...facts, state: 'FAILED', message: `killed by the kernel: out of memory (exit code ${exitCode})` };
  return {
    ...facts,
    state: 'FAILED',
    message: `exit code ${exitCode}${signalOf(exitCode)}${error ? `: ${error}` : ''}`,
  };
}

/** 128 + n is how a container tells that signal n ended it. */
function signalOf(exitCode: number): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return name === undefined ? '' : ` (${name})`;
}
