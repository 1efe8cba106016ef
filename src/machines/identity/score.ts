/** How much speaks for two fingerprints being of one machine, by Digital Rebar's figures ("whoami"). Pure. */
import type { Fingerprint } from './fingerprint.ts';

/** From here on it is the same machine. */
export const THRESHOLD = 100;

const POINTS = { board: 25, chassis: 25, system: 50, cloud: 500, onDisk: 1000 } as const;
const NAMES: Readonly<Record<keyof typeof POINTS, string>> = {
  board: 'the serial number of its board',
  chassis: 'the serial number of its chassis',
  system: 'its system UUID',
  cloud: 'its cloud’s instance id',
  onDisk: 'the id on its disk',
};

export interface Score {
  score: number;
  /** What speaks for it, each with its points, for people: `its system UUID (50)`. */
  because: string[];
}

/**
 * Scores what was seen against what is known. Of MACs, the share of the shorter list counts: a machine known by the one
 * that it boots with is all known, and so is one that was seen by one of its cards. Of memory modules, the share of the
 * longer list: modules are moved between machines, and two of them make no machine of eight.
 */
export function score(known: Fingerprint, seen: Fingerprint): Score {
  const reasons: { points: number; what: string }[] = [];
  const macs = common(known.macs, seen.macs);
  const fewer = Math.min(new Set(known.macs).size, new Set(seen.macs).size);
  reasons.push({ points: share(macs.length, fewer), what: `${macs.length} of ${fewer} MACs: ${macs.join(', ')}` });
  if (!known.virtual && !seen.virtual) {
    const modules = common(known.memory, seen.memory).length;
    const most = Math.max(new Set(known.memory).size, new Set(seen.memory).size);
    reasons.push({ points: share(modules, most), what: `${modules} of ${most} memory modules` });
    for (const key of ['system', 'board', 'chassis', 'cloud', 'onDisk'] as const) {
      if (known[key] !== undefined && known[key] === seen[key]) reasons.push({ points: POINTS[key], what: NAMES[key] });
    }
  }
  const counted = reasons.filter(({ points }) => points > 0).sort((a, b) => b.points - a.points);
  return {
    score: counted.reduce((sum, { points }) => sum + points, 0),
    because: counted.map(({ points, what }) => `${what} (${points})`),
  };
}

function common(a: readonly string[], b: readonly string[]): string[] {
  const others = new Set(b);
  return [...new Set(a)].filter((each) => others.has(each)).sort();
}

/** Of a hundred, rounded down: not all is less than a hundred. */
function share(matched: number, of: number): number {
  return of === 0 ? 0 : Math.floor((matched / of) * 100);
}
