/** Rounds in which servers take turns, so that what else the computer does meets all of them alike. */
import { messageOf } from '../src/errors.ts';
import type { Fault } from './report.ts';

/** What was measured of one server in each round, or why it was not. */
export type Outcome<Result> = readonly Result[] | Fault;

/**
 * Measures each of `contestants` once a round. One that fails is left out from then on, and its outcome says why.
 *
 * @param measure gets the contestant and the number of the round, from 0
 */
export async function takeTurns<Contestant, Result>(
  rounds: number,
  contestants: readonly Contestant[],
  measure: (contestant: Contestant, round: number) => Promise<Result>,
): Promise<Outcome<Result>[]> {
  const outcomes = contestants.map((contestant) => ({ contestant, results: [] as Result[], faults: [] as string[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, results, faults } of outcomes) {
      if (faults.length > 0) continue;
      try {
        results.push(await measure(contestant, round));
      } catch (error) {
        faults.push(messageOf(error));
      }
    }
  }
  return outcomes.map(({ results, faults: [fault] }) => (fault === undefined ? results : { fault }));
}

/** One figure of each round. */
export function each<Result>(outcome: Outcome<Result>, figure: (result: Result) => number): readonly number[] | Fault {
  return 'fault' in outcome ? outcome : outcome.map(figure);
}

/** The rounds of ours. @throws Error where ours could not be measured */
export function ofOurs<Result>(outcome: Outcome<Result> | undefined): readonly Result[] {
  if (outcome === undefined || 'fault' in outcome) throw new Error(outcome?.fault ?? 'ours was not measured');
  return outcome;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
