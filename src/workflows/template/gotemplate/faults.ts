/** Something wrong at one place of the template text; `index.ts` turns it into an error with line and column. */
export class TemplateFault extends Error {
  /** Offset into the template text. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Why a function cannot do what it was asked; the evaluator adds the place. */
export class FunctionFault extends Error {}
