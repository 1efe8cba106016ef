/** Changes of local objects: those that are in no pack. */
import { isDeepStrictEqual } from 'node:util';
import { type Problem, TinsmithError } from '../errors.ts';
import { fieldOf } from '../yaml-source.ts';
import { type LocalRecord, layerInWords, localKey, type Pack, withPacks } from './layers.ts';
import { nameOf, type Objects, type Section } from './objects.ts';
import { askMachines, type Parts } from './parts.ts';
import { readObject } from './reading.ts';
import { faulty, noObject, refuseFaulty, refuseUsed } from './refusals.ts';
import { capital, inWords } from './sections.ts';
import { changesBetween, type Snapshot } from './snapshot.ts';

/** What came of putting an object. */
export interface Put<S extends Section = Section> {
  object: Objects[S];
  /** Keys that nothing is done with: `tasks/wipe: ExtraRoles`. */
  unsupported: string[];
  /** There was none of that name before. */
  created: boolean;
}

/** An object to be put, in our writing or in Digital Rebar's. */
export interface PutInput {
  section: Section;
  input: unknown;
}

/** Store key of a local object. */
const key = (section: Section, name: string): string => `content/${localKey(section, name)}`;

/** What would come of a change, with packs that would come before it. */
export interface DryRun {
  beside: readonly Pack[];
}

/** Puts objects, all of them or none. @throws TinsmithError INVALID_INPUT, CONFLICT */
export async function putObjects(
  { store, events, clock, versions }: Parts,
  inputs: readonly PutInput[],
  { allow = () => {}, dryRun }: { allow?: (before: Objects[Section]) => void; dryRun?: DryRun | undefined } = {},
): Promise<Put[]> {
  const read = readAll(inputs);
  const only = read.length === 1 ? read[0] : undefined;
  const sentence = only ? `${capital(inWords(only))} is not usable` : 'The objects are not usable';
  return store.change((transaction) => {
    const newest = versions.newest(transaction);
    const before = dryRun ? versions.snapshot(withPacks(newest.layers, dryRun.beside)) : newest;
    const local = new Map(before.layers.local);
    const puts = read.map(({ section, name, object, unsupported }): Put => {
      const old = local.get(localKey(section, name));
      if (old) allow(old.object);
      if (old && isDeepStrictEqual(old.object, object)) return { object: old.object, unsupported, created: false };
      const now = clock();
      const record: LocalRecord = { section, object, createdAt: old?.createdAt ?? now, updatedAt: now };
      local.set(localKey(section, name), record);
      if (!dryRun) transaction.put(key(section, name), record);
      return { object, unsupported, created: old === undefined };
    });
    const after = versions.snapshot({ ...before.layers, local });
    refuseFaulty(before, after, { sentence, ...(only ? { object: only } : {}) });
    if (dryRun) return puts;
    const changes = changesBetween(before.catalogue, after.catalogue);
    if (changes.length > 0) versions.advance(transaction, after);
    for (const change of changes) events.append(transaction, { kind: 'content.changed', data: { ...change } });
    return puts;
  });
}

/** Deletes an object that nothing uses. @throws TinsmithError NOT_FOUND, CONFLICT */
export async function deleteObject(
  { store, events, versions, uses }: Parts,
  { section, name }: { section: Section; name: string },
  allow: (before: Objects[Section]) => void,
): Promise<Objects[Section]> {
  const machines = await askMachines(uses, [{ section, name }]);
  return store.change((transaction) => {
    const before = versions.newest(transaction);
    const record = before.layers.local.get(localKey(section, name));
    if (record === undefined) throw notLocal(before, section, name);
    allow(record.object);
    const local = new Map(before.layers.local);
    local.delete(localKey(section, name));
    const after = versions.snapshot({ ...before.layers, local });
    const changes = changesBetween(before.catalogue, after.catalogue);
    const sentence = `${capital(inWords({ section, name }))} cannot be deleted`;
    refuseUsed(after, changes, { machines, sentence });
    refuseFaulty(before, after, { sentence });
    transaction.delete(key(section, name));
    versions.advance(transaction, after);
    for (const change of changes) events.append(transaction, { kind: 'content.changed', data: { ...change } });
    return record.object;
  });
}

function notLocal(before: Snapshot, section: Section, name: string): TinsmithError {
  const origin = before.originOf(section, name);
  if (origin === undefined) return noObject(section, name);
  const next =
    origin.layer === 'builtin'
      ? 'Leave it: what is built in stays.'
      : 'Remove the pack, or replace it by one without the object.';
  const message = `${capital(inWords({ section, name }))} is of ${layerInWords(origin)}, and is not deleted alone.`;
  return new TinsmithError('CONFLICT', message, { next });
}

type ReadInput = { section: Section; name: string; object: Objects[Section]; unsupported: string[] };

/** @throws TinsmithError INVALID_INPUT with the problems of all of them */
function readAll(inputs: readonly PutInput[]): ReadInput[] {
  const problems: Problem[] = [];
  const all = new Map<string, ReadInput>();
  for (const [index, { section, input }] of inputs.entries()) {
    const read = readObject(section, input);
    const at = (field: string): string => (inputs.length === 1 ? field : `[${index}]${field && `.${field}`}`);
    problems.push(...read.problems.map(({ path, message }) => ({ field: at(fieldOf(path)), message })));
    if (read.object === undefined) continue;
    const name = nameOf(read.object);
    const label = localKey(section, name);
    if (all.has(label)) problems.push({ field: at(''), message: `there is another ${label} before it` });
    const unsupported = read.unsupported.map((path) => `${label}: ${fieldOf(path)}`);
    all.set(label, { section, name, object: read.object, unsupported });
  }
  const [only] = inputs.length === 1 ? inputs : [];
  if (problems.length > 0)
    throw faulty(problems, only ? `The object of ${only.section} is not usable` : 'The objects are not usable');
  return [...all.values()];
}
