import type { Healthcheck } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';
import { type Parsed, parseCount, parseDuration } from './units.ts';

const HEALTHCHECK_KEYS = ['test', 'interval', 'timeout', 'retries', 'start_period', 'disable'];
/** What Docker takes where a health check does not say. */
const USUAL = { interval: 30, timeout: 30, retries: 3, startPeriod: 0 };
const RETRIES_LIMIT = 1000;
/** Docker refuses shorter times. */
const SHORTEST = 0.001;

/** Compose's `healthcheck`; undefined where there is none, so that the image's own counts. */
export function readHealthcheck(read: FieldReader, item: Item | undefined): Healthcheck | undefined {
  const fields = read.optionalMap(item, 'a map with test and interval', HEALTHCHECK_KEYS);
  if (fields === undefined) return undefined;
  const { items } = fields;
  const time = (key: string): number | undefined => read.parsed(items.get(key), 'a time', longEnough);
  const times = {
    interval: time('interval') ?? USUAL.interval,
    timeout: time('timeout') ?? USUAL.timeout,
    retries: read.parsed(items.get('retries'), 'a number', parseCount(1, RETRIES_LIMIT)) ?? USUAL.retries,
    startPeriod: read.parsed(items.get('start_period'), 'a time', parseDuration) ?? USUAL.startPeriod,
  };
  if (read.flag(items.get('disable')) === true) {
    const other = items.get('test');
    if (other !== undefined) read.report(other, 'a health check that is disabled has no test');
    return { test: ['NONE'], ...times };
  }
  return { test: readTest(read, read.required(fields, 'test')), ...times };
}

function longEnough(text: string): Parsed<number> {
  const seconds = parseDuration(text);
  if ('problem' in seconds || seconds.value >= SHORTEST) return seconds;
  return { problem: `${text} is less than a millisecond` };
}

/** A command line for the shell, or Docker's list. */
function readTest(read: FieldReader, item: Item | undefined): string[] {
  if (item === undefined) return [];
  if (!read.isList(item)) {
    const line = read.checked(item, 'a command line, or a list that begins with CMD', () => undefined);
    return line === 'NONE' ? ['NONE'] : ['CMD-SHELL', line];
  }
  const test = read.strings(item, 'test');
  const [kind = '', ...rest] = test;
  if (read.isOpen(kind)) return test;
  if (!['CMD', 'CMD-SHELL', 'NONE'].includes(kind)) {
    read.report(item, `a test begins with CMD, CMD-SHELL or NONE, such as ["CMD", "wget", "-qO-", "http://localhost"]`);
  } else if (kind === 'NONE' && rest.length > 0) read.report(item, 'nothing comes after NONE');
  else if (kind === 'CMD-SHELL' && rest.length !== 1) read.report(item, 'after CMD-SHELL comes one command line');
  else if (kind === 'CMD' && rest.length === 0) read.report(item, 'after CMD comes a command');
  return test;
}
