import type { Catalogue } from '../../content/objects.ts';
import { TinsmithError } from '../../errors.ts';
import { NESTED_MAX, nestsTooDeep } from '../../json.ts';
import { FunctionFault } from '../../workflows/template/gotemplate/index.ts';
import { didYouMean } from '../../workflows/template/nearest.ts';
import { type About, compose, type Effective, effectiveParams } from '../params.ts';
import { isSealed } from '../seal.ts';
import { secretTexts } from '../secret-texts.ts';
import type { RenderContext } from './context.ts';

/** The params that count for what is rendered, as templates ask for them; remembers the texts that are secret. */
export class ParamReader {
  readonly #context: RenderContext;
  readonly #about: About;
  readonly #secrets = new Set<string>();
  #effective: ReadonlyMap<string, Effective> | undefined;

  constructor(context: RenderContext) {
    this.#context = context;
    this.#about = { life: context.life, stage: context.stage, catalogue: context.catalogue };
  }

  /** Texts of secure values that were read, and of tokens. */
  get secrets(): string[] {
    return [...this.#secrets];
  }

  has(name: string): boolean {
    return this.#all().has(name);
  }

  /**
   * The value of a param, a sealed one opened.
   * @throws FunctionFault where there is none, it may not be read here, or it cannot be opened
   */
  read(name: string, call: string): unknown {
    const found = this.#all().get(name);
    if (found === undefined) throw this.#missing(name, call);
    return this.#revealed(name, found.value, call);
  }

  /** The value of all levels together. @throws as {@link read} */
  composed(name: string, call: string): unknown {
    const found = compose(name, this.#about, (value) => this.#revealed(name, value, call));
    if (found === undefined) throw this.#missing(name, call);
    return found.value;
  }

  /** Whether a param's values are secret. */
  isSecure(name: string): boolean {
    return isSecure(this.#context.catalogue, name) || isSealed(this.#all().get(name)?.value);
  }

  /** Keeps every text in a value out of logs. */
  hide(value: unknown): void {
    for (const text of secretTexts(value)) this.#secrets.add(text);
  }

  #all(): ReadonlyMap<string, Effective> {
    this.#effective ??= effectiveParams(this.#about);
    return this.#effective;
  }

  #revealed(name: string, value: unknown, call: string): unknown {
    const isClosed = isSealed(value);
    if (!isClosed && !isSecure(this.#context.catalogue, name)) return value;
    if (this.#context.task === undefined && !this.#context.isForMachine) {
      const why = 'kernel arguments and boot scripts are there for everybody to read';
      throw new FunctionFault(
        `${call}: the param is secure; templates of tasks, and files of stages and boot environments, may read it: ${why}`,
        true,
      );
    }
    const revealed = isClosed ? this.#opened(value, call) : value;
    if (nestsTooDeep(revealed))
      throw new FunctionFault(`${call}: the value nests lists and maps more than ${NESTED_MAX} deep`, true);
    this.hide(revealed);
    return revealed;
  }

  #opened(value: unknown, call: string): unknown {
    try {
      return this.#context.open(value);
    } catch (error) {
      if (error instanceof TinsmithError && error.code === 'INVALID_INPUT')
        throw new FunctionFault(`${call}: ${error.message}`, true);
      throw error;
    }
  }

  #missing(name: string, call: string): FunctionFault {
    const { machine, stage } = this.#context;
    const places = ['the profile global, and no default'];
    if (stage) places.unshift(`stage ${stage.name}`);
    if (machine) places.unshift(`machine ${machine.name}, its profiles`);
    const hint = didYouMean(name, this.#all().keys());
    return new FunctionFault(`${call}: no such param; it is not in ${places.join(', ')}${hint}`, true);
  }
}

function isSecure(catalogue: Catalogue, name: string): boolean {
  return catalogue.params.get(name)?.secure === true;
}
