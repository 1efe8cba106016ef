/** Disks as the actions write them: looked at, opened for nobody else, and written steadily. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../errors.ts';
import { ActionFailure, bytesText, type Host } from './action.ts';
import { type BlockDevice, usesOf } from './in-use.ts';

/** A part of a disk, in bytes. */
export type Extent = { start: number; length: number };

/** What is known of a disk before it is written. */
export type Disk = {
  path: string;
  /** Bytes. */
  size: number;
  /** Bytes in a logical sector: 512 or 4096. */
  sectorSize: number;
  /** Empty on a disk without any, and on a partition. */
  partitions: Extent[];
  /** Whether it is a whole block device: one that has a partition table of its own. */
  whole: boolean;
  /** Whether it can be told that its content is no longer needed. */
  discards: boolean;
};

/** sysfs counts in these, whatever the disk's own sectors are. */
const SYSFS_SECTOR = 512;

async function line(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function names(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}

/** Major and minor number (gnu_dev_major and gnu_dev_minor of glibc). */
function numberOf({ rdev }: Stats): string {
  const high = Math.floor(rdev / 2 ** 32);
  const major = ((rdev >>> 8) & 0xfff) | (high & ~0xfff);
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

async function blockDevice(directory: string): Promise<BlockDevice> {
  return {
    name: basename(directory),
    number: (await line(join(directory, 'dev'))) ?? '',
    holders: await names(join(directory, 'holders')),
  };
}

/** What disks there are, for whoever named one that is not there. */
async function disksThere({ sys }: Host): Promise<string> {
  const disks = (await names(join(sys, 'block'))).filter((name) => !/^(loop|ram|zram|sr|fd|dm-|md)/.test(name));
  return disks.length === 0
    ? 'this machine has no disks'
    : `there is ${disks.map((name) => `/dev/${name}`).join(', ')}`;
}

async function inspectBlockDevice(path: string, number: string, host: Host): Promise<Disk> {
  const directory = await realpath(join(host.sys, 'dev', 'block', number)).catch((cause: unknown) => {
    throw new ActionFailure(`${path} is no disk that the kernel knows (${number})`, 1, cause);
  });
  const isPartition = (await line(join(directory, 'partition'))) !== undefined;
  const disk = isPartition ? dirname(directory) : directory;
  const devices = [await blockDevice(directory)];
  const partitions: Extent[] = [];
  for (const name of isPartition ? [] : await names(directory)) {
    const start = await line(join(directory, name, 'start'));
    if (start === undefined) continue;
    const length = Number((await line(join(directory, name, 'size'))) ?? 0);
    partitions.push({ start: Number(start) * SYSFS_SECTOR, length: length * SYSFS_SECTOR });
    devices.push(await blockDevice(join(directory, name)));
  }
  // Of the machine's first process too: with `pid: host` that is the machine's own view, not the container's.
  const mounts = await Promise.all(['1', 'self'].map((pid) => line(join(host.proc, pid, 'mountinfo'))));
  const uses = usesOf(devices, mounts.join('\n'), (await line(join(host.proc, 'swaps'))) ?? '');
  if (uses.length > 0) throw new ActionFailure(`${path} is in use and is not written: ${uses.join('; ')}`);
  if ((await line(join(directory, 'ro'))) === '1') throw new ActionFailure(`${path} is read-only`);
  return {
    path,
    size: Number((await line(join(directory, 'size'))) ?? 0) * SYSFS_SECTOR,
    sectorSize: Number((await line(join(disk, 'queue', 'logical_block_size'))) ?? 512),
    partitions,
    whole: !isPartition,
    discards: Number((await line(join(disk, 'queue', 'discard_max_bytes'))) ?? 0) > 0,
  };
}

/** Looks at a disk or partition. Throws an ActionFailure for what is none, is read-only, or is in use. */
export async function inspectDisk(path: string, host: Host): Promise<Disk> {
  const found = await stat(path).catch((cause: unknown) => cause as NodeJS.ErrnoException);
  if (found instanceof Error) {
    const why =
      found.code === 'ENOENT' ? `does not exist; ${await disksThere(host)}` : `cannot be used: ${found.message}`;
    throw new ActionFailure(`${path} ${why}`, 1, found);
  }
  if (found.isFile() && host.regularFilesAsDisks) {
    return { path, size: found.size, sectorSize: 512, partitions: [], whole: false, discards: false };
  }
  if (!found.isBlockDevice()) throw new ActionFailure(`${path} is not a disk: it is no block device`);
  const disk = await inspectBlockDevice(path, numberOf(found), host);
  if (disk.size === 0) throw new ActionFailure(`${path} has no size: is there a medium in it?`);
  return disk;
}

/**
 * Opens a disk for reading and writing. O_EXCL on a block device is refused by the kernel while the device, or a
 * partition of it, is mounted, is swap, or is part of RAID or LVM, in whichever container that may be; and nobody can
 * begin to do so until it is closed (open(2)). Throws an ActionFailure.
 */
export async function openDisk({ path }: Disk): Promise<FileHandle> {
  return await open(path, constants.O_RDWR | constants.O_EXCL).catch((cause: unknown) => {
    const busy = (cause as NodeJS.ErrnoException).code === 'EBUSY';
    const why = busy ? 'the kernel says that it is mounted, swap, or part of RAID or LVM' : messageOf(cause);
    throw new ActionFailure(`${path} is ${busy ? 'in use and is not written' : 'not writable'}: ${why}`, 1, cause);
  });
}

/** Has the kernel read the partition table again. Resolves to why it would not, or undefined. */
export async function rereadPartitions({ path, whole }: Disk, host: Host): Promise<string | undefined> {
  if (!whole) return undefined;
  try {
    const { code, complaint } = await host.run('blockdev', ['--rereadpt', path]);
    return code === 0 ? undefined : complaint;
  } catch (error) {
    return messageOf(error);
  }
}

/** Writes all of `bytes` at a position. Throws an ActionFailure that says where on which disk it failed. */
export async function writeAt(handle: FileHandle, path: string, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position + done;
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at).catch((cause: unknown) => {
      throw new ActionFailure(`writing to ${path} at byte ${at} failed: ${messageOf(cause)}`, 1, cause);
    });
    if (bytesWritten === 0) throw new ActionFailure(`writing to ${path} at byte ${at} failed: nothing was written`);
    done += bytesWritten;
  }
}

