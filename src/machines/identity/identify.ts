/** Which of the known machines is the one that was seen. Pure. */
import type { Fingerprint } from './fingerprint.ts';
import { type Score, score, THRESHOLD } from './score.ts';

/** A known machine; its fingerprint need not have its own id as `onDisk`. */
export interface Known {
  id: string;
  name: string;
  fingerprint: Fingerprint;
}

/** A machine, and what speaks for it. */
export type Candidate = { id: string; name: string } & Score;

export type Identified =
  /** It is this machine. */
  | ({ match: string } & Score)
  /** As much speaks for each of these, so that it is nobody's to guess. `message` names them, for people. */
  | { conflict: Candidate[]; message: string }
  /** It is none of them; `nearest` is the one that most speaks for, if anything does. */
  | { none: true; nearest?: Candidate };

/** The machine with the most points, from `THRESHOLD` on. The order of the machines makes no difference. */
export function identify(machines: readonly Known[], seen: Fingerprint): Identified {
  const candidates = machines
    .map(({ id, name, fingerprint }): Candidate => {
      return { id, name, ...score({ ...fingerprint, onDisk: id.toLowerCase() }, seen) };
    })
    .filter((each) => each.score > 0)
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  const [best] = candidates;
  if (best === undefined) return { none: true };
  if (best.score < THRESHOLD) return { none: true, nearest: best };
  const even = candidates.filter((each) => each.score === best.score);
  if (even.length === 1) return { match: best.id, score: best.score, because: best.because };
  const named = even.map(({ id, name, because }) => `${name} (${id}), by ${because.join(' and ')}`);
  return {
    conflict: even,
    message: `The machine that was seen is as much one as the other, with ${best.score} points each: ${named.join('; ')}.`,
  };
}
