/** Scalars of a template as values: each parser gives the value, or says in words what is wrong with the text. Pure. */
import { parseBytes } from '../../../bytes.ts';

export type Parsed<T> = { value: T } | { problem: string };

/** Seconds; 68 years, the most that timers of 32 bits hold. */
const SECONDS_LIMIT = 2 ** 31 - 1;
/** Docker makes no container with less memory. */
const MEMORY_MINIMUM = 6 * 1024 ** 2;
/** Docker counts processors in steps of 10^-9 and refuses less than a hundredth of one. */
const CPUS_MINIMUM = 0.01;
const CPUS_LIMIT = 8192;

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+$/;

/** Whole seconds, 0 or more. */
export function parseSeconds(text: string): Parsed<number> {
  if (!/^(0|[1-9][0-9]*)$/.test(text)) {
    return { problem: `"${text}" is no time in whole seconds, 0 (no limit) or more` };
  }
  return bounded(Number(text), text);
}

/** A number of seconds, or Go's text for a duration, such as `1m30s`, as seconds. */
export function parseDuration(text: string): Parsed<number> {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return bounded(Number(text), text);
  if (!DURATION.test(text)) return { problem: `"${text}" is no time; write seconds, such as 30, or 1m30s` };
  let seconds = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([0-9.]+)([a-zµ]+)/g)) {
    seconds += Number(amount) * (DURATION_UNITS[unit] ?? 0);
  }
  return bounded(seconds, text);
}

function bounded(seconds: number, text: string): Parsed<number> {
  return seconds > SECONDS_LIMIT ? { problem: `${text} s is more than ${SECONDS_LIMIT} s` } : { value: seconds };
}

/** Memory of a container, in bytes. */
export function parseMemory(text: string): Parsed<number> {
  const bytes = parseBytes(text);
  if ('value' in bytes && bytes.value < MEMORY_MINIMUM) {
    return { problem: `${text} is less than the 6 MiB that a container needs` };
  }
  return bytes;
}

/** Processors of a container. */
export function parseCpus(text: string): Parsed<number> {
  const cpus = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(cpus >= CPUS_MINIMUM && cpus <= CPUS_LIMIT)) {
    return { problem: `"${text}" is no number of processors, such as 0.5 or 2 (at least ${CPUS_MINIMUM})` };
  }
  return { value: cpus };
}

/** A whole number from `least` to `most`. */
export function parseCount(least: number, most: number): (text: string) => Parsed<number> {
  return (text) => {
    const count = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : -1;
    if (count < least || count > most) return { problem: `"${text}" is no whole number from ${least} to ${most}` };
    return { value: count };
  };
}

/** What a rendered condition says; nothing is false. */
export function parseTruth(text: string): Parsed<boolean> {
  const word = text.trim().toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return { value: true };
  if (['false', '0', 'no', ''].includes(word)) return { value: false };
  return { problem: `"${text}" is neither true nor false` };
}
