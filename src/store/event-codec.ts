/**
 * Events as they lie on disk. Most of an event is text that was written a thousand times before: ids, kinds, names of
 * fields. Each such text is kept once as a word with a number, and events say the numbers. That takes a third of the space
 * of plain JSON and makes each write shorter.
 *
 * Packed, an event is `[time, shape, machine, workflow, ...values]`: the shape is the word of its kind and of the names in
 * its data; a machine or workflow is a word, or 0 for none. Among the values, `~N` is word N, `@N` a time N ms after the
 * event's, and any other text that begins with `~`, `@` or `'` has a `'` before it.
 */
import type { StoredEvent } from './events.ts';

export type Packed = [time: number, shape: number, machine: number, workflow: number, ...values: unknown[]];

/** Texts that may come again: no spaces, and neither too short nor too long to gain by it. */
const WORD = /^[\w.:/@+-]{4,64}$/;
const MARKED = /^[~@']/;
/** Around an event's time, integers in its data are taken for times, ms. */
const NEAR = 86_400_000;

/** Gives the number, from 1, of a word; undefined where it is not to be one. */
export interface NumberOf {
  (word: string, isNeeded: true): number;
  (word: string, isNeeded: boolean): number | undefined;
}

export function pack({ time, kind, machine, workflow, data }: StoredEvent, numberOf: NumberOf): Packed {
  const names: string[] = [kind];
  const packed: Packed = [
    time,
    0,
    machine === undefined ? 0 : numberOf(machine, true),
    workflow === undefined ? 0 : numberOf(workflow, true),
  ];
  for (const name in data) {
    const value = data[name];
    if (value === undefined) continue;
    names.push(name);
    packed.push(packValue(value, time, numberOf));
  }
  packed[1] = numberOf(JSON.stringify(names), true);
  return packed;
}

function packValue(value: unknown, time: number, numberOf: NumberOf): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value - time) < NEAR && value > NEAR)
    return `@${value - time}`;
  if (typeof value !== 'string') return value;
  const number = WORD.test(value) ? numberOf(value, false) : undefined;
  if (number !== undefined) return `~${number}`;
  return MARKED.test(value) ? `'${value}` : value;
}

/** The highest number of a word that a packed event is written with. */
export function highestWord([, shape, machine, workflow, ...values]: Packed): number {
  let highest = Math.max(shape, machine, workflow);
  for (const value of values)
    if (typeof value === 'string' && value[0] === '~') highest = Math.max(highest, Number(value.slice(1)));
  return highest;
}

/** Gives words by their numbers; a list is a word of texts, as JSON. */
export interface WordsByNumber {
  word(number: number): string;
  list(number: number): readonly string[];
}

export function unpack(seq: number, packed: Packed, words: WordsByNumber): StoredEvent {
  const [time, shape, machine, workflow, ...values] = packed;
  const [kind = '', ...names] = words.list(shape);
  const data: Record<string, unknown> = {};
  names.forEach((name, at) => {
    const value = unpackValue(values[at], time, words);
    // Not by assignment, which would set the prototype.
    if (name === '__proto__') Object.defineProperty(data, name, { value, ...ORDINARY });
    else data[name] = value;
  });
  const event: StoredEvent = { seq, time, kind, data };
  if (machine !== 0) event.machine = words.word(machine);
  if (workflow !== 0) event.workflow = words.word(workflow);
  return event;
}

const ORDINARY = { enumerable: true, writable: true, configurable: true };

function unpackValue(value: unknown, time: number, words: WordsByNumber): unknown {
  if (typeof value !== 'string') return value;
  switch (value[0]) {
    case '~':
      return words.word(Number(value.slice(1)));
    case '@':
      return time + Number(value.slice(1));
    case "'":
      return value.slice(1);
    default:
      return value;
  }
}
