/** Spans of time as people write them: `90s`, `1h30m`, `12h`, `30d`. */

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
/** What a lease without end is in a packet (RFC 2131 section 3.3). */
export const FOR_EVER = 0xffff_ffff;

/** Seconds of a number, or of a text with units; undefined where it is neither. */
export function secondsOf(written: string | number): number | undefined {
  if (typeof written === 'number') return written;
  if (/^(forever|infinite)$/i.test(written)) return FOR_EVER;
  if (/^\d+(\.\d+)?$/.test(written)) return Number(written);
  if (!/^(\d+(\.\d+)?[smhdw])+$/.test(written)) return undefined;
  return [...written.matchAll(/([\d.]+)([smhdw])/g)].reduce((sum, [, number, unit]) => {
    return sum + Number(number) * SECONDS[unit as keyof typeof SECONDS];
  }, 0);
}
