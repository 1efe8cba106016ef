/** Go's durations, as nanoseconds. */

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const SECOND = 1_000_000_000n;
const LIMIT = 2n ** 63n;

/** Go's `time.ParseDuration`: `1h15m30.5s`; undefined when it is none. */
export function parseDuration(source: string): bigint | undefined {
  const sign = /^[+-]/.exec(source)?.[0] ?? '';
  const rest = source.slice(sign.length);
  if (rest === '0') return 0n;
  if (rest.length > 200 || !/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let total = 0n;
  for (const [, units = '', fraction = '', unit = ''] of rest.matchAll(/([0-9]*)\.?([0-9]*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = UNITS[unit] ?? 0n;
    total += BigInt(units || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
  }
  if (total >= LIMIT) return undefined;
  return sign === '-' ? -total : total;
}

/** Go's `Duration.String`: `1h15m30.5s`, below a second `1.5ms`. */
export function durationText(duration: bigint): string {
  if (duration === 0n) return '0s';
  const sign = duration < 0n ? '-' : '';
  const size = duration < 0n ? -duration : duration;
  if (size < SECOND) {
    const [unit, name] = size < 1000n ? [1n, 'ns'] : size < 1_000_000n ? [1000n, 'µs'] : [1_000_000n, 'ms'];
    return `${sign}${decimalOf(size, unit as bigint)}${name}`;
  }
  const minutes = size / (60n * SECOND);
  const seconds = `${decimalOf(size % (60n * SECOND), SECOND)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function decimalOf(size: bigint, unit: bigint): string {
  const fraction = String(size % unit).padStart(String(unit).length - 1, '0');
  const kept = unit === 1n ? '' : fraction.replace(/0+$/, '');
  return `${size / unit}${kept === '' ? '' : `.${kept}`}`;
}

/** The largest unit that the duration is longer than, and how many of it: `3h`, `2mo`. */
export function roundedDuration(duration: bigint): string {
  const size = duration < 0n ? -duration : duration;
  const day = 24n * 3600n * SECOND;
  const units: [bigint, string][] = [
    [365n * day, 'y'],
    [30n * day, 'mo'],
    [day, 'd'],
    [3600n * SECOND, 'h'],
    [60n * SECOND, 'm'],
    [SECOND, 's'],
  ];
  const found = units.find(([unit]) => size > unit);
  return found === undefined ? '0s' : `${size / found[0]}${found[1]}`;
}
