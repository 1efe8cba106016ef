/** Why a change of content is refused, for people. Pure. */
import { type Problem, TinsmithError } from '../errors.ts';
import { TOLD_LIMIT } from '../problems.ts';
import { fieldOf } from '../yaml-source.ts';
import type { Fault } from './check.ts';
import { layerInWords, localKey, type Overlap } from './layers.ts';
import type { Section } from './objects.ts';
import type { PlaceOf } from './pack.ts';
import { capital, inWords, nounOf } from './sections.ts';
import { type ContentChange, newFaults, newOverlaps, type Snapshot, usersOf } from './snapshot.ts';

/** Names of the machines that use an object. */
export type MachinesUsing = (section: Section, name: string) => readonly string[];

/** What is changed: `Stage discover is not usable`, and where what is wrong with it stands. */
export interface Subject {
  sentence: string;
  /** The object that was given alone: its problems are told without its name. */
  object?: { section: Section; name: string };
  placeOf?: PlaceOf | undefined;
}

/** @throws TinsmithError CONFLICT, INVALID_INPUT where something is wrong after a change that was not before */
export function refuseFaulty(before: Snapshot, after: Snapshot, subject: Subject): void {
  refuseOverlaps(newOverlaps(before, after));
  const faults = newFaults(before, after);
  if (faults.length > 0)
    throw faulty(
      faults.map((fault) => problemOf(fault, subject)),
      subject.sentence,
    );
}

/** An error for an input with problems. */
export function faulty(problems: readonly Problem[], sentence: string): TinsmithError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const told = first === undefined ? '' : `: ${first.field === '' ? '' : `${first.field}: `}${first.message}`;
  return new TinsmithError('INVALID_INPUT', `${sentence}${told}${more}.`, {
    next: 'Correct what is named; nothing has been changed.',
    problems: problems.slice(0, TOLD_LIMIT),
  });
}

/** `stages/discover: tasks[0]`, or `tasks[0]` where it is told of that object alone. */
export function problemOf(fault: Fault, { object, placeOf }: Pick<Subject, 'object' | 'placeOf'> = {}): Problem {
  const { section, name, path, message, within } = fault;
  const isSubject = object?.section === section && object.name === name;
  const field = isSubject ? fieldOf(path) : `${section}/${name}: ${fieldOf(path)}`;
  return { field, message, ...placeOf?.(section, name, path, within) };
}

function refuseOverlaps(overlaps: readonly Overlap[]): void {
  const [first] = overlaps;
  if (first === undefined) return;
  const told = ({ section, name, upper, lower }: Overlap): string =>
    `${inWords({ section, name })} is in ${layerInWords(lower)} and in ${layerInWords(upper)}`;
  const more = overlaps.length > 1 ? ` (and ${overlaps.length - 1} more)` : '';
  const isLocal = overlaps.some(({ upper }) => upper.layer === 'local');
  throw new TinsmithError('CONFLICT', `${capital(told(first))}${more}: a name is given once.`, {
    next: isLocal
      ? 'Give the local object another name, or delete it or the pack; objects of packs are not replaced one by one.'
      : 'Remove the other pack first, or take the object out of one of them; nothing has been changed.',
    problems: overlaps
      .slice(0, TOLD_LIMIT)
      .map((overlap) => ({ field: localKey(overlap.section, overlap.name), message: told(overlap) })),
  });
}

/**
 * @param ofPack the pack that is changed: what its own objects lack is a fault of it, and is told as such
 * @throws TinsmithError CONFLICT where something that is gone after a change is still used
 */
export function refuseUsed(
  after: Snapshot,
  changes: readonly ContentChange[],
  { machines, sentence, ofPack }: { machines: MachinesUsing; sentence: string; ofPack?: string },
): void {
  const removed = changes.filter(({ change }) => change === 'removed');
  const users = usersOf(after.catalogue, removed);
  const problems = removed.flatMap(({ section, name }): Problem[] => {
    const objects = (users.get(localKey(section, name)) ?? [])
      .filter((user) => ofPack === undefined || after.originOf(user.section, user.name)?.pack !== ofPack)
      .map(inWords);
    const by = machines(section, name);
    const all = [
      ...objects,
      ...(by.length === 0 ? [] : [`${by.length === 1 ? 'machine' : 'machines'} ${by.join(', ')}`]),
    ];
    if (all.length === 0) return [];
    return [{ field: localKey(section, name), message: `${inWords({ section, name })} is used by ${all.join(', ')}` }];
  });
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new TinsmithError('CONFLICT', `${sentence}: ${first.message}${more}.`, {
    next: 'Take it out of those first; nothing has been changed.',
    problems: problems.slice(0, TOLD_LIMIT),
  });
}

const COMMANDS: { readonly [S in Section]: string } = {
  bootenvs: 'bootenv',
  params: 'param',
  profiles: 'profile',
  stages: 'stage',
  tasks: 'task',
  templates: 'shared-template',
  workflows: 'stage-list',
};

export function noObject(section: Section, name: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `There is no ${nounOf(section)} ${name}.`, {
    next: `See which there are: tinsmith ${COMMANDS[section]} list`,
  });
}

export function noPack(name: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `There is no content pack ${name}.`, {
    next: 'See which there are: tinsmith content list',
  });
}
