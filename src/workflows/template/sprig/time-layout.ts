import type { Civil, Time } from './time.ts';

/** Go's layouts (package `time`): a text in which the parts of `Mon Jan 2 15:04:05 MST 2006` stand for those of a time. */

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** One piece of a layout: an element, or the text between two. */
export interface LayoutPart {
  readonly element: boolean;
  readonly text: string;
}

const ELEMENTS =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002|0[1-6]|15|[12345]|PM|pm|[Z-]07(?::00:00|0000|:00|00|)|[.,](?:0+|9+)(?![0-9])/g;

/** Splits a layout into its elements and the texts between them. */
export function layoutParts(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let at = 0;
  for (const match of layout.matchAll(ELEMENTS)) {
    if (match.index > at) parts.push({ element: false, text: layout.slice(at, match.index) });
    parts.push({ element: true, text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < layout.length) parts.push({ element: false, text: layout.slice(at) });
  return parts;
}

/** The time, written as the layout says. */
export function formatTime(layout: string, time: Time): string {
  const civil = time.civil();
  return layoutParts(layout)
    .map((part) => (part.element ? elementText(part.text, time, civil) : part.text))
    .join('');
}

function elementText(element: string, time: Time, civil: Civil): string {
  const { year, month, day, hour, minute, second, weekday, yearDay } = civil;
  const two = (value: number): string => String(value).padStart(2, '0');
  switch (element) {
    case '2006':
      return String(year).padStart(4, '0');
    case '06':
      return two(year % 100);
    case 'January':
      return MONTHS[month - 1] ?? '';
    case 'Jan':
      return (MONTHS[month - 1] ?? '').slice(0, 3);
    case '01':
      return two(month);
    case '1':
      return String(month);
    case 'Monday':
      return WEEKDAYS[weekday] ?? '';
    case 'Mon':
      return (WEEKDAYS[weekday] ?? '').slice(0, 3);
    case '2':
      return String(day);
    case '_2':
      return String(day).padStart(2);
    case '02':
      return two(day);
    case '002':
      return String(yearDay).padStart(3, '0');
    case '__2':
      return String(yearDay).padStart(3);
    case '15':
      return two(hour);
    case '3':
      return String(hour % 12 || 12);
    case '03':
      return two(hour % 12 || 12);
    case '4':
      return String(minute);
    case '04':
      return two(minute);
    case '5':
      return String(second);
    case '05':
      return two(second);
    case 'PM':
      return hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return time.zone.name === '' ? offsetText('-0700', time.zone.offset) : time.zone.name;
  }
  return element.startsWith('.') || element.startsWith(',')
    ? fractionText(element, time.nanoseconds)
    : offsetText(element, time.zone.offset);
}

/** `.000` as many digits as there are, `.999` the same without zeros at the end. */
function fractionText(element: string, nanoseconds: number): string {
  const digits = String(nanoseconds)
    .padStart(9, '0')
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1);
  if (element[1] === '0') return element.charAt(0) + digits;
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : element.charAt(0) + kept;
}

/** `-07:00` and the like; with `Z` in front UTC is `Z`. */
function offsetText(element: string, offset: number): string {
  if (element.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  const digits = element.replaceAll(/[^0-9]/g, '').length;
  const written = parts.slice(0, digits / 2).map((part) => String(part).padStart(2, '0'));
  return (offset < 0 ? '-' : '+') + written.join(element.includes(':') ? ':' : '');
}
