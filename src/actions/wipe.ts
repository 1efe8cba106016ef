/** `wipe`: makes disks empty, so that nothing boots from them and no tool finds anything on them; or erases them for good. */
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { type Action, ActionFailure, type ActionIo, bytesText, EXIT_USAGE, type Host, say } from './action.ts';
import { type Disk, type Extent, inspectDisk, openDisk, rereadPartitions, writeAt } from './disk.ts';
import { device, readEnvironment, text } from './environment.ts';
import { capabilitiesOf } from './erasure/capabilities.ts';
import { type Erased, eraseSecurely } from './erasure/erase.ts';
import { type Known, knownDisks, localDisks } from './erasure/local-disks.ts';
import { Overwriting } from './erasure/overwriting.ts';
import { type DiskRecord, type WipeRecord, writeRecord } from './erasure/record.ts';

const VARIABLES = {
  DEST_DISK: device.optional(),
  DEST_DISKS: text.optional(),
  WIPE_MODE: z.enum(['quick', 'discard', 'zero', 'secure'], 'is none of quick, discard, zero, secure').default('quick'),
  WIPE_RECORD: z.string().regex(/^\//, 'is no absolute path').optional(),
  PROGRESS_INTERVAL_SECONDS: z.coerce.number('is no number').min(0).default(3),
};
type Mode = 'quick' | 'discard' | 'zero' | 'secure';

/** In DEST_DISKS: every disk of the machine that is not removable. */
const ALL = 'all';

/** As much at the beginning and end of disks and partitions holds partition tables, file systems' and RAID's signatures. */
const EDGE = 4 * 1024 * 1024;

/** What to erase of a disk of `size` bytes: the edges of the disk and of its partitions, in order, without overlaps. */
export function edgesOf(size: number, partitions: readonly Extent[], edge = EDGE): Extent[] {
  const edges = [{ start: 0, length: size }, ...partitions].flatMap(({ start, length }) => [
    { from: start, to: start + Math.min(edge, length) },
    { from: Math.max(start, start + length - edge), to: start + length },
  ]);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of edges.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (from >= Math.min(to, size)) continue;
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, Math.min(to, size));
    else merged.push({ from, to: Math.min(to, size) });
  }
  return merged.map(({ from, to }) => ({ start: from, length: to - from }));
}

async function eraseEdges(disk: Disk, io: ActionIo): Promise<void> {
  const handle = await openDisk(disk);
  try {
    let erased = 0;
    for (const { start, length } of edgesOf(disk.size, disk.partitions)) {
      for (let at = 0; at < length; at += EDGE) {
        await writeAt(handle, disk.path, Buffer.alloc(Math.min(EDGE, length - at)), start + at);
      }
      erased += length;
    }
    await handle.sync();
    const partitions = disk.partitions.length === 1 ? '1 partition' : `${disk.partitions.length} partitions`;
    say(io, `wipe: ${disk.path}: erased ${bytesText(erased)}: the edges of the disk and of ${partitions}`);
  } finally {
    await handle.close();
  }
}

/** Tells the disk that its content is no longer needed. Resolves to why that failed, or undefined. */
async function discard(disk: Disk, io: ActionIo, host: Host): Promise<string | undefined> {
  if (!disk.discards) return 'it cannot discard';
  say(io, `wipe: ${disk.path}: discarding ${bytesText(disk.size)}`);
  const { code, complaint } = await host.run('blkdiscard', [disk.path]);
  return code === 0 ? undefined : complaint || `blkdiscard ended with ${code}`;
}

/** One disk of those to be wiped, and what the inventory has of it. */
interface Subject {
  disk: Disk;
  real: string;
  /** `sda` */
  name: string;
  known: Known | undefined;
}

/** What the wiping of one disk is done with. */
interface Wiping {
  mode: Mode;
  subjects: readonly Subject[];
  all: readonly string[];
  overwriting: Overwriting;
  io: ActionIo;
  host: Host;
}

async function erase({ disk, name, known }: Subject, work: Wiping): Promise<Erased> {
  const { mode, subjects, all, overwriting, io, host } = work;
  const overwrite = (): Promise<void> => overwriting.overwrite(disk);
  switch (mode) {
    case 'secure': {
      const erased = subjects.map((each) => each.name);
      const asked = { disk, name, transport: known?.transport, erased, all };
      return eraseSecurely(disk, await capabilitiesOf(asked, io, host), overwrite, io, host);
    }
    case 'zero':
      await overwrite();
      return { erased: true, means: 'overwrite', verified: false, tried: [] };
    case 'discard':
    case 'quick': {
      const failed = await discard(disk, io, host);
      if (failed !== undefined && mode === 'discard')
        throw new ActionFailure(`${disk.path} was not discarded: ${failed}`);
      if (failed !== undefined) say(io, `wipe: ${disk.path}: not discarded: ${failed}`);
      await eraseEdges(disk, io);
      return { erased: true, means: failed === undefined ? 'discard and edges' : 'edges', verified: false, tried: [] };
    }
  }
}