const BLOCK = 4 * 1024 * 1024;
/** As much may wait in the page cache: more of it only takes memory that the machine, which runs from memory, lacks. */
const FLUSH_EVERY = 64 * 1024 * 1024;

/** Writes a stream to a disk from its beginning, in large aligned blocks; one block is written while the next is filled. */
export class DiskWriter {
  readonly #handle: FileHandle;
  readonly #disk: Disk;
  #filling = Buffer.allocUnsafe(BLOCK);
  #spare = Buffer.allocUnsafe(BLOCK);
  #filled = 0;
  #position = 0;
  #unflushed = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Bytes that were handed to the kernel. */
  written = 0;

  constructor(handle: FileHandle, disk: Disk) {
    this.#handle = handle;
    this.#disk = disk;
  }

  /** Takes the next bytes of the stream. Throws an ActionFailure when the disk is too small, or cannot be written. */
  async write(bytes: Buffer): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const copied = bytes.copy(this.#filling, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled === BLOCK) await this.#pass();
    }
  }

  async #pass(): Promise<void> {
    const block = this.#filling.subarray(0, this.#filled);
    const position = this.#position;
    const { path, size } = this.#disk;
    if (position + block.length > size) {
      throw new ActionFailure(
        `${path} is too small: it has ${bytesText(size)} (${size} bytes), and the image has more`,
      );
    }
    await this.#writing;
    this.#writing = this.#put(block, position);
    this.#writing.catch(() => undefined); // seen by whoever awaits it next
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#filled = 0;
    this.#position += block.length;
  }

  async #put(block: Buffer, position: number): Promise<void> {
    await writeAt(this.#handle, this.#disk.path, block, position);
    this.written += block.length;
    this.#unflushed += block.length;
    if (this.#unflushed < FLUSH_EVERY) return;
    this.#unflushed = 0;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#handle.datasync().catch((cause: unknown) => {
      throw new ActionFailure(`${this.#disk.path} does not keep what is written: ${messageOf(cause)}`, 1, cause);
    });
  }

  /** Writes what is left, and waits until all is on the disk. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#pass();
    await this.#writing;
    await this.#flush();
  }

  /** Waits for a block on its way, so that the file can be closed after a failure. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }
}
