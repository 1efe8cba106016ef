import { type Flags, NO_FLAGS } from './flags.ts';
import { typeOf, type Value } from './values.ts';
import { checkLength, verbText } from './verbs.ts';

/** Width and precision above which Go's fmt refuses. */
const SIZE_LIMIT = 1_000_000;

/** Go's `fmt.Sprint`: a space between two operands where neither is a string. */
export function sprint(values: readonly Value[]): string {
  let text = '';
  let wasString = true;
  for (const [index, value] of values.entries()) {
    const isString = typeof value === 'string';
    if (index > 0 && !isString && !wasString) text += ' ';
    text += isString ? value : plain(value);
    wasString = isString;
  }
  return text;
}

/** Go's `fmt.Sprintln`: always a space between, a newline at the end. */
export function sprintln(values: readonly Value[]): string {
  return `${values.map(plain).join(' ')}\n`;
}

/** Go's `%v`. */
export function plain(value: Value): string {
  return verbText(value, 'v', NO_FLAGS);
}

/** Go's `fmt.Sprintf` with all verbs but `%p` and `%w`, flags, width, precision, `*` and argument indexes. */
export function sprintf(format: string, values: readonly Value[]): string {
  return new Formatter(format, values).run();
}

class Formatter {
  readonly #format: string;
  readonly #values: readonly Value[];
  #at = 0;
  #argument = 0;
  #reordered = false;
  #goodIndex = true;

  constructor(format: string, values: readonly Value[]) {
    this.#format = format;
    this.#values = values;
  }

  run(): string {
    let text = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      if (percent < 0) return text + this.#format.slice(this.#at) + this.#extra();
      text += this.#format.slice(this.#at, percent);
      this.#at = percent + 1;
      text += this.#directive();
      checkLength(text.length);
    }
    return text + this.#extra();
  }

  #directive(): string {
    const flags: Flags = { ...NO_FLAGS };
    this.#goodIndex = true;
    let complaint = '';
    this.#readFlags(flags);
    this.#readIndex();
    if (this.#format[this.#at] === '*') {
      this.#at += 1;
      const width = this.#star();
      if (width === undefined) complaint += '%!(BADWIDTH)';
      else {
        flags.width = Math.abs(width);
        if (width < 0) flags.minus = true;
      }
    } else flags.width = this.#digits();
    if (this.#format[this.#at] === '.') {
      this.#at += 1;
      this.#readIndex();
      if (this.#format[this.#at] === '*') {
        this.#at += 1;
        const precision = this.#star();
        if (precision === undefined) complaint += '%!(BADPREC)';
        flags.precision = precision !== undefined && precision >= 0 ? precision : undefined;
      } else flags.precision = this.#digits() ?? 0;
    }
    this.#readIndex();
    if (flags.minus) flags.zero = false;
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return `${complaint}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === '%') return `${complaint}%`;
    if (!this.#goodIndex) return `${complaint}%!${verb}(BADINDEX)`;
    const value = this.#values[this.#argument];
    if (value === undefined) return `${complaint}%!${verb}(MISSING)`;
    this.#argument += 1;
    return complaint + verbText(value, verb, flags);
  }

  #readFlags(flags: Flags): void {
    for (; ; this.#at += 1) {
      const flag = this.#format[this.#at];
      if (flag === '+') flags.plus = true;
      else if (flag === '-') flags.minus = true;
      else if (flag === '#') flags.sharp = true;
      else if (flag === ' ') flags.space = true;
      else if (flag === '0') flags.zero = true;
      else return;
    }
  }

  /** `[3]`: the argument to use next, from 1. */
  #readIndex(): void {
    if (this.#format[this.#at] !== '[') return;
    this.#reordered = true;
    const end = this.#format.indexOf(']', this.#at);
    const index = end < 0 ? Number.NaN : Number(this.#format.slice(this.#at + 1, end));
    this.#at = end < 0 ? this.#at + 1 : end + 1;
    if (Number.isInteger(index) && index >= 1 && index <= this.#values.length) this.#argument = index - 1;
    else this.#goodIndex = false;
  }

  #digits(): number | undefined {
    const digits = /^[0-9]+/.exec(this.#format.slice(this.#at, this.#at + 16))?.[0];
    if (digits === undefined) return undefined;
    const number = Number(digits);
    // Go gives up on the directive's number when it is too large.
    if (number > SIZE_LIMIT) return undefined;
    this.#at += digits.length;
    return number;
  }

  #star(): number | undefined {
    const value = this.#values[this.#argument];
    if (value !== undefined) this.#argument += 1;
    this.#readIndex();
    return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= SIZE_LIMIT ? value : undefined;
  }

  #extra(): string {
    if (this.#reordered || this.#argument >= this.#values.length) return '';
    const rest = this.#values.slice(this.#argument).map((v) => (v === null ? '<nil>' : `${typeOf(v)}=${plain(v)}`));
    return `%!(EXTRA ${rest.join(', ')})`;
  }
}
