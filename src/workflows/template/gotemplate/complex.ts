import { NO_FLAGS } from './flags.ts';
import type { TemplateFunction } from './functions.ts';
import { float, GoObject } from './values.ts';
import { verbText } from './verbs.ts';

/** Go's `complex128`. A template can write one and print it. */
export class Complex extends GoObject {
  readonly type = 'complex128';
  readonly kind = 'complex128';
  readonly #real: number;
  readonly #imaginary: number;

  constructor(real: number, imaginary: number) {
    super();
    this.#real = real;
    this.#imaginary = imaginary;
  }

  override text(): string {
    const imaginary = verbText(float(this.#imaginary), 'v', { ...NO_FLAGS, plus: true });
    return `(${verbText(float(this.#real), 'v', NO_FLAGS)}${imaginary}i)`;
  }

  override method(): TemplateFunction | undefined {
    return undefined;
  }
}
