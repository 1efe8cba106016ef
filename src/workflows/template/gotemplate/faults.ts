/** Something wrong at one place of the template text; `index.ts` turns it into an error with line and column. */
export class TemplateFault extends Error {
  /** Offset into the template text. */
  readonly offset: number;
  /** The text that the offset is of, and what it is called, where it is another than the one that is rendered. */
  readonly within: { name: string; text: string } | undefined;

  constructor(offset: number, message: string, within?: { name: string; text: string }) {
    super(message);
    this.offset = offset;
    this.within = within;
  }
}

/** Why a function cannot do what it was asked; the evaluator adds the place. */
export class FunctionFault extends Error {
  /** The message names the call itself, with what was asked of it: the function's name is not put before it. */
  readonly namesCall: boolean;

  constructor(message: string, namesCall = false) {
    super(message);
    this.namesCall = namesCall;
  }
}
