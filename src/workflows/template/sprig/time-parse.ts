import { FunctionFault } from '../gotemplate/index.ts';
import { Time, UTC, type Zone } from './time.ts';
import { layoutParts, MONTHS, WEEKDAYS } from './time-layout.ts';

/** What has been read of a time. */
interface Read {
  year: number;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanoseconds: number;
  half: 'AM' | 'PM' | undefined;
  zone: Zone | undefined;
}

/**
 * Go's `time.ParseInLocation` in UTC.
 *
 * @throws FunctionFault that says what was expected where
 */
export function parseTime(layout: string, source: string): Time {
  return new TimeParser(layout, source).parse();
}

class TimeParser {
  readonly #layout: string;
  readonly #source: string;
  #at = 0;
  readonly #read: Read = {
    year: 0,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanoseconds: 0,
    half: undefined,
    zone: undefined,
  };

  constructor(layout: string, source: string) {
    this.#layout = layout;
    this.#source = source;
  }

  parse(): Time {
    const parts = layoutParts(this.#layout);
    for (const [index, part] of parts.entries()) {
      if (!part.element) this.#literal(part.text);
      else this.#element(part.text, parts[index + 1]?.text ?? '');
    }
    if (this.#at < this.#source.length) throw this.#wrong('the end');
    return this.#whole();
  }

  #wrong(expected: string): FunctionFault {
    const rest = this.#source.slice(this.#at, this.#at + 40);
    return new FunctionFault(
      `"${this.#source.slice(0, 80)}" does not fit the layout "${this.#layout.slice(0, 80)}": expected ${expected} at "${rest}"`,
    );
  }

  /** The text between elements; a space fits any number of them. */
  #literal(text: string): void {
    for (let index = 0; index < text.length; index++) {
      if (text[index] !== ' ') {
        if (this.#source[this.#at] !== text[index]) throw this.#wrong(`"${text.slice(index)}"`);
        this.#at += 1;
        continue;
      }
      if (this.#at < this.#source.length && this.#source[this.#at] !== ' ') throw this.#wrong('a space');
      while (text[index + 1] === ' ') index += 1;
      while (this.#source[this.#at] === ' ') this.#at += 1;
    }
  }

  #element(element: string, next: string): void {
    const read = this.#read;
    switch (element) {
      case '2006':
        read.year = this.#number(/[0-9]{4}/y, 0, 9999, 'a year of four digits');
        return;
      case '06': {
        const year = this.#number(TWO, 0, 99, 'a year of two digits');
        read.year = year + (year >= 69 ? 1900 : 2000);
        return;
      }
      case 'January':
        read.month = this.#name(MONTHS, 'a month') + 1;
        return;
      case 'Jan':
        read.month =
          this.#name(
            MONTHS.map((name) => name.slice(0, 3)),
            'a month',
          ) + 1;
        return;
      case '01':
        read.month = this.#number(TWO, 1, 12, 'a month of two digits');
        return;
      case '1':
        read.month = this.#number(ONE_OR_TWO, 1, 12, 'a month');
        return;
      case 'Monday':
        this.#name(WEEKDAYS, 'a day of the week');
        return;
      case 'Mon':
        this.#name(
          WEEKDAYS.map((name) => name.slice(0, 3)),
          'a day of the week',
        );
        return;
      case '_2':
        if (this.#source[this.#at] === ' ') this.#at += 1;
        read.day = this.#number(ONE_OR_TWO, 1, 31, 'a day');
        return;
      case '2':
        read.day = this.#number(ONE_OR_TWO, 1, 31, 'a day');
        return;
      case '02':
        read.day = this.#number(TWO, 1, 31, 'a day of two digits');
        return;
      case '002':
      case '__2':
        this.#take(/ {0,2}/y);
        read.yearDay = this.#number(/[0-9]{1,3}/y, 1, 366, 'a day of the year');
        return;
      case '15':
        read.hour = this.#number(ONE_OR_TWO, 0, 23, 'an hour');
        return;
      case '3':
        read.hour = this.#number(ONE_OR_TWO, 0, 12, 'an hour up to 12');
        return;
      case '03':
        read.hour = this.#number(TWO, 0, 12, 'an hour of two digits, up to 12');
        return;
      case '4':
        read.minute = this.#number(ONE_OR_TWO, 0, 59, 'a minute');
        return;
      case '04':
        read.minute = this.#number(TWO, 0, 59, 'a minute of two digits');
        return;
      case '5':
      case '05':
        read.second = this.#number(element === '5' ? ONE_OR_TWO : TWO, 0, 59, 'a second');
        // A fraction may follow though the layout has none.
        if (!/^[.,][09]/.test(next)) this.#fraction(/[.,][0-9]+/y);
        return;
      case 'PM':
      case 'pm': {
        const half = this.#take(element === 'PM' ? /[AP]M/y : /[ap]m/y);
        if (half === undefined) throw this.#wrong('AM or PM');
        read.half = half.toUpperCase() === 'PM' ? 'PM' : 'AM';
        return;
      }
      case 'MST': {
        const name = this.#take(/UTC|[A-Z]{3,5}(?:[+-][0-9]{1,2})?|[+-][0-9]{2}(?:[0-9]{2})?/y);
        if (name === undefined) throw this.#wrong('the short name of a time zone');
        read.zone ??= name === 'UTC' ? UTC : { name, offset: /^GMT[+-]/.test(name) ? Number(name.slice(3)) * 3600 : 0 };
        return;
      }
    }
    if (/^[.,]0/.test(element)) {
      if (!this.#fraction(new RegExp(`[.,][0-9]{${element.length - 1}}`, 'y')))
        throw this.#wrong('a fraction of a second');
    } else if (/^[.,]9/.test(element)) this.#fraction(/[.,][0-9]+/y);
    else this.#offset(element);
  }

  #offset(element: string): void {
    if (element.startsWith('Z') && this.#take(/Z/y) !== undefined) {
      this.#read.zone = UTC;
      return;
    }
    const pattern = element.replace(/^[Z-]/, '[+-]').replaceAll(/0[07]/g, '[0-9][0-9]');
    const found = this.#take(new RegExp(pattern, 'y'));
    if (found === undefined) throw this.#wrong(`an offset such as ${element.replace('Z', '+')}`);
    const [hours = 0, minutes = 0, seconds = 0] = (found.match(/[0-9]{2}/g) ?? []).map(Number);
    if (hours > 24 || minutes > 60 || seconds > 60) throw this.#wrong('an offset of at most 24 hours');
    const size = hours * 3600 + minutes * 60 + seconds;
    this.#read.zone = size === 0 ? UTC : { name: '', offset: found.startsWith('-') ? -size : size };
  }

  #fraction(pattern: RegExp): boolean {
    const found = this.#take(pattern);
    if (found !== undefined) this.#read.nanoseconds = Number(found.slice(1, 10).padEnd(9, '0'));
    return found !== undefined;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #number(pattern: RegExp, least: number, most: number, what: string): number {
    const start = this.#at;
    const number = Number(this.#take(pattern) ?? Number.NaN);
    if (number >= least && number <= most) return number;
    this.#at = start;
    throw this.#wrong(what);
  }

  #name(names: readonly string[], what: string): number {
    const rest = this.#source.slice(this.#at, this.#at + 16).toLowerCase();
    const index = names.findIndex((name) => rest.startsWith(name.toLowerCase()));
    if (index < 0) throw this.#wrong(what);
    this.#at += names[index]?.length ?? 0;
    return index;
  }

  #whole(): Time {
    const { year, minute, second, nanoseconds, half, zone = UTC, yearDay } = this.#read;
    let { hour, month = 1, day = 1 } = this.#read;
    if (half === 'PM' && hour < 12) hour += 12;
    if (half === 'AM' && hour === 12) hour = 0;
    if (yearDay !== undefined) {
      const date = new Date(Time.secondsOf(year, 1, yearDay) * 1000);
      const wrong =
        date.getUTCFullYear() !== year || [month, date.getUTCMonth() + 1].indexOf(this.#read.month ?? month) < 0;
      if (wrong) throw new FunctionFault('the day of the year does not fit the date');
      month = date.getUTCMonth() + 1;
      day = date.getUTCDate();
    }
    const last = new Date(Time.secondsOf(year, month + 1, 0) * 1000).getUTCDate();
    if (day > last) throw new FunctionFault(`${MONTHS[month - 1]} ${year} has only ${last} days`);
    return new Time(Time.secondsOf(year, month, day, hour, minute, second) - zone.offset, nanoseconds, zone);
  }
}

const TWO = /[0-9]{2}/y;
const ONE_OR_TWO = /[0-9]{1,2}/y;
