/** `wipe`: makes disks empty, so that nothing boots from them and no tool finds anything on them. */
import { z } from 'zod';
import { type Action, ActionFailure, type ActionIo, bytesText, EXIT_USAGE, type Host, say } from './action.ts';
import { type Disk, DiskWriter, type Extent, inspectDisk, openDisk, rereadPartitions, writeAt } from './disk.ts';
import { device, readEnvironment, text } from './environment.ts';

const VARIABLES = {
  DEST_DISK: device.optional(),
  DEST_DISKS: text.optional(),
  WIPE_MODE: z.enum(['quick', 'discard', 'zero'], 'is none of quick, discard, zero').default('quick'),
  PROGRESS_INTERVAL_SECONDS: z.coerce.number('is no number').min(0).default(3),
};

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

async function eraseAll(disk: Disk, interval: number, io: ActionIo, host: Host): Promise<void> {
  const handle = await openDisk(disk);
  const writer = new DiskWriter(handle, disk);
  const zeros = Buffer.alloc(EDGE);
  const started = host.clock();
  const progress = (): void => {
    const share = Math.floor((writer.written * 100) / disk.size);
    const rate = (writer.written * 1000) / Math.max(host.clock() - started, 1);
    say(io, `wipe: ${disk.path}: ${share} % ${bytesText(writer.written)} erased, ${bytesText(rate)}/s`);
    say(io, `progress ${JSON.stringify({ written: writer.written, total: disk.size })}`);
  };
  const ticking = setInterval(progress, Math.max(interval, 0.1) * 1000);
  try {
    for (let left = disk.size; left > 0; left -= EDGE) {
      io.signal.throwIfAborted();
      await writer.write(zeros.subarray(0, Math.min(EDGE, left)));
    }
    await writer.finish();
    progress();
  } finally {
    clearInterval(ticking);
    await writer.settle();
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

/**
 * Wipes DEST_DISK and DEST_DISKS (separated by blanks or commas). WIPE_MODE `quick` discards where the disk can, and
 * erases the places where signatures are; `discard` fails where it cannot; `zero` writes all of it. No disk is touched
 * when one of them is in use or not there.
 */
export const wipe: Action = async (environment, io, host) => {
  const settings = readEnvironment(VARIABLES, environment);
  const paths = [settings.DEST_DISK, ...(settings.DEST_DISKS ?? '').split(/[\s,]+/)].filter((path) => !!path);
  if (paths.length === 0) {
    throw new ActionFailure("DEST_DISK or DEST_DISKS must be set in the action's environment", EXIT_USAGE);
  }
  const disks: Disk[] = [];
  for (const path of new Set(paths.filter((path) => path !== undefined))) {
    const disk = await inspectDisk(path, host);
    await (await openDisk(disk)).close(); // the kernel's word on whether it is free
    disks.push(disk);
  }
  for (const disk of disks) {
    const mode = settings.WIPE_MODE;
    if (mode === 'zero') {
      await eraseAll(disk, settings.PROGRESS_INTERVAL_SECONDS, io, host);
    } else {
      const failed = await discard(disk, io, host);
      if (failed !== undefined && mode === 'discard')
        throw new ActionFailure(`${disk.path} was not discarded: ${failed}`);
      if (failed !== undefined) say(io, `wipe: ${disk.path}: not discarded: ${failed}`);
      await eraseEdges(disk, io);
    }
    const reread = await rereadPartitions(disk, host);
    if (reread !== undefined)
      say(io, `wipe: warning: the kernel did not read the partition table of ${disk.path}: ${reread}`);
    say(io, `wipe: ${disk.path} is empty`);
  }
  return 0;
};
