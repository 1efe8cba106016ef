/** Content packs as texts: YAML or JSON, with `meta` and `sections`, as Digital Rebar bundles them. Pure. */
import { stringify } from 'yaml';
import type { Problem } from '../errors.ts';
import { refuseIf } from '../problems.ts';
import { fieldOf, type Path, type Place, Source } from '../yaml-source.ts';
import type { Pack, PackObjects } from './layers.ts';
import { nameOf, type Objects, SECTIONS, type Section } from './objects.ts';
import { metaToWrite, readMeta } from './pack-meta.ts';
import { frozen, readObject } from './reading.ts';
import { withoutDefaults } from './unset.ts';

/** Characters of a pack at most. */
const SIZE_LIMIT = 64 << 20;

/** Leads from an object of a pack to its place in the text that the pack was read from. */
export type PlaceOf = (section: Section, name: string, path: Path, within?: Place) => Place | undefined;

const places = new WeakMap<Pack, PlaceOf>();

/** Where the objects of a pack stand in its text; undefined for one that was not read from a text. */
export function placesOf(pack: Pack): PlaceOf | undefined {
  return places.get(pack);
}

/**
 * Reads a pack. Sections and keys that we do nothing with are named in `unsupported`.
 * @throws TinsmithError INVALID_INPUT with every problem, and its line and column
 */
export function parsePack(text: string): Pack {
  const next = 'Correct the pack there; nothing has been changed.';
  if (text.length > SIZE_LIMIT) {
    const message = `the pack is longer than ${SIZE_LIMIT >> 20} Mi characters`;
    refuseIf([{ field: '', message, line: 1, column: 1 }], { of: ' of the pack', next });
  }
  const source = new Source(text);
  const reading = new Reading(source);
  if (source.problems.length === 0) reading.read();
  refuseIf([...source.problems, ...reading.problems], { of: ' of the pack', next });
  const pack: Pack = frozen({
    meta: reading.meta,
    objects: reading.objects(),
    unsupported: reading.unsupported,
  });
  places.set(pack, reading.placeOf);
  return pack;
}

/** A pack as YAML that `parsePack` reads, in our writing, without what is not set. */
export function packToYaml({ meta, objects }: Pack): string {
  const sections = SECTIONS.filter((section) => objects[section].length > 0).map((section) => [
    section,
    Object.fromEntries(objects[section].map((object) => [nameOf(object), withoutDefaults(section, object)])),
  ]);
  const document = { meta: metaToWrite(meta), sections: Object.fromEntries(sections) };
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** A pack being read. */
class Reading {
  readonly problems: Problem[] = [];
  readonly unsupported: string[] = [];
  meta: Pack['meta'] = { name: '', version: '', description: '', documentation: '', more: {} };
  readonly #source: Source;
  readonly #found = new Map<Section, Map<string, { object: Objects[Section] | undefined; path: Path }>>();

  constructor(source: Source) {
    this.#source = source;
  }

  readonly placeOf: PlaceOf = (section, name, path, within) => {
    const found = this.#found.get(section)?.get(name);
    if (found === undefined) return undefined;
    const whole = [...found.path, ...path];
    return within === undefined ? this.#source.placeOf(whole) : this.#source.placeWithin(whole, within);
  };

  read(): void {
    const { value } = this.#source;
    if (!isMap(value)) {
      this.#report([], 'is no pack: it must be a map with meta and sections');
      return;
    }
    for (const key of Object.keys(value)) {
      if (!['meta', 'sections'].includes(key))
        this.#report([key], `unknown key "${key}"; known are meta, sections`, 'key');
    }
    const { meta, problems, unsupported } = readMeta(value.meta, (path) => this.#source.writingOf(['meta', ...path]));
    this.meta = meta;
    for (const { path, message, of } of problems) this.#report(['meta', ...path], message, of);
    this.unsupported.push(...unsupported.map((key) => `meta: ${key}`));
    if (isMap(value.sections)) {
      for (const [section, objects] of Object.entries(value.sections)) this.#readSection(section, objects);
    } else if (value.sections !== null && value.sections !== undefined) this.#report(['sections'], 'must be a map');
  }

  /** Objects of each section in order of their names. */
  objects(): PackObjects {
    const of = <S extends Section>(section: S): Objects[S][] =>
      [...(this.#found.get(section) ?? [])]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        // What was found in a section is of that section.
        .map(([, { object }]) => object as Objects[S]);
    return {
      bootenvs: of('bootenvs'),
      params: of('params'),
      profiles: of('profiles'),
      stages: of('stages'),
      tasks: of('tasks'),
      templates: of('templates'),
      workflows: of('workflows'),
    };
  }

  #report(path: Path, message: string, of: 'key' | 'value' = 'value', field = fieldOf(path)): void {
    this.problems.push({ field, message, ...this.#source.placeOf(path, of) });
  }

  #readSection(key: string, objects: unknown): void {
    if (objects === null) return;
    const section = SECTIONS.find((each) => each === key);
    if (section === undefined) {
      const names = namesIn(objects);
      if (names.length > 0) this.unsupported.push(`${key}: ${names.join(', ')}`);
      return;
    }
    if (Array.isArray(objects)) {
      for (const [index, object] of objects.entries())
        this.#readObject(section, undefined, object, ['sections', key, index]);
    } else if (isMap(objects)) {
      for (const [name, object] of Object.entries(objects))
        this.#readObject(section, name, object, ['sections', key, name]);
    } else this.#report(['sections', key], 'must be a map of objects by name, or a list of objects');
  }

  #readObject(section: Section, key: string | undefined, input: unknown, path: Path): void {
    const word = section === 'templates' ? 'id' : 'name';
    const given = nameGiven(input, word);
    const isNamed = given !== undefined && given !== '';
    const name = key ?? (isNamed ? String(given) : undefined);
    const label = `${section}/${name ?? path.at(-1)}`;
    const report = (inner: Path, message: string, of?: 'key' | 'value'): void => {
      const field = inner.length === 0 ? label : `${label}: ${fieldOf(inner)}`;
      this.#report([...path, ...inner], message, of, field);
    };
    if (isNamed && key !== undefined && given !== key) {
      report([word], `is ${JSON.stringify(given)}, and the object stands under "${key}"`);
    }
    const { object, problems, unsupported } = readObject(section, isNamed ? input : withName(input, word, key));
    for (const { path: inner, message, of } of problems) report(inner, message, of);
    this.unsupported.push(...unsupported.map((inner) => `${label}: ${fieldOf(inner)}`));
    const all = this.#found.get(section) ?? new Map();
    this.#found.set(section, all);
    if (name === undefined) return;
    if (all.has(name)) report([], `there is another of that name in the pack`, 'key');
    else all.set(name, { object, path });
  }
}

function nameGiven(input: unknown, word: string): unknown {
  if (!isMap(input)) return undefined;
  const key = Object.keys(input).find((each) => each.toLowerCase() === word);
  return key === undefined ? undefined : (input[key] ?? undefined);
}

/** An object that has its name only from where it stands. */
function withName(input: unknown, word: string, name: string | undefined): unknown {
  if (!isMap(input) || name === undefined) return input;
  return { ...Object.fromEntries(Object.entries(input).filter(([key]) => key.toLowerCase() !== word)), [word]: name };
}

/** The names of objects of a kind that is not known. */
function namesIn(objects: unknown): string[] {
  if (!Array.isArray(objects)) return isMap(objects) ? Object.keys(objects) : [];
  return objects.map((each, index) => String(nameGiven(each, 'name') ?? nameGiven(each, 'id') ?? `[${index}]`));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
