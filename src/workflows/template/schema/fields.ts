import type { Fields, Item, YamlReader } from '../yaml-reader.ts';
import { type Parsed, parseSeconds, parseTruth } from './units.ts';

const NAME_LIMIT = 200;

/** How strictly a document is read. */
export interface ReadOptions {
  /** The text has holes in place of whole lines, so a key that is missing may be in one of them. */
  partial?: boolean;
  /** Unknown keys and other versions are warnings, as Tinkerbell took them from v0.9 on. */
  lenient?: boolean;
}

/** Reads the values that all parts of a template are made of; what is wrong with them goes to the YAML reader. */
export class FieldReader {
  readonly #reader: YamlReader;
  readonly #partial: boolean;
  readonly lenient: boolean;

  constructor(reader: YamlReader, { partial = false, lenient = false }: ReadOptions) {
    this.#reader = reader;
    this.#partial = partial;
    this.lenient = lenient;
  }

  report(item: { field: string; offset: number }, message: string): void {
    this.#reader.report(item, message);
  }

  warn(item: { field: string; offset: number }, message: string): void {
    this.#reader.warn(item, message);
  }

  /** Whether the text holds a hole whose value is not known yet. */
  isOpen(text: string): boolean {
    return this.#reader.isOpen(text);
  }

  /** Whether there is no value, or an empty text. */
  isBlank(item: Item): boolean {
    return this.#reader.isEmpty(item) || this.#reader.isEmptyText(item);
  }

  /** Whether the value is a map, or a list, so that it is no text. */
  isMap(item: Item): boolean {
    return this.#reader.isMap(item);
  }

  isList(item: Item): boolean {
    return this.#reader.isList(item);
  }

  map(item: Item, what: string, known?: readonly string[]): Fields | undefined {
    return this.#reader.map(item, what, known, this.lenient);
  }

  /** A map that may be left out or empty. */
  optionalMap(item: Item | undefined, what: string, known?: readonly string[]): Fields | undefined {
    return item === undefined || this.#reader.isEmpty(item) ? undefined : this.map(item, what, known);
  }

  /** Elements of a list that may be left out or empty. */
  list(item: Item | undefined, what: string): Item[] {
    return item === undefined ? [] : (this.#reader.list(item, what) ?? []);
  }

  /** The item of a key that must be there and have a value. */
  required(fields: Fields, key: string, message = `${key} is missing`): Item | undefined {
    const item = fields.items.get(key);
    if (item !== undefined && !this.#reader.isEmpty(item)) return item;
    if (item === undefined && (this.#partial || !fields.complete)) return undefined;
    const field = fields.at.field === '' ? key : `${fields.at.field}.${key}`;
    this.report(item ?? { field, offset: fields.at.offset }, item === undefined ? message : `${key} is empty`);
    return undefined;
  }

  /** Refuses keys that make no sense beside others. */
  refuseKeys(fields: Fields, keys: readonly string[], who: string): void {
    for (const key of keys) {
      const other = fields.items.get(key);
      if (other !== undefined) this.report(other, `${who} has no ${key}`);
    }
  }

  /** Text of a value that must not be empty, with `check` for what else is wrong with it; '' where it is not there. */
  checked(item: Item | undefined, what: string, check: (text: string) => string | undefined): string {
    const text = item === undefined ? undefined : this.#reader.text(item, what);
    if (item === undefined || text === undefined) return '';
    if (this.isOpen(text)) return text;
    const problem = text === '' ? `is empty, expected ${what}` : check(text);
    if (problem !== undefined) this.report(item, problem);
    return text;
  }

  /** Text of a value that may be left out or empty. */
  optional(item: Item | undefined, what: string, check: (text: string) => string | undefined): string {
    return item === undefined || this.isBlank(item) ? '' : this.checked(item, what, check);
  }

  /** What a text stands for; undefined where it is left out or empty, not known yet, or wrong (a problem). */
  parsed<T>(item: Item | undefined, what: string, parse: (text: string) => Parsed<T>): T | undefined {
    let value: T | undefined;
    this.optional(item, what, (text) => {
      const outcome = parse(text);
      if ('problem' in outcome) return outcome.problem;
      value = outcome.value;
      return undefined;
    });
    return value;
  }

  /** Whole seconds; 0 where there are none. */
  seconds(item: Item | undefined): number {
    return this.parsed(item, 'whole seconds', parseSeconds) ?? 0;
  }

  /** True or false; undefined where it is left out or empty. */
  flag(item: Item | undefined): boolean | undefined {
    return this.parsed(item, 'true or false', parseTruth);
  }

  name(item: Item | undefined): string {
    return this.checked(item, 'a name', (name) => {
      if ([...name].length > NAME_LIMIT) return `the name has more than ${NAME_LIMIT} characters`;
      return /\p{Cc}/u.test(name) ? 'the name has a control character or line break' : undefined;
    });
  }

  strings(item: Item | undefined, key: string): string[] {
    return this.list(item, `a list of texts, such as ${key}: ["sh", "-c", "…"]`).flatMap((element) => {
      const text = this.#reader.text(element, 'a text');
      if (text === '' && this.#reader.isEmpty(element)) this.report(element, 'is empty; write "" for an empty text');
      return text === undefined ? [] : [text];
    });
  }

  /** Any value. */
  value(item: Item): unknown {
    return this.#reader.value(item);
  }

  /** Any scalar as text. */
  text(item: Item, what: string): string {
    return this.#reader.text(item, what) ?? '';
  }

  /** Elements of a list of maps, with unique names. */
  named<T extends { name: string }>(
    item: Item | undefined,
    { what, one, empty = true }: { what: string; one: string; empty?: boolean },
    read: (item: Item, index: number) => T | undefined,
  ): T[] {
    if (item === undefined) return [];
    const elements = this.#reader.list(item, what);
    if (elements?.length === 0 && !empty) this.report(item, `there must be at least one ${one}`);
    const seen = new Map<string, string>();
    const all: T[] = [];
    for (const [index, element] of (elements ?? []).entries()) {
      const value = read(element, index);
      if (value === undefined) continue;
      all.push(value);
      const before = seen.get(value.name);
      if (before === undefined) seen.set(value.name, element.field);
      else if (value.name !== '' && !this.isOpen(value.name)) {
        this.report(element, `two ${one}s are named "${value.name}" (the other is ${before})`);
      }
    }
    return all;
  }
}
