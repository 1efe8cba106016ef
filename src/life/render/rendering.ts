import type { TemplateEntry } from '../../content/objects.ts';
import { TinsmithError } from '../../errors.ts';
import {
  Budget,
  execute,
  executeWithin,
  FunctionFault,
  fixed,
  type Limits,
  parse,
  parseWithin,
  type RenderOptions,
  type Spend,
  stringArgument,
  type Template,
  type Value,
} from '../../workflows/template/gotemplate/index.ts';
import { didYouMean } from '../../workflows/template/nearest.ts';
import type { RenderContext } from './context.ts';
import { dotOf } from './dot.ts';
import { Library } from './library.ts';
import { ParamReader } from './params-read.ts';
import type { Struct } from './struct.ts';
import { FUNCTIONS } from './values.ts';

/** What all templates of one task, stage or environment may use together, and what any one text may grow to. */
export const LIMITS: Limits = { outputBytes: 1 << 20, steps: 1_000_000 };

/** Bytes of all texts of one task, stage or environment. */
const TOTAL_BYTES = 4 << 20;

/** Contents by the object that has them: objects of the catalogue stay as they are until others take their place. */
const known = new WeakMap<object, Template>();

function parsed(text: string, name: string, of: object | undefined): Template {
  const found = of && known.get(of);
  if (found?.text === text) return found;
  const template = parse(text, FUNCTIONS, name);
  if (of) known.set(of, template);
  return template;
}

/** The filling in of what belongs together: one budget, one set of templates, and the secrets that were used. */
export class Rendering {
  readonly context: RenderContext;
  readonly params: ParamReader;
  readonly #library: Library;
  readonly #options: RenderOptions & { budget: Budget };
  readonly #tokens = new Map<string, string>();
  readonly #dot: Struct;
  #bytes = 0;

  constructor(context: RenderContext, entries: readonly TemplateEntry[] = []) {
    this.context = context;
    this.params = new ParamReader(context);
    this.#library = new Library(entries, context);
    this.#options = {
      functions: FUNCTIONS,
      nilHoles: 'refuse',
      templates: (name) => this.#library.find(name),
      budget: new Budget(LIMITS),
    };
    this.#dot = dotOf(this);
  }

  /**
   * Fills in a text.
   * @param name what messages call it
   * @param of the object of the catalogue whose contents it is: what it reads as is kept with that
   * @throws TinsmithError INVALID_INPUT with one problem, its line and column
   */
  text(text: string, name = 'template', of?: object): string {
    const options = { ...this.#options, name };
    const written = execute(parsed(text, name, of), this.#dot, options).text;
    this.#bytes += Buffer.byteLength(written);
    if (this.#bytes > TOTAL_BYTES) {
      const message = `all templates together write more than ${TOTAL_BYTES} bytes`;
      throw new TinsmithError('INVALID_INPUT', message, { problems: [{ field: '', message }] });
    }
    return written;
  }

  /** Fills in a text in the middle of another. @throws TemplateFault */
  within(text: string, name: string, spend: Spend): string {
    // Reading it costs about as much as going through it.
    spend(text.length >> 2);
    return executeWithin(parseWithin(name, text, FUNCTIONS), this.#dot, this.#options);
  }

  /** `.CallTemplate "name" .` */
  readonly callTemplate = fixed(2, ([given, dot = null]) => {
    const name = stringArgument(given, "the template's name");
    const found = this.#library.find(name);
    if (found !== undefined) return executeWithin(found, dot, this.#options);
    throw new FunctionFault(
      `.CallTemplate "${name}": there is no such template${didYouMean(name, this.#library.ids())}`,
      true,
    );
  });

  /** A token of that kind, the same one for all texts. */
  token(kind: 'machine' | 'infinite' | 'unknown'): Value {
    const token = this.#tokens.get(kind) ?? this.context.token(kind);
    this.#tokens.set(kind, token);
    this.params.hide(token);
    return token;
  }
}
