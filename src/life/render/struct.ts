import { fixed, GoObject, type TemplateFunction, type Value } from '../../workflows/template/gotemplate/index.ts';

/** Fields and methods by name: a field is a value, or is worked out when it is asked for. */
export type Members = Readonly<Record<string, TemplateFunction | (() => Value)>>;

/** An object of Digital Rebar's as templates see it: they may ask for its members, and for nothing else. */
export class Struct extends GoObject {
  readonly type: string;
  readonly kind = 'struct';
  readonly #text: string;
  readonly #members: Members;

  /** @param type Digital Rebar's name of it, for messages @param text what it is where it is written out whole */
  constructor(type: string, text: string, members: Members) {
    super();
    this.type = type;
    this.#text = text;
    this.#members = members;
  }

  override text(): string {
    return this.#text;
  }

  override method(name: string): TemplateFunction | undefined {
    // Most are never asked for: only those that are, are made functions.
    const member = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return typeof member === 'function' ? fixed(0, member) : member;
  }

  override names(): Iterable<string> {
    return Object.keys(this.#members);
  }
}

/** What every object has. */
export function described(object: {
  name: string;
  description: string;
  documentation: string;
  meta: Readonly<Record<string, string>>;
}): Record<string, () => Value> {
  return {
    Name: () => object.name,
    Key: () => object.name,
    Description: () => object.description,
    Documentation: () => object.documentation,
    Meta: () => ({ ...object.meta }),
  };
}
