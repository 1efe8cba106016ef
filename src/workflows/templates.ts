/** The templates we have: YAML with holes, by id and by name. */
import { TinsmithError } from '../errors.ts';
import type { EventLog } from '../store/events.ts';
import type { Store, Transaction } from '../store/store.ts';
import { checkTemplate } from './template/index.ts';

/** A template as it is kept. */
export interface Template {
  id: string;
  name: string;
  /** The YAML as it was given. */
  data: string;
  /** It was written for a lenient reader: what is unknown in it was told as a warning, and is left out. */
  lenient?: boolean;
  /** ms since 1970 */
  createdAt: number;
  updatedAt: number;
}

const keys = { template: (id: string) => `template/${id}`, name: (name: string) => `template-name/${name}` };

/** All templates. */
export class Templates {
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #clock: () => number;
  readonly #newId: () => string;

  constructor(store: Store, events: EventLog, clock: () => number, newId: () => string) {
    this.#store = store;
    this.#events = events;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** @throws TinsmithError INVALID_INPUT with line and column, CONFLICT when the name is taken. */
  async create(data: string, lenient = false): Promise<Template> {
    const { name } = checkTemplate(data, { lenient });
    const now = this.#clock();
    return this.#store.change((transaction) =>
      this.#put(
        transaction,
        { id: this.#newId(), name, data, lenient, createdAt: now, updatedAt: now },
        'template.created',
      ),
    );
  }

  /**
   * Replaces a template's text; workflows made from it keep what they were made of.
   * @param allow refuses, by throwing, to replace the template as it is.
   * @throws TinsmithError as create, and NOT_FOUND
   */
  async update(
    reference: string,
    data: string,
    allow: (before: Template) => void = () => {},
    lenient = false,
  ): Promise<Template> {
    const { name } = checkTemplate(data, { lenient });
    const { id } = this.find(reference);
    return this.#store.change((transaction) => {
      const before = transaction.get<Template>(keys.template(id));
      if (!before) throw notFound(reference);
      allow(before);
      transaction.delete(keys.name(before.name));
      return this.#put(transaction, { ...before, name, data, lenient, updatedAt: this.#clock() }, 'template.updated');
    });
  }

  /** @throws TinsmithError NOT_FOUND */
  find(reference: string): Template {
    const id = this.#store.get<string>(keys.name(reference)) ?? reference.toLowerCase();
    const template = this.#store.get<Template>(keys.template(id));
    if (!template) throw notFound(reference);
    return template;
  }

  async list(): Promise<Template[]> {
    return (await this.#store.values<Template>('template/')).sort((a, b) => a.createdAt - b.createdAt);
  }

  /**
   * @param allow refuses, by throwing, to delete the template as it is.
   * @throws TinsmithError NOT_FOUND
   */
  async delete(reference: string, allow: (before: Template) => void = () => {}): Promise<Template> {
    const { id } = this.find(reference);
    return this.#store.change((transaction) => {
      const template = transaction.get<Template>(keys.template(id));
      if (!template) throw notFound(reference);
      allow(template);
      transaction.delete(keys.template(id));
      transaction.delete(keys.name(template.name));
      this.#events.append(transaction, { kind: 'template.deleted', data: { template: id, name: template.name } });
      return template;
    });
  }

  #put(transaction: Transaction, template: Template, kind: string): Template {
    const owner = transaction.get<string>(keys.name(template.name));
    if (owner !== undefined && owner !== template.id) {
      throw new TinsmithError('CONFLICT', `A template named ${template.name} exists already (${owner}).`, {
        next: `Give this one another name, or replace that one: tinsmith template update ${template.name} --path FILE`,
        problems: [{ field: 'name', message: `${template.name} is taken by template ${owner}` }],
      });
    }
    transaction.put(keys.name(template.name), template.id);
    transaction.put(keys.template(template.id), template);
    this.#events.append(transaction, { kind, data: { template: template.id, name: template.name } });
    return template;
  }
}

function notFound(reference: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `No template has the id or name ${reference}.`, {
    next: 'See which there are: tinsmith template list',
  });
}
