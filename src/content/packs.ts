/** Changes of packs: their objects come and go together. */
import { isDeepStrictEqual } from 'node:util';
import { TinsmithError } from '../errors.ts';
import { type Pack, type PackRecord, withPacks } from './layers.ts';
import { nameOf, SECTIONS, type Section } from './objects.ts';
import { placesOf } from './pack.ts';
import { askMachines, type Parts } from './parts.ts';
import { frozen } from './reading.ts';
import { noPack, refuseFaulty, refuseUsed } from './refusals.ts';
import { type ContentChange, changesBetween, type Snapshot } from './snapshot.ts';

/** A pack, for people. */
export interface PackInfo {
  name: string;
  version: string;
  description: string;
  /** How many it has. */
  objects: number;
  /** What stands in it that nothing is done with. */
  unsupported: string[];
  layer: 'builtin' | 'pack';
  /** ms since 1970; what is built in has none. */
  updatedAt?: number;
}

/** Store key of a pack. */
const key = (name: string): string => `content-pack/${name}`;

export function infoOf({ meta, objects, unsupported }: Pack, updatedAt?: number): PackInfo {
  const { name, version, description } = meta;
  const count = SECTIONS.reduce((sum, section) => sum + objects[section].length, 0);
  return {
    ...{ name, version, description, objects: count, unsupported: [...unsupported] },
    ...(updatedAt === undefined ? { layer: 'builtin' } : { layer: 'pack', updatedAt }),
  };
}

/** Adds a pack, or replaces the one of its name. @throws TinsmithError INVALID_INPUT, CONFLICT */
export async function addPack(
  { store, events, clock, versions, uses }: Parts,
  pack: Pack,
  {
    dryRun = false,
    beside = [],
    allow = () => {},
  }: { dryRun?: boolean; beside?: readonly Pack[]; allow?: (before: Pack) => void },
): Promise<{ info: PackInfo; changes: ContentChange[] }> {
  const { name, version } = pack.meta;
  const machines = await askMachines(uses, goneOf(versions.now.layers.packs.get(name)?.pack, pack));
  return store.change((transaction) => {
    const newest = versions.newest(transaction);
    const before = dryRun ? versions.snapshot(withPacks(newest.layers, beside)) : newest;
    refuseBuiltin(before, name);
    const was = before.layers.packs.get(name);
    if (was) allow(was.pack);
    if (was && isDeepStrictEqual(was.pack, pack)) return { info: infoOf(was.pack, was.updatedAt), changes: [] };
    const now = clock();
    const record: PackRecord = { pack: frozen(pack), createdAt: was?.createdAt ?? now, updatedAt: now };
    const after = versions.snapshot({ ...before.layers, packs: new Map(before.layers.packs).set(name, record) });
    const changes = changesBetween(before.catalogue, after.catalogue);
    refuseUsed(after, changes, { machines, sentence: `Pack ${name} cannot be replaced`, ofPack: name });
    refuseFaulty(before, after, { sentence: `Pack ${name} is not usable`, placeOf: placesOf(pack) });
    if (!dryRun) {
      transaction.put(key(name), record);
      versions.advance(transaction, after);
      const kind = was ? 'pack.updated' : 'pack.added';
      events.append(transaction, { kind, data: { name, version, ...countsOf(changes) } });
    }
    return { info: infoOf(pack, now), changes };
  });
}

/** Removes a pack of which nothing is used. @throws TinsmithError NOT_FOUND, CONFLICT */
export async function removePack(
  { store, events, versions, uses }: Parts,
  name: string,
  allow: (before: Pack) => void,
): Promise<{ changes: ContentChange[] }> {
  const machines = await askMachines(uses, goneOf(versions.now.layers.packs.get(name)?.pack));
  return store.change((transaction) => {
    const before = versions.newest(transaction);
    refuseBuiltin(before, name);
    const record = before.layers.packs.get(name);
    if (record === undefined) throw noPack(name);
    allow(record.pack);
    const packs = new Map(before.layers.packs);
    packs.delete(name);
    const after = versions.snapshot({ ...before.layers, packs });
    const changes = changesBetween(before.catalogue, after.catalogue);
    const sentence = `Pack ${name} cannot be removed`;
    refuseUsed(after, changes, { machines, sentence });
    refuseFaulty(before, after, { sentence });
    transaction.delete(key(name));
    versions.advance(transaction, after);
    const { version } = record.pack.meta;
    events.append(transaction, { kind: 'pack.removed', data: { name, version, ...countsOf(changes) } });
    return { changes };
  });
}

/** The objects of a pack that the one in its place has not. */
function goneOf(old: Pack | undefined, now?: Pack): { section: Section; name: string }[] {
  if (old === undefined) return [];
  return SECTIONS.flatMap((section) => {
    const kept = new Set(now?.objects[section].map(nameOf));
    return old.objects[section]
      .map((object) => ({ section, name: nameOf(object) }))
      .filter(({ name }) => !kept.has(name));
  });
}

function countsOf(changes: readonly ContentChange[]): Record<ContentChange['change'], number> {
  const count = (wanted: ContentChange['change']): number => changes.filter(({ change }) => change === wanted).length;
  return { added: count('added'), changed: count('changed'), removed: count('removed') };
}

function refuseBuiltin({ layers }: Snapshot, name: string): void {
  if (!layers.builtin.some(({ meta }) => meta.name === name)) return;
  throw new TinsmithError('CONFLICT', `The pack ${name} is built in: it is neither replaced nor removed.`, {
    next: 'Give yours another name.',
  });
}
