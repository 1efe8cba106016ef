import { TemplateFault } from './faults.ts';
import { isList, type Value } from './values.ts';

/** What a rendering may use. */
export interface Limits {
  /** Bytes of the rendered text, and of any one value on the way. */
  readonly outputBytes: number;
  /** Nodes and function calls evaluated; long values count for more. */
  readonly steps: number;
}

/** Default limits: Tinkerbell's 256 KiB of output, and steps for well under a second. */
export const LIMITS: Limits = { outputBytes: 256 * 1024, steps: 1_000_000 };

/** Templates calling templates, blocks and parentheses in one another, counted together. */
const DEPTH_LIMIT = 400;

/** Keeps one evaluation within its limits. All offsets say where the template text is to blame. */
export class Budget {
  readonly #limits: Limits;
  #steps = 0;
  #depth = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws TemplateFault when that is one level too deep */
  enter(offset: number): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_LIMIT) {
      throw new TemplateFault(offset, `nested more than ${DEPTH_LIMIT} deep (does a template call itself for ever?)`);
    }
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** @throws TemplateFault when there are not so many steps left */
  spend(steps: number, offset: number): void {
    this.#steps += steps;
    if (this.#steps > this.#limits.steps) {
      throw new TemplateFault(offset, `rendering takes more than ${this.#limits.steps} steps`);
    }
  }

  /** Pays for a value by its size. @throws TemplateFault also when it is larger than the output may be */
  spendOn(value: Value, offset: number): void {
    if (typeof value === 'string') {
      this.checkSize(value.length, 'a value', offset);
      this.spend(1 + (value.length >> 6), offset);
    } else this.spend(isList(value) ? 1 + value.length : 1, offset);
  }

  /** @throws TemplateFault when `what` is larger than the output may be */
  checkSize(bytes: number, what: string, offset: number): void {
    const limit = this.#limits.outputBytes;
    if (bytes > limit) throw new TemplateFault(offset, `${what} exceeds ${limit} bytes`);
  }
}
