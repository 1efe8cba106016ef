/** Spans of time as people write them: `90s`, `12h`, `30d`. */
import { usage } from './command.ts';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/**
 * Seconds of `30d`, or of a number alone.
 * @param flag how to name it in errors
 * @throws TinsmithError USAGE
 */
export function secondsOf(flag: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)([smhdw])?$/.exec(text) ?? [];
  if (number === undefined)
    throw usage(`${flag} ${text} is no span of time.`, 'Write it like 90s, 30m, 12h, 30d or 4w.');
  return Number(number) * SECONDS[unit as keyof typeof SECONDS];
}
