/** The machine's own disks: how much was written to them, and which of them could be booted from. */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BOOT_BYTES, bootableBy } from './boot-sector.ts';

/** Bytes written since the kernel started, by device (`/dev/sda`). */
export type DiskCounters = Record<string, number>;

export interface Disks {
  counters(): Promise<DiskCounters>;
  /**
   * Pages dirtied on their way to disks since the kernel started, those of memory's own file systems left out; undefined:
   * not known.
   */
  dirtied(): Promise<number | undefined>;
  /** Devices that a firmware could boot from. */
  bootable(): Promise<string[]>;
}

/** Kernel documentation, block/stat.rst: sectors are of 512 bytes whatever the disk's are; field 7 counts those written. */
const SECTOR = 512;
const WRITTEN_FIELD = 6;
/** Block devices that are no disk: memory, loops, layers over disks, optical and floppy drives, boot areas of eMMC, and the paths of a multipath NVMe disk. */
const NO_DISK = /^(?:loop|ram|zram|sr|scd|fd|dm-|md|nbd|mtd|zd)|^mmcblk\d+(?:boot|rpmb)|^nvme\d+c\d+n\d+/;
/** A disk that does not answer in this time is left out. */
const READ_LIMIT_MS = 5_000;

/** The disks that the kernel knows. */
export function localDisks({ sys = '/sys/block', dev = '/dev', vmstat = '/proc/vmstat' } = {}): Disks {
  const names = async (): Promise<string[]> =>
    (await readdir(sys).catch(() => [])).filter((name) => !NO_DISK.test(name)).sort();
  return {
    async counters() {
      const counters: DiskCounters = {};
      for (const name of await names()) {
        const written = Number(
          (await readFile(join(sys, name, 'stat'), 'utf8').catch(() => '')).trim().split(/\s+/)[WRITTEN_FIELD],
        );
        if (Number.isFinite(written)) counters[`/dev/${name}`] = written * SECTOR;
      }
      return counters;
    },
    async dirtied() {
      const count = /^nr_dirtied (\d+)$/m.exec(await readFile(vmstat, 'utf8').catch(() => ''))?.[1];
      return count === undefined ? undefined : Number(count);
    },
    async bootable() {
      const found = await Promise.all(
        (await names()).map(async (name) => ((await canBoot(join(dev, name))) ? [`/dev/${name}`] : [])),
      );
      return found.flat();
    },
  };
}

async function canBoot(path: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, READ_LIMIT_MS, undefined);
  });
  try {
    const bytes = await Promise.race([firstBytes(path), late]);
    if (!bytes) return false;
    const { bios, uefi } = bootableBy(bytes);
    return bios || uefi;
  } catch {
    // A disk that can't be read is none to boot from.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BOOT_BYTES), 0, BOOT_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What was written between two readings; a disk that came or went in between is counted from nothing, or left out. */
export function written(before: DiskCounters, after: DiskCounters): DiskCounters {
  const grown = Object.entries(after).map(([disk, bytes]): [string, number] => [disk, bytes - (before[disk] ?? 0)]);
  return Object.fromEntries(grown.filter(([, bytes]) => bytes > 0));
}

/** The disks before something that may write to them. */
export interface DisksBefore {
  counters: DiskCounters;
  /** As `Disks.dirtied`; undefined: not known. */
  dirtied?: number;
}

/** Looks at the disks before something is started. */
export async function lookBefore(disks: Disks): Promise<DisksBefore> {
  const [counters, dirtied] = await Promise.all([disks.counters(), disks.dirtied()]);
  return { counters, dirtied };
}

/**
 * What was written to the disks since then, flushed, and what could be booted from.
 * @param sync flushes what was written; called only where something was `started`, and may have written
 */
export async function changesSince(
  then: DisksBefore | undefined,
  { disks, sync, started }: { disks: Disks; sync: () => Promise<void>; started: boolean },
): Promise<{ diskWrites: DiskCounters; bootableDisks: string[] }> {
  const dirtied = then?.dirtied === undefined ? undefined : await disks.dirtied();
  // Most write to no disk, and then there is nothing to flush.
  if (started && (dirtied === undefined || dirtied !== then?.dirtied)) await sync();
  const [after, bootableDisks] = await Promise.all([disks.counters(), disks.bootable()]);
  return { diskWrites: then ? written(then.counters, after) : {}, bootableDisks };
}
