/** Layers of content, one over another: what is built in, the packs in order of their names, and local objects. Pure. */
import { type Catalogue, nameOf, type Objects, SECTIONS, type Section } from './objects.ts';

/** What a pack says of itself. */
export interface PackMeta {
  name: string;
  version: string;
  description: string;
  documentation: string;
  /** What else is told to people: author, license, source and so on. */
  more: Record<string, string>;
}

/** Objects by section, each list in order of the names. */
export type PackObjects = { [S in Section]: readonly Objects[S][] };

/** A content pack: objects that come and go together, and that nobody changes one by one. */
export interface Pack {
  meta: PackMeta;
  objects: PackObjects;
  /** What stands in its text and is not done here: `section/name: key`, `section: names`. */
  unsupported: string[];
}

/** Where an object comes from. `updatedAt` in ms since 1970; what is built in has none. */
export interface Origin {
  layer: 'builtin' | 'pack' | 'local';
  /** Name of the pack, for `builtin` too. */
  pack?: string;
  updatedAt?: number;
}

/** A local object as it is stored. Times in ms since 1970. */
export interface LocalRecord<S extends Section = Section> {
  section: S;
  object: Objects[S];
  createdAt: number;
  updatedAt: number;
}

/** A pack as it is stored. */
export interface PackRecord {
  pack: Pack;
  createdAt: number;
  updatedAt: number;
}

/** What the layers are made of. */
export interface Layers {
  readonly builtin: readonly Pack[];
  readonly packs: ReadonlyMap<string, PackRecord>;
  /** By `localKey`. */
  readonly local: ReadonlyMap<string, LocalRecord>;
}

/** Two layers have an object of one name where only one may. */
export interface Overlap {
  section: Section;
  name: string;
  /** The object that counts, and the one that does not. */
  upper: Origin;
  lower: Origin;
}

/** The layers taken together. */
export interface Layered {
  readonly catalogue: Catalogue;
  readonly overlaps: readonly Overlap[];
  originOf(section: Section, name: string): Origin | undefined;
}

/** The place of a local object among the others, and the end of its key in the store. */
export function localKey(section: Section, name: string): string {
  return `${section}/${name}`;
}

/** The layers with more packs, each in the place of the one of its name. */
export function withPacks(layers: Layers, packs: readonly Pack[]): Layers {
  const records = packs.map((pack): [string, PackRecord] => [pack.meta.name, { pack, createdAt: 0, updatedAt: 0 }]);
  return packs.length === 0 ? layers : { ...layers, packs: new Map([...layers.packs, ...records]) };
}

/** The pack that everything rests on; other built-in packs are only there from the start. */
export const CORE_PACK = 'tinsmith';

/** Whether an object makes room for one of its name in another layer. */
function givesWay(below: Origin, above: Origin): boolean {
  if (below.layer !== 'builtin') return false;
  return above.layer === 'pack' || (above.layer === 'local' && below.pack !== CORE_PACK);
}

/**
 * Puts the layers one over another. A pack's object takes the place of a built-in one of its name, and so does a local one,
 * where that is not of the core pack; every other overlap is told. Of two packs the first by name counts, over both what is local: stored content is usable even so.
 */
export function layered({ builtin, packs, local }: Layers): Layered {
  const catalogue = emptyCatalogue();
  const origins = new Map<string, Origin>();
  const overlaps: Overlap[] = [];
  const add = (section: Section, object: Objects[Section], origin: Origin): void => {
    const name = nameOf(object);
    const below = origins.get(localKey(section, name));
    if (below !== undefined && !givesWay(below, origin)) {
      const isOver = origin.layer === 'local';
      const [upper, lower] = isOver ? [origin, below] : [below, origin];
      overlaps.push({ section, name, upper, lower });
      if (!isOver) return;
    }
    place(catalogue, section, object);
    origins.set(localKey(section, name), origin);
  };
  const addPack = ({ meta, objects }: Pack, origin: Origin): void => {
    for (const section of SECTIONS) {
      for (const object of objects[section]) add(section, object, { ...origin, pack: meta.name });
    }
  };
  for (const pack of builtin) addPack(pack, { layer: 'builtin' });
  for (const { pack, updatedAt } of byKey(packs)) addPack(pack, { layer: 'pack', updatedAt });
  for (const { section, object, updatedAt } of byKey(local)) add(section, object, { layer: 'local', updatedAt });
  return {
    catalogue: sorted(catalogue),
    overlaps,
    originOf: (section, name) => origins.get(localKey(section, name)),
  };
}

/** `pack NAME`, `what is built in`, `local objects`: where something is, for people. */
export function layerInWords({ layer, pack }: Origin): string {
  switch (layer) {
    case 'builtin':
      return `the built-in pack ${pack ?? ''}`.trimEnd();
    case 'pack':
      return `pack ${pack ?? ''}`.trimEnd();
    case 'local':
      return 'the local objects';
  }
}

type Building = { [S in Section]: Map<string, Objects[S]> };

function emptyCatalogue(): Building {
  return {
    bootenvs: new Map(),
    params: new Map(),
    profiles: new Map(),
    stages: new Map(),
    tasks: new Map(),
    templates: new Map(),
    workflows: new Map(),
  };
}

/** The section and the object are of one kind: they were read together. */
function place(into: Building, section: Section, object: Objects[Section]): void {
  (into[section] as Map<string, Objects[Section]>).set(nameOf(object), object);
}

function sorted(catalogue: Building): Catalogue {
  const inOrder = <V>(map: Map<string, V>): Map<string, V> => new Map(entriesInOrder(map));
  return Object.freeze({
    bootenvs: inOrder(catalogue.bootenvs),
    params: inOrder(catalogue.params),
    profiles: inOrder(catalogue.profiles),
    stages: inOrder(catalogue.stages),
    tasks: inOrder(catalogue.tasks),
    templates: inOrder(catalogue.templates),
    workflows: inOrder(catalogue.workflows),
  });
}

function byKey<V>(map: ReadonlyMap<string, V>): V[] {
  return entriesInOrder(map).map(([, value]) => value);
}

function entriesInOrder<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
