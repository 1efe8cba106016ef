/** One figure as the rounds told it. A single round says little on a machine that does other things too. */
export type Figure = {
  median: number;
  min: number;
  max: number;
  rounds: number;
};

/**
 * The figure of some rounds.
 *
 * @throws RangeError for no rounds
 */
export function figureOf(rounds: readonly number[]): Figure {
  const sorted = rounds.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  // Of an even number of rounds the two in the middle count half each.
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new RangeError('a figure of no rounds');
  }
  return { median: (low + high) / 2, min, max, rounds: sorted.length };
}
