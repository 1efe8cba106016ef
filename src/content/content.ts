/**
 * Tasks, stages and all else that the life of machines is made of: what is built in, content packs, and local objects. All
 * of it is kept in memory; a change is checked against all that is, or is about to be, on disk, so that whatever refers to
 * something finds it.
 */
import type { Problem } from '../errors.ts';
import type { EventLog, Store } from '../store/index.ts';
import type { CheckContainer, CheckText } from './check.ts';
import { type Layers, type LocalRecord, localKey, type Origin, type Pack, type PackRecord } from './layers.ts';
import { type DryRun, deleteObject, type Put, type PutInput, putObjects } from './local-objects.ts';
import { type Catalogue, nameOf, type Objects, type Section } from './objects.ts';
import { addPack, infoOf, type PackInfo, removePack } from './packs.ts';
import type { Parts, Uses } from './parts.ts';
import { frozen } from './reading.ts';
import { noObject, noPack, problemOf } from './refusals.ts';
import type { ContentChange } from './snapshot.ts';
import { VERSION, Versions } from './versions.ts';

export class Content {
  readonly #parts: Omit<Parts, 'uses'>;
  #uses: Uses;

  private constructor(parts: Omit<Parts, 'uses'>, uses: Uses = () => []) {
    this.#parts = parts;
    this.#uses = uses;
  }

  /** Reads what is stored. What of it is not usable any more is there all the same: `faults` tells of it. */
  static async open({
    builtin,
    checkText,
    checkContainer,
    uses,
    ...parts
  }: {
    store: Store;
    events: EventLog;
    /** ms since 1970 */
    clock: () => number;
    builtin: readonly Pack[];
    /** What is wrong with the text of a template, with line and column in it. */
    checkText: CheckText;
    /** What is wrong with the container of a Task's step; nothing by default. */
    checkContainer?: CheckContainer;
    uses?: Uses;
  }): Promise<Content> {
    const packs = await parts.store.values<PackRecord>('content-pack/');
    const local = await parts.store.values<LocalRecord>('content/');
    const layers: Layers = {
      builtin,
      packs: new Map(packs.map((record) => [record.pack.meta.name, frozen(record)])),
      local: new Map(local.map((record) => [localKey(record.section, nameOf(record.object)), frozen(record)])),
    };
    const versions = new Versions(layers, parts.store.get<number>(VERSION) ?? 0, { checkText, checkContainer });
    return new Content({ ...parts, versions }, uses);
  }

  /** Who knows which machines use an object: it is not deleted then. */
  set usedBy(uses: Uses) {
    this.#uses = uses;
  }

  /** All objects that count. */
  catalogue(): Catalogue {
    return this.#parts.versions.now.catalogue;
  }

  /** What is wrong with what is stored, which an earlier version took. */
  faults(): Problem[] {
    return this.#parts.versions.now.faults().map((fault) => problemOf(fault));
  }

  /** Where an object comes from; undefined where there is none. */
  origin(section: Section, name: string): Origin | undefined {
    return this.#parts.versions.now.originOf(section, name);
  }

  /** The objects of a section, in order of their names. */
  list<S extends Section>(section: S): Objects[S][] {
    return [...this.#of(section).values()];
  }

  find<S extends Section>(section: S, name: string): Objects[S] | undefined {
    return this.#of(section).get(name);
  }

  /** @throws TinsmithError NOT_FOUND */
  get<S extends Section>(section: S, name: string): Objects[S] {
    const object = this.find(section, name);
    if (object === undefined) throw noObject(section, name);
    return object;
  }

  #of<S extends Section>(section: S): ReadonlyMap<string, Objects[S]> {
    const catalogue: { readonly [K in Section]: ReadonlyMap<string, Objects[K]> } = this.catalogue();
    return catalogue[section];
  }

  /**
   * Makes a local object, or replaces it.
   * @param input in our writing or in Digital Rebar's
   * @param options.allow refuses, by throwing, to replace the object as it is
   * @throws TinsmithError INVALID_INPUT, CONFLICT (a pack has an object of that name)
   */
  async put<S extends Section>(
    section: S,
    input: unknown,
    { allow = () => {} }: { allow?: (before: Objects[S]) => void } = {},
  ): Promise<Put<S>> {
    // One input is one object, of its section; so is the one that it replaces.
    const puts = await putObjects(this.#changing, [{ section, input }], {
      allow: (before) => allow(before as Objects[S]),
    });
    return puts[0] as Put<S>;
  }

  /**
   * As `put`, with several at once: all of them or none.
   * @param options.dryRun only tells what would come of it, with packs that would be there by then
   * @throws TinsmithError INVALID_INPUT, CONFLICT
   */
  async putAll(inputs: readonly PutInput[], options: { dryRun?: DryRun } = {}): Promise<Put[]> {
    return putObjects(this.#changing, inputs, options);
  }

  /**
   * Deletes a local object.
   * @param allow refuses, by throwing, to delete the object as it is
   * @returns what it was
   * @throws TinsmithError NOT_FOUND, CONFLICT (objects or machines use it, or it is of a pack)
   */
  async delete<S extends Section>(
    section: S,
    name: string,
    allow: (before: Objects[S]) => void = () => {},
  ): Promise<Objects[S]> {
    const which = { section, name };
    return (await deleteObject(this.#changing, which, (before) => allow(before as Objects[S]))) as Objects[S];
  }

  /** All packs: what is built in, then those that were added, by name. */
  packs(): PackInfo[] {
    const { builtin, packs } = this.#parts.versions.now.layers;
    const added = [...packs.values()].map(({ pack, updatedAt }) => infoOf(pack, updatedAt));
    return [...builtin.map((pack) => infoOf(pack)), ...added.sort((a, b) => (a.name < b.name ? -1 : 1))];
  }

  /** @throws TinsmithError NOT_FOUND */
  pack(name: string): Pack {
    const { builtin, packs } = this.#parts.versions.now.layers;
    const pack = packs.get(name)?.pack ?? builtin.find(({ meta }) => meta.name === name);
    if (pack === undefined) throw noPack(name);
    return pack;
  }

  /**
   * Adds a pack, or replaces the one of its name.
   * @param pack as `parsePack` gives it
   * @param options.dryRun only tells what would change, or why it would be refused
   * @param options.beside packs that would be there by then, on a dry run
   * @param options.allow refuses, by throwing, to replace the pack as it is
   * @throws TinsmithError INVALID_INPUT, CONFLICT (another layer has an object of it, or what it has no more is used)
   */
  async addPack(
    pack: Pack,
    options: { dryRun?: boolean; beside?: readonly Pack[]; allow?: (before: Pack) => void } = {},
  ): Promise<{ info: PackInfo; changes: ContentChange[] }> {
    return addPack(this.#changing, pack, options);
  }

  /**
   * Removes a pack with its objects.
   * @param allow refuses, by throwing, to remove the pack as it is
   * @throws TinsmithError NOT_FOUND, CONFLICT (something of it is used, or it is built in)
   */
  async removePack(name: string, allow: (before: Pack) => void = () => {}): Promise<{ changes: ContentChange[] }> {
    return removePack(this.#changing, name, allow);
  }

  get #changing(): Parts {
    return { ...this.#parts, uses: this.#uses };
  }
}
