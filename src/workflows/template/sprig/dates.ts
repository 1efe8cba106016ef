import {
  FunctionFault,
  type FunctionMap,
  fixed,
  inWords,
  isInt,
  type TemplateFunction,
  type Value,
} from '../gotemplate/index.ts';
import { perCharacter, text } from './arguments.ts';
import { durationText, parseDuration, roundedDuration } from './duration.ts';
import { Time, UTC, zeroTime, zoneAt } from './time.ts';
import { formatTime } from './time-layout.ts';
import { parseTime } from './time-parse.ts';

/** Steps that looking up a time zone costs. */
const ZONE_STEPS = 500;

const inZone = fixed(3, ([layout, date, zone], spend) => {
  spend(ZONE_STEPS);
  return formatTime(text(layout), seenFrom(timeOf(date), text(zone)));
});
const modified = fixed(2, ([by, date]) => {
  const duration = parseDuration(text(by));
  return duration === undefined ? timeGiven(date) : timeGiven(date).plus(duration);
});
const mustModify = fixed(2, ([by, date]) => {
  const duration = parseDuration(text(by));
  if (duration === undefined) throw new FunctionFault(`"${text(by)}" is no duration such as "1h30m"`);
  return timeGiven(date).plus(duration);
});

/**
 * Dates from a time that is given: what {@link parseTime} made, or seconds since 1970. The current time is no part of
 * the language, nor is the server's time zone: `date` and `toDate` are in UTC.
 */
export const DATES: FunctionMap = perCharacter(
  new Map<string, TemplateFunction>([
    ['toDate', fixed(2, ([layout, source]) => dateOrZero(text(layout), text(source)))],
    ['mustToDate', fixed(2, ([layout, source]) => parseTime(text(layout), text(source)))],
    ['date', fixed(2, ([layout, date]) => formatTime(text(layout), timeOf(date).in(UTC)))],
    ['dateInZone', inZone],
    ['date_in_zone', inZone],
    ['dateModify', modified],
    ['date_modify', modified],
    ['mustDateModify', mustModify],
    ['must_date_modify', mustModify],
    ['htmlDate', fixed(1, ([date]) => formatTime('2006-01-02', timeOf(date).in(UTC)))],
    [
      'htmlDateInZone',
      fixed(2, ([date, zone], spend) => inZone.call(['2006-01-02', date ?? null, zone ?? null], spend)),
    ],
    ['unixEpoch', fixed(1, ([date]) => String(timeGiven(date).seconds))],
    ['duration', fixed(1, ([seconds]) => durationText(secondsOf(seconds) * 1_000_000_000n))],
    ['durationRound', fixed(1, ([duration]) => roundedDuration(durationOf(duration)))],
  ]),
  1,
);

function dateOrZero(layout: string, source: string): Time {
  try {
    return parseTime(layout, source);
  } catch (error) {
    if (error instanceof FunctionFault) return zeroTime();
    throw error;
  }
}

/** @throws FunctionFault for anything but a time */
function timeGiven(value: Value | undefined): Time {
  if (value instanceof Time) return value;
  throw new FunctionFault(`the date must be a time, such as toDate makes, not ${inWords(value ?? null)}`);
}

/** @throws FunctionFault for anything but a time or seconds since 1970: there Go takes the current time */
function timeOf(value: Value | undefined): Time {
  return isInt(value) ? new Time(Number(value), 0) : timeGiven(value);
}

/** An unknown zone is UTC. */
function seenFrom(time: Time, zone: string): Time {
  return time.in(zoneAt(zone, time.seconds) ?? UTC);
}

/** Seconds in a text or an int64; of anything else, an int too, Go makes 0. */
function secondsOf(value: Value | undefined): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'string' && /^[+-]?[0-9]{1,10}$/.test(value) ? BigInt(value.replace('+', '')) : 0n;
}

function durationOf(value: Value | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Time) throw new FunctionFault('how long ago a time was depends on the time of the call');
  return typeof value === 'string' ? (parseDuration(value) ?? 0n) : 0n;
}