/** Wipes a disk, and tells what became of it, whatever that is. */
async function wipeOne(subject: Subject, work: Wiping): Promise<DiskRecord> {
  const { disk, known } = subject;
  const { io, host } = work;
  const { model, serial, wwn } = known ?? {};
  const begun = host.clock();
  let erased: Erased;
  try {
    erased = await erase(subject, work);
    const reread = await rereadPartitions(disk, host);
    if (reread !== undefined)
      say(io, `wipe: warning: the kernel did not read the partition table of ${disk.path}: ${reread}`);
    if (erased.erased) say(io, `wipe: ${disk.path} is empty`);
  } catch (error) {
    const failure = io.signal.aborted ? 'stopped' : messageOf(error);
    erased = { erased: false, verified: false, tried: [], failure };
  }
  const seconds = Math.round(host.clock() - begun) / 1000;
  return { path: disk.path, size: disk.size, model, serial, wwn, seconds, ...erased };
}

/** The disks that are named, or all; none of them is touched yet. */
async function subjectsOf(paths: readonly string[], known: Map<string, Known>, host: Host): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const path of new Set(paths)) {
    const disk = await inspectDisk(path, host);
    await (await openDisk(disk)).close(); // the kernel's word on whether it is free
    // Links lead to it, and the kernel's name of it is the last one's.
    const real = await realpath(path);
    if (subjects.some((other) => other.real === real)) continue;
    subjects.push({ disk, real, name: basename(real), known: known.get(basename(real)) });
  }
  return subjects;
}

/**
 * Wipes DEST_DISK and DEST_DISKS (separated by blanks or commas; `all`: every disk of the machine's own that is not
 * removable). WIPE_MODE `quick` discards where the disk can, and erases the places where signatures are; `discard` fails
 * where it cannot; `zero` writes all of it; `secure` takes the best means of each drive, all of them at once, and reads
 * samples back. No disk is touched when one of them is in use or not there. What became of each is written to WIPE_RECORD,
 * also when some failed.
 */
export const wipe: Action = async (environment, io, host) => {
  const settings = readEnvironment(VARIABLES, environment);
  const named = [settings.DEST_DISK ?? '', ...(settings.DEST_DISKS ?? '').split(/[\s,]+/)].filter(Boolean);
  if (named.length === 0) {
    throw new ActionFailure("DEST_DISK or DEST_DISKS must be set in the action's environment", EXIT_USAGE);
  }
  const known = await knownDisks(host);
  const own = named.includes(ALL) ? await localDisks(known, host) : [];
  if (named.includes(ALL) && own.length === 0)
    throw new ActionFailure('this machine has no disks of its own that are not removable');
  const subjects = await subjectsOf([...named.filter((name) => name !== ALL), ...own], known, host);
  const mode = settings.WIPE_MODE;
  const overwriting = new Overwriting(io, host, settings.PROGRESS_INTERVAL_SECONDS);
  const work: Wiping = { mode, subjects, all: [...known.keys()], overwriting, io, host };
  const disks: Record<string, DiskRecord> = {};
  const record: WipeRecord = { mode, at: '', disks };
  const one = async (subject: Subject): Promise<void> => {
    disks[subject.name] = await wipeOne(subject, work);
  };
  // Slow ones would take days one after another.
  if (mode === 'secure') await Promise.all(subjects.map(one));
  else for (const subject of subjects) if (Object.values(disks).every(({ erased }) => erased)) await one(subject);
  record.at = new Date(host.now()).toISOString();
  say(io, `record ${JSON.stringify(record)}`);
  if (settings.WIPE_RECORD !== undefined) await writeRecord(settings.WIPE_RECORD, record);
  io.signal.throwIfAborted();
  const failed = Object.values(disks).filter(({ erased }) => !erased);
  const told = failed.map(({ path, failure = '' }) => (failure.startsWith(path) ? failure : `${path}: ${failure}`));
  if (failed.length > 0) throw new ActionFailure(told.join('; '));
  return 0;
};
