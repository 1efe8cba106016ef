import type { SharedTemplate, TemplateEntry } from '../../content/objects.ts';
import { TemplateFault } from '../../workflows/template/gotemplate/faults.ts';
import { type Associated, parseWithin } from '../../workflows/template/gotemplate/index.ts';
import type { RenderContext } from './context.ts';
import { FUNCTIONS } from './values.ts';

/** Parsed texts by the object that has them: objects of the catalogue stay as they are until others take their place. */
const parsed = new WeakMap<object, { contents: string; associated: Associated }>();

/** Templates by the names that others call them by. */
export class Library {
  readonly #entries: readonly TemplateEntry[];
  readonly #shared: RenderContext['catalogue']['templates'];

  /** @param entries those of the task, stage or environment: they may call each other by name */
  constructor(entries: readonly TemplateEntry[], { catalogue }: Pick<RenderContext, 'catalogue'>) {
    this.#entries = entries;
    this.#shared = catalogue.templates;
  }

  /** The shared template with this id. @throws TemplateFault where its text is no template */
  shared(id: string): Associated | undefined {
    const shared = this.#shared.get(id);
    return shared && parse(shared, `shared template "${id}"`, shared.contents);
  }

  /** Names of shared templates. */
  ids(): Iterable<string> {
    return this.#shared.keys();
  }

  /** What `{{template "name" .}}` stands for. @throws TemplateFault where the text that has it is no template */
  find(name: string): Associated | undefined {
    const entry = this.#entries.find((each) => each.name === name);
    if (entry) return this.#ofEntry(entry);
    return this.shared(name) ?? this.#defined(name);
  }

  #ofEntry(entry: TemplateEntry): Associated | undefined {
    return entry.id ? this.shared(entry.id) : parse(entry, `template "${entry.name}"`, entry.contents ?? '');
  }

  /** A template that another text defines: in Digital Rebar all texts of an object are one set. */
  #defined(name: string): Associated | undefined {
    const own = this.#entries.filter(({ contents = '' }) => DEFINES.test(contents));
    const shared = [...this.#shared.values()].filter(({ contents }) => DEFINES.test(contents));
    const texts = [
      ...own.map((entry) => () => this.#ofEntry(entry)),
      ...shared.map(
        ({ id }) =>
          () =>
            this.shared(id),
      ),
    ];
    for (const text of texts) {
      const found = unlessFaulty(text);
      const root = found?.template.defined.get(name);
      if (found && root) return { name: found.name, template: { ...found.template, root } };
    }
    return undefined;
  }
}

const DEFINES = /\{\{-?\s*(?:define|block)\b/;

function parse(of: TemplateEntry | SharedTemplate, name: string, contents: string): Associated {
  const known = parsed.get(of);
  if (known?.contents === contents) return known.associated;
  const associated = parseWithin(name, contents, FUNCTIONS);
  parsed.set(of, { contents, associated });
  return associated;
}

/** One that is no template is told of where it is used itself. */
function unlessFaulty<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateFault) return undefined;
    throw error;
  }
}
