/** All content at one moment, and what differs between two. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Fault } from './check.ts';
import { type Layered, type Layers, layered, localKey, type Overlap } from './layers.ts';
import { type Catalogue, SECTIONS, type Section } from './objects.ts';
import { referencesOf } from './references.ts';
import { type Each, eachOf } from './sections.ts';

/** What became of an object. */
export interface ContentChange {
  section: Section;
  name: string;
  change: 'added' | 'changed' | 'removed';
}

export interface Snapshot extends Layered {
  readonly layers: Layers;
  /** What is wrong with it; looked for once, when it is asked for. */
  faults(): readonly Fault[];
}

export function snapshotOf(layers: Layers, check: (catalogue: Catalogue) => Fault[]): Snapshot {
  const whole = layered(layers);
  let found: readonly Fault[] | undefined;
  return {
    ...whole,
    layers,
    faults: () => {
      found ??= check(whole.catalogue);
      return found;
    },
  };
}

/** The objects that differ, section by section, in order of their names. */
export function changesBetween(before: Catalogue, after: Catalogue): ContentChange[] {
  return SECTIONS.flatMap((section) => {
    const [old, now] = [before[section], after[section]];
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    return names.flatMap((name): ContentChange[] => {
      const [was, is] = [old.get(name), now.get(name)];
      if (was === is || (was && is && isDeepStrictEqual(was, is))) return [];
      return [{ section, name, change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed' }];
    });
  });
}

/** What is wrong after a change that was not before it: what an earlier version took must not keep others from changes. */
export function newFaults(before: Snapshot, after: Snapshot): Fault[] {
  const key = ({ section, name, path, message }: Fault): string => JSON.stringify([section, name, path, message]);
  const found = after.faults();
  if (found.length === 0) return [];
  const known = new Set(before.faults().map(key));
  return found.filter((fault) => !known.has(key(fault)));
}

/** The overlaps after a change that were not there before it. */
export function newOverlaps(before: Snapshot, after: Snapshot): Overlap[] {
  const key = ({ section, name, upper, lower }: Overlap): string =>
    JSON.stringify([section, name, upper.layer, upper.pack, lower.layer, lower.pack]);
  const known = new Set(before.overlaps.map(key));
  return after.overlaps.filter((overlap) => !known.has(key(overlap)));
}

/** The objects that refer to any of some others, by `localKey` of those. */
export function usersOf(
  catalogue: Catalogue,
  wanted: readonly { section: Section; name: string }[],
): Map<string, Each[]> {
  const users = new Map<string, Each[]>(wanted.map(({ section, name }) => [localKey(section, name), []]));
  if (users.size === 0) return users;
  for (const each of eachOf(catalogue)) {
    const used = new Set(referencesOf(each).map(({ section, name }) => localKey(section, name)));
    for (const key of used) users.get(key)?.push(each);
  }
  return users;
}
