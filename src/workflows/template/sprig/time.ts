import { FunctionFault, fixed, GoObject, type TemplateFunction, type Value } from '../gotemplate/index.ts';
import { text, whole } from './arguments.ts';
import { formatTime } from './time-layout.ts';

/** Where a time is seen from: the zone's short name then, and its seconds east of Greenwich. */
export interface Zone {
  readonly name: string;
  readonly offset: number;
}

export const UTC: Zone = { name: 'UTC', offset: 0 };

/** A time as a calendar and a clock show it; `month` and `day` from 1. */
export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** From 1. */
  readonly yearDay: number;
}

/** Go's `time.Time`, to the nanosecond. */
export class Time extends GoObject {
  readonly type = 'time.Time';
  readonly kind = 'struct';
  /** Since 1970-01-01 UTC. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly zone: Zone;

  constructor(seconds: number, nanoseconds: number, zone: Zone = UTC) {
    super();
    // Outside of these JavaScript knows no dates, and Go's layouts have no years.
    if (!(seconds >= -62_167_219_200 && seconds < 253_402_300_800)) {
      throw new FunctionFault('the time is not within the years 0 to 9999');
    }
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }

  /** Seconds since 1970 of a date and time of day; days beyond the month's end run into the next. */
  static secondsOf(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second);
    return date.getTime() / 1000;
  }

  civil(): Civil {
    const date = new Date((this.seconds + this.zone.offset) * 1000);
    const year = date.getUTCFullYear();
    const midnight = Time.secondsOf(year, date.getUTCMonth() + 1, date.getUTCDate());
    return {
      year,
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      weekday: date.getUTCDay(),
      yearDay: (midnight - Time.secondsOf(year, 1, 1)) / 86_400 + 1,
    };
  }

  /** The same moment, seen from another zone. */
  in(zone: Zone): Time {
    return new Time(this.seconds, this.nanoseconds, zone);
  }

  /** The moment so many nanoseconds later. */
  plus(duration: bigint): Time {
    const total = BigInt(this.nanoseconds) + duration;
    const rest = BigInt.asUintN(64, total % SECOND < 0n ? (total % SECOND) + SECOND : total % SECOND);
    return new Time(this.seconds + Number((total - rest) / SECOND), Number(rest), this.zone);
  }

  override text(): string {
    return formatTime('2006-01-02 15:04:05.999999999 -0700 MST', this);
  }

  override json(): string {
    return formatTime('2006-01-02T15:04:05.999999999Z07:00', this);
  }

  override method(name: string): TemplateFunction | undefined {
    const civil = this.civil();
    switch (name) {
      case 'Format':
        return fixed(1, ([layout]) => formatTime(text(layout), this));
      case 'String':
        return fixed(0, () => this.text());
      case 'UTC':
        return fixed(0, () => this.in(UTC));
      case 'Unix':
        return fixed(0, () => BigInt(this.seconds));
      case 'UnixNano':
        return fixed(0, () => BigInt(this.seconds) * SECOND + BigInt(this.nanoseconds));
      case 'Year':
        return fixed(0, () => civil.year);
      case 'Month':
        return fixed(0, () => formatTime('January', this));
      case 'Weekday':
        return fixed(0, () => formatTime('Monday', this));
      case 'Day':
        return fixed(0, () => civil.day);
      case 'YearDay':
        return fixed(0, () => civil.yearDay);
      case 'Hour':
        return fixed(0, () => civil.hour);
      case 'Minute':
        return fixed(0, () => civil.minute);
      case 'Second':
        return fixed(0, () => civil.second);
      case 'Nanosecond':
        return fixed(0, () => this.nanoseconds);
      case 'IsZero':
        return fixed(0, () => this.seconds === ZERO_SECONDS && this.nanoseconds === 0);
      case 'AddDate':
        return fixed(3, ([years, months, days]) => this.#later(whole(years), whole(months), whole(days)));
      case 'Before':
        return fixed(1, ([other]) => this.#compare(other) < 0);
      case 'After':
        return fixed(1, ([other]) => this.#compare(other) > 0);
      case 'Equal':
        return fixed(1, ([other]) => this.#compare(other) === 0);
      default:
        return undefined;
    }
  }

  #later(years: number, months: number, days: number): Time {
    const { year, month, day, hour, minute, second } = this.civil();
    const seconds = Time.secondsOf(year + years, month + months, day + days, hour, minute, second);
    return new Time(seconds - this.zone.offset, this.nanoseconds, this.zone);
  }

  #compare(other: Value | undefined): number {
    if (!(other instanceof Time)) throw new FunctionFault('the argument must be a time');
    return this.seconds - other.seconds || this.nanoseconds - other.nanoseconds;
  }
}

const SECOND = 1_000_000_000n;
const ZERO_SECONDS = -62_135_596_800;

/** Go's zero time, 0001-01-01. */
export function zeroTime(): Time {
  return new Time(ZERO_SECONDS, 0);
}

/** The zone of that IANA name at that moment; undefined when there is none. */
export function zoneAt(name: string, seconds: number): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return UTC;
  if (!/^[A-Za-z0-9_+/-]{1,64}$/.test(name)) return undefined;
  try {
    const date = new Date(seconds * 1000);
    const offset = partOf(date, name, 'longOffset', 'en-US').replace('GMT', '');
    const [, sign = '+', hours = '0', minutes = '0', rest = '0'] =
      /^([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?$/.exec(offset) ?? [];
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
    return { name: abbreviation(date, name, offset), offset: sign === '-' ? -size : size };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** English-speaking countries, each of which knows the short names of the zones near it. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA'];

/** `CET`; where no short name is known, `+01` as Go writes it. */
function abbreviation(date: Date, zone: string, offset: string): string {
  const names = LOCALES.map((locale) => partOf(date, zone, 'short', locale));
  const known = names.find((short) => /^[A-Z]{3,5}$/.test(short) && (short !== 'GMT' || offset === ''));
  return known ?? offset.replace(':00', '').replace(':', '');
}

/** Formats made last: making one takes long, and a range asks for the same ones again and again. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();
const FORMATS_LIMIT = 64;

function partOf(date: Date, timeZone: string, timeZoneName: 'longOffset' | 'short', locale: string): string {
  const key = `${locale} ${timeZoneName} ${timeZone}`;
  let format = FORMATS.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName });
    if (FORMATS.size >= FORMATS_LIMIT) FORMATS.clear();
    FORMATS.set(key, format);
  }
  return format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
