/** Retransmission time-outs from measured round trips, RFC 6298 with a shorter floor: a boot network is a LAN. Pure. */

/** Estimate for one path, in ms. `smoothed` is undefined until the first measurement. */
export type RttEstimate = { smoothed: number | undefined; variation: number; timeout: number };

/** Bounds of the time-out, in ms. */
export type RttBounds = { first: number; shortest: number; longest: number };

export function unmeasured(bounds: RttBounds): RttEstimate {
  return { smoothed: undefined, variation: 0, timeout: bounds.first };
}

/** The estimate after a round trip of `sample` ms. The caller sees to it that nothing resent is measured (Karn). */
export function measured(estimate: RttEstimate, sample: number, bounds: RttBounds): RttEstimate {
  const { smoothed: before } = estimate;
  const smoothed = before === undefined ? sample : before + (sample - before) / 8;
  const variation =
    before === undefined ? sample / 2 : estimate.variation + (Math.abs(before - sample) - estimate.variation) / 4;
  return { smoothed, variation, timeout: bounded(smoothed + 4 * variation, bounds) };
}

/** The estimate after a time-out: twice the time, until the client is heard again. */
export function backedOff(estimate: RttEstimate, bounds: RttBounds): RttEstimate {
  return { ...estimate, timeout: bounded(estimate.timeout * 2, bounds) };
}

/** The estimate without back-off: the client goes on, though what it acknowledged can not be measured. */
export function recovered(estimate: RttEstimate, bounds: RttBounds): RttEstimate {
  const { smoothed, variation } = estimate;
  return smoothed === undefined ? estimate : { ...estimate, timeout: bounded(smoothed + 4 * variation, bounds) };
}

function bounded(ms: number, bounds: RttBounds): number {
  return Math.min(Math.max(ms, bounds.shortest), bounds.longest);
}
